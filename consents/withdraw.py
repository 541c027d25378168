"""Withdrawing consent (UK GDPR Art 7(3)) and objecting to direct marketing (Art 21(2) and (3), absolute).

The same work and answer whether or not we know the person: the "no" of someone unknown is kept as a keyed hash.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from consents import carrying, endings, projection, receipts, suppression
from consents.models import ConsentEvent, ConsentState, Status
from core import outbox
from core.errors import Invalid, NotFound
from core.models import Outbox
from ledger import entries
from ledger.models import Entry
from processing.models import Basis, Purpose, PurposeVersion
from processing.models import Status as PurposeStatus
from subjects import one_person, people
from subjects.identifiers import Claim
from subjects.models import DataSubject

SCHEMA_VERSION = 1
ALL_MARKETING: Literal["all-marketing"] = "all-marketing"
KINDS = {"consent.withdrawn": suppression.WITHDRAWAL, "consent.objected": suppression.OBJECTION}
GUARDIAN_ENDED = "consent.guardian-ended"
IN_FORCE = [Status.UNKNOWN, Status.REQUESTED, Status.GIVEN, Status.RENEWED]


@dataclass(frozen=True)
class Withdrawal:
    """What now stands: the status of each purpose that was named, and the proof for the person."""

    entry: UUID
    states: dict[str, str]
    receipt: str


def withdraw(
    who: DataSubject | Sequence[Claim],
    *,
    purposes: Sequence[str] | Literal["all-marketing"],
    now: datetime,
    actor: str,
    collected_by: str = "api",
    is_test: bool = False,
    since: datetime | None = None,
    channel: str = "",
    by_guardian: bool = False,
) -> Withdrawal:
    """Withdraw from these purposes on every channel, or on one, or object to all direct marketing.

    `since` is when a "no" was said that is only written down now; it does not undo what was chosen after it.
    """
    with transaction.atomic():
        everything = purposes == ALL_MARKETING
        chosen = _marketing() if isinstance(purposes, str) else _named(purposes)
        claims: Sequence[Claim] = [] if isinstance(who, DataSubject) else who
        if isinstance(who, DataSubject):
            named = people.Named(who if people.hold_known(who) else None, [], [])
        else:
            named = people.settled(who, is_test=is_test)
        alone = _is_alone(everything, chosen, by_guardian=by_guardian, by=collected_by)
        subject, spoken = named.subject, suppression.spoken_for(claims, named, alone=alone)
        hashes = [] if is_test else list(dict.fromkeys(suppression.hash_of(claim) for claim in spoken))
        said = (subject, chosen, everything, hashes, actor, collected_by, now, since or now, is_test)
        no = _No(*said, channel=channel, confirmed="guardian" if by_guardian else "")
        entry = no.record()
        no.stand(entry)
        if not is_test:
            no.suppress(entry)
            no.journal(entry, shared=people.in_common(spoken))
            for owner in named.owners:
                if owner != subject:
                    carrying.together(owner, now=now, actor=actor)
    return Withdrawal(entry, no.states, receipts.withdrawal(entry, no.states, at=now, channel=channel))


@transaction.atomic
def end_beside(subject: DataSubject, *, purpose: str, channel: str, since: datetime, now: datetime, actor: str) -> UUID:
    """End what a parent or guardian agreed to, where the person's own "yes" was said after `since` and goes on.

    So nothing is suppressed and no other system told. A restored backup has it ended as well. Returns the entry.
    """
    versions, is_test, confirmed = _latest([purpose]), subject.is_test, "guardian"
    no = _No(subject, versions, False, [], actor, "hosted_form", now, since, is_test, False, channel, confirmed)
    entry = no.record(GUARDIAN_ENDED)
    projection.append([no.event(uuid4(), version.purpose, channel, entry) for version in no.purposes])
    if not subject.is_test:
        no.journal(entry)
    return entry


@transaction.atomic
def object_to(subject: DataSubject, *, purposes: Sequence[str], now: datetime, actor: str) -> UUID:
    """End these purposes for this person, because their objection was upheld (Art 21(1)); returns the evidence.

    Whatever they rest on: who weighs an objection is the caller's business. It stands until the person opts in again.
    """
    if not people.hold_known(subject):
        raise NotFound
    versions = _latest(purposes)
    named, is_test = people.Named(subject, [], []), subject.is_test
    spoken = suppression.spoken_for([], named, alone=_is_alone(False, versions))
    hashes = [suppression.hash_of(claim) for claim in spoken]
    no = _No(subject, versions, False, list(dict.fromkeys(hashes)), actor, "staff", now, now, is_test, is_upheld=True)
    entry = no.record()
    no.stand(entry)
    if not is_test:
        no.suppress(entry)
        no.journal(entry, shared=people.in_common(spoken))
    return entry


@transaction.atomic
def again(action: str, data: Mapping[str, Any], *, now: datetime, actor: str) -> bool:
    """Let the "no" of a line of the journal stand in a database restored from before it. Choices made later win.

    For each record of the person, where there are several here. False if none of its purposes is known here.
    """
    named = data["purposes"]
    known = Purpose.objects.filter(slug__in=named or []).values_list("slug", flat=True)
    chosen = _marketing() if named is None else _latest(list(known)) if known else []
    if named and not chosen:
        return False
    since = datetime.fromisoformat(data["at"])
    is_upheld = named is not None and action == suppression.OBJECTION
    only = (data.get("channel", ""), data.get("confirmed", ""))
    by = data.get("by", "system")
    alone = _is_alone(named is None, chosen, by_guardian="guardian" in only, by=by)
    hashes = suppression.hashes_again(data, alone=alone)
    ids = [UUID(uuid) for uuid in (data["subject"], *data.get("others", ())) if uuid]
    theirs: list[DataSubject | None] = [one for one in one_person.records(ids) if people.hold(one)]
    for subject in theirs or [None]:
        no = _No(subject, chosen, named is None, hashes, actor, by, now, since, False, is_upheld, *only)
        entry = no.record()
        no.stand(entry)
    no.suppress(entry)
    # Whoever has alone here what several had was reached there, by what it is.
    for link in suppression.alone_again(data):
        carrying.together(link.subject, were_shared=[link.identifier_id], now=now, actor=actor)
    return True


def stored(entry: UUID) -> Withdrawal:
    """The withdrawal that this ledger entry proves, answered again."""
    found = Entry.objects.filter(uuid=entry, kind__in=KINDS).first()
    if found is None:
        raise NotFound
    body = json.loads(found.body)
    states = dict.fromkeys(body["data"]["purposes"], Status.WITHDRAWN.value)
    channel = body["data"].get("channel", "")
    return Withdrawal(entry, states, receipts.withdrawal(entry, states, at=found.at, channel=channel))


@dataclass(frozen=True)
class _No:
    """One "no" on its way into every place that must know it."""

    subject: DataSubject | None
    purposes: list[PurposeVersion]
    everything: bool
    hashes: list[suppression.Hash]
    actor: str
    collected_by: str
    now: datetime
    since: datetime
    is_test: bool
    is_upheld: bool = False
    # Empty: every channel.
    channel: str = ""
    # A parent or guardian said it, as receipts tell it (consents/receipts_facts.py).
    confirmed: str = ""

    @property
    def is_deletion(self) -> bool:
        return self.collected_by == suppression.BY_DELETION

    @property
    def kind(self) -> str:
        return "consent.objected" if self.everything or self.is_upheld else "consent.withdrawn"

    @property
    def states(self) -> dict[str, str]:
        return {version.purpose.slug: Status.WITHDRAWN.value for version in self.purposes}

    def record(self, kind: str = "") -> UUID:
        return entries.record(
            kind=kind or self.kind,
            at=self.now,
            actor=self.actor,
            subject=self.subject.uuid if self.subject else None,
            data={"purposes": list(self.states), "by": self.collected_by, "hashes": self._hashes(), **self._only},
            test=self.is_test,
        )

    @property
    def _only(self) -> dict[str, str]:
        only = {"channel": self.channel, "confirmed": self.confirmed}
        return {name: value for name, value in only.items() if value}

    def _hashes(self) -> list[dict[str, str]]:
        return [{"key": found.key, "hash": found.value.hex()} for found in self.hashes]

    def stand(self, entry: UUID) -> None:
        """Events and states of a person we know, and the day from which forgetting is counted."""
        if self.subject is None:
            return
        keys = [version.purpose_id for version in self.purposes]
        states = ConsentState.objects.filter(subject=self.subject.uuid, purpose__in=keys)
        given = {(state.purpose_id, state.channel) for state in states if state.status in IN_FORCE}
        answered = {state.purpose_id for state in states}
        consent = uuid4()
        projection.append(
            [
                self.event(consent, version.purpose, channel, entry)
                for version in self.purposes
                # An objection to everything says nothing of its own about a purpose that was never chosen.
                if not self.everything or version.purpose_id in answered
                for channel in self._channels(given, version.purpose_id)
            ]
        )
        endings.note(self.subject.uuid, keys, at=self.since)

    def _channels(self, given: set[tuple[int, str]], purpose: int) -> list[str]:
        return [self.channel] if self.channel else sorted({"", *(name for key, name in given if key == purpose)})

    def event(self, consent: UUID, purpose: Purpose, channel: str, entry: UUID) -> ConsentEvent:
        assert self.subject is not None  # noqa: S101 - narrows the type; stand() has looked
        return ConsentEvent(
            consent=consent,
            subject=self.subject.uuid,
            purpose=purpose.uuid,
            channel=channel,
            status=Status.WITHDRAWN,
            effective_at=self.since,
            recorded_at=self.now,
            origin="imported_legacy" if self.collected_by == "import" else "direct",
            collected_by=self.collected_by,
            actor=self.actor,
            entry=entry,
        )

    def suppress(self, entry: UUID) -> None:
        if self.everything:
            suppression.add(self.hashes, purposes=[None], reason=suppression.OBJECTION, entry=entry, now=self.since)
            return
        for is_consent, reason in ((True, suppression.WITHDRAWAL), (False, suppression.OBJECTION)):
            chosen = [version.purpose for version in self.purposes if (version.basis == Basis.CONSENT) == is_consent]
            suppression.add(
                self.hashes,
                purposes=chosen,
                channel=self.channel,
                reason=reason,
                entry=entry,
                now=self.since,
                where_none=self.is_deletion,
            )

    def journal(self, entry: UUID, *, shared: Sequence[UUID] = ()) -> None:
        """The "no" outlives a restored backup: it is also written outside PostgreSQL.

        `shared`: what several people have of what it was said under. A backup may have it as one person's alone.
        """
        payload: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "action": KINDS[self.kind],
            "entry": str(entry),
            "subject": str(self.subject.uuid) if self.subject else None,
            "purposes": None if self.everything else list(self.states),
            "hashes": self._hashes(),
            "at": entries.instant(self.since),
            **self._only,
            **({"by": self.collected_by} if self.is_deletion else {}),
            **({"shared": [str(uuid) for uuid in shared]} if shared else {}),
        }
        if self.subject and (others := one_person.ids_of([self.subject.uuid]) - {self.subject.uuid}):
            # Records that were made one with theirs: a backup may have them apart, each with its "yes".
            payload["others"] = sorted(map(str, others))
        # About nobody: erasing the person must not take the "no" out of the queue.
        outbox.post(Outbox.Kind.JOURNAL, payload, about=None, now=self.now)


def _is_alone(everything: bool, versions: Sequence[PurposeVersion], *, by_guardian: bool = False, by: str = "") -> bool:
    """Whether a "no" is that of its person alone, and not kept under what others have too where they have nothing else.

    One to direct marketing is kept there (Art 21(3)), but for one that a parent or a deletion says for them. Of any
    other the state stands for the person, and whoever shares a mailbox with them has not said it.
    """
    is_marketing = everything or any(version.direct_marketing for version in versions)
    return by_guardian or by == suppression.BY_DELETION or not is_marketing


def _marketing() -> list[PurposeVersion]:
    return list(
        PurposeVersion.objects.filter(status=PurposeStatus.LIVE, direct_marketing=True)
        .select_related("purpose")
        .order_by("purpose__slug")
    )


def _named(slugs: Sequence[str]) -> list[PurposeVersion]:
    """The latest version of each purpose. Only consent can be withdrawn, only marketing refused outright."""
    versions = _latest(slugs)
    if any(version.basis != Basis.CONSENT and not version.direct_marketing for version in versions):
        raise Invalid(
            fields={"purposes": _("A purpose here rests neither on consent nor on marketing. Use a rights request.")}
        )
    return versions


def _latest(slugs: Sequence[str]) -> list[PurposeVersion]:
    """The latest version of each purpose, in the order of their names."""
    versions = PurposeVersion.objects.filter(purpose__slug__in=slugs).select_related("purpose")
    latest = {version.purpose.slug: version for version in versions.order_by("number")}
    if not slugs or set(slugs) - set(latest):
        raise Invalid(fields={"purposes": _("Name purposes that exist.")})
    return [latest[slug] for slug in sorted(latest)]
