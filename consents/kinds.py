"""The verdicts of many people of whom nothing special is known: judged once for each kind, not for each person.

The verdict on somebody whom no "no" and no restriction stops depends on which facts there are, and on whether times lie
before or after now. The entry of their choice, their relationship and the end of their consent it only hands on: in the
verdict of a kind there are marks, in place of which everybody's own are put.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from consents.verdicts import Choice, Facts, Opinion, Verdict

ENTRY, RELATIONSHIP = UUID(int=1), UUID(int=2)
MARKS = (ENTRY, RELATIONSHIP)
Row = tuple[Any, ...]


class Kinds:
    """Of one question; `judge` is asked once for each. Rows are those of consents/permission_sql.py."""

    def __init__(self, judge: Callable[[Facts], Verdict], *, on_consent: bool, now: datetime) -> None:
        self._judge, self._on_consent, self._now = judge, on_consent, now
        self._known: dict[Row, tuple[Verdict, bool]] = {}

    def verdict(self, row: Row) -> Verdict | None:
        """Nothing for whoever must be judged alone.

        So must who consented, until a day, to what rests on another basis: whichever ends first counts.
        """
        _key, _person, status, at, until, entry, _event, _explicit, stored, _shares, *interest = row
        if stored is not None or (until is not None and not self._on_consent):
            return None
        legal_type, relationship, *rest = interest or ("", None)
        now = self._now
        key = (status, status and at <= now, until and now < until, legal_type, relationship is None, *rest)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._first(row)
        verdict, is_marked = known
        return self._own(verdict, entry, relationship, until) if is_marked else verdict

    def _first(self, row: Row) -> tuple[Verdict, bool]:
        """The verdict on a kind, and whether there are marks in it; without any it is everybody's."""
        _key, _person, status, at, until, _entry, _event, _explicit, _stored, _shares, *interest = row
        choice = Choice(status, at, until, ENTRY, False) if status else None
        if interest and interest[1]:
            interest[1] = RELATIONSHIP
        verdict = self._judge(Facts(True, choice, (), None, False, *interest))
        said = [verdict.data_protection, *filter(None, [verdict.e_privacy])]
        ends = self._on_consent and any(one.valid_until for one in said)
        return verdict, ends or any(one.evidence in MARKS for one in said)

    def _own(self, verdict: Verdict, *own: Any) -> Verdict:
        """The same with this person's own in place of the marks."""
        allowed, reason, evidence, ends, protection, privacy, partly = verdict
        ours = self._opinion(protection, *own)
        theirs = ours if privacy is protection else privacy and self._opinion(privacy, *own)
        if evidence is protection.evidence and ends is protection.valid_until:
            return Verdict(allowed, reason, ours.evidence, ours.valid_until, ours, theirs, partly)
        said = self._opinion(Opinion(allowed, reason, evidence, ends), *own)
        return Verdict(*said, ours, theirs, partly)

    def _opinion(self, one: Opinion, entry: UUID, relationship: UUID | None, until: datetime | None) -> Opinion:
        allowed, reason, evidence, ends = one
        if evidence is ENTRY:
            evidence = entry
        elif evidence is RELATIONSHIP:
            evidence = relationship
        # What rests on consent ends when the consent does.
        return Opinion(allowed, reason, evidence, until if ends and self._on_consent else ends)
