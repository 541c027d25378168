"""Capturing consent: validated, sealed, evidenced and durable in one statement (consents/capture_sql.py)."""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from django.db import transaction

from consents import endings, receipts
from consents.answers import Answer
from consents.capture_sql import CAPTURE_KNOWN, CAPTURE_NEW, LIFT
from consents.models import ConsentEvent, ConsentFormVersion, ConsentState, Status
from consents.states import YES, order
from consents.suppression import hashes_of
from consents.unproven import is_refused, theirs, unproven_entries
from core import prepared
from core.apikeys import Seen
from core.arrays import array, hashes, texts
from core.errors import NotFound
from core.keys import keyring
from core.models import Owner
from core.recall import Changed, proof
from core.vault import new_key
from ledger import entries
from processing.models import Channel, Purpose
from subjects import people
from subjects.identifiers import Claim, seal
from subjects.models import DataSubject

FIELD = "proof"
JURISDICTION = DataSubject._meta.get_field("jurisdiction").default
Params = dict[str, Any]
# What the statement is told of a person who is known.
NOTHING_NEW: Params = dict.fromkeys(["identifier", "identifier_master", "identifier_wrapped"])


@dataclass(frozen=True)
class Captured:
    """One submission of a form, as the caller is told of it."""

    consent: UUID
    # Nobody, while a double opt-in waits. Whoever sends an unproven answer is not told whose it is (ADR 0036).
    subject: UUID | None
    states: dict[str, str]
    pending: bool
    receipt: str


class SaidNo(Exception):
    """A "no" of the person stands, which an answer that nobody has proved does not take back (consents/unproven.py).

    Of an address that several people have, any of them may have said one.
    """


class Made(NamedTuple):
    """What the statement answers: whose it is, of how many choices it stands, and whether anything is suppressed."""

    person: UUID
    applied: int
    is_suppressed: bool


@dataclass(frozen=True)
class Line:
    """What one control was answered."""

    purpose: str
    channel: str
    status: str
    valid_until: datetime | None = None


def capture(
    answer: Answer,
    *,
    now: datetime,
    actor: str,
    collected_by: str = "api",
    by: Seen | None = None,
    consent: UUID | None = None,
    unproven: bool = False,
) -> Captured:
    """Record this answer. A person we do not know yet is made in the same statement.

    `consent` is the id of an answer that waited for its confirmation (consents/opt_in.py).
    `unproven`: nobody has shown that the address is theirs. Raises SaidNo where that is not enough, and then nothing is
    written. A trial means nobody: there it is always enough.
    Raises Changed when the form is no longer as the answer was read against, or the key `by` no longer as recalled.
    """
    consent, entry = consent or uuid4(), uuid4()
    lines = lines_of(answer)
    params = _params(answer, lines, consent, entry) | {"now": now, "actor": actor, "collected_by": collected_by}
    says_yes = any(line.status in YES for line in lines)
    params |= {"unproven": unproven, "beware": unproven and says_yes and not answer.is_test}
    params |= {"key": by.key.pk if by else None, **proof("key", by.version if by else None)}
    made = _try_new(answer, lines, params) if _may_be_new(answer.claims) else None
    if made is None:
        with transaction.atomic():
            subject = _person(answer, now=now, actor=actor, unproven=unproven)
            params |= NOTHING_NEW | _evidence(answer, lines, subject.uuid, params)
            if params["beware"]:
                params["theirs"] = hashes(hashes_of(theirs(answer, subject)))
            made = _run(CAPTURE_KNOWN, params)
            if made is None and params["beware"]:
                if is_refused(answer, subject, now=now):
                    # In here, so that nobody is made by an answer that waits.
                    raise SaidNo
                made = _run(CAPTURE_KNOWN, params | {"beware": False})
            if made is None:
                # In here, so that nobody is made by an answer that does not count.
                raise Changed
            if made.is_suppressed and says_yes:
                # What others have too, or have alone, may say their "no": this "yes" is answer enough for this person.
                alone = hashes(hashes_of(people.alone(subject, answer.claims)))
                prepared.fetch_one(LIFT, params | {"hashes": alone, "every_channel": Channel.values})
            refused = [answer.shown.purposes[line.purpose].pk for line in lines if line.status == Status.REFUSED]
            if refused:
                endings.note(subject.uuid, refused, at=answer.given_at)
    person = made.person
    states = _combined(lines)
    if made.applied < len(lines) and not unproven:
        # Something later stands. Tell what stands, not what was asked for.
        states = _standing(person, list(answer.shown.purposes.values()), lines)
    return Captured(
        consent=consent,
        subject=None if unproven else person,
        states=states,
        pending=any(line.status == Status.REQUESTED for line in lines),
        receipt=_receipt(
            consent, None if unproven else person, entry, _form_facts(answer.shown), lines, at=now, unproven=unproven
        ),
    )


def as_counted(answer: Answer, *, consent: UUID, entry: UUID, at: datetime) -> Captured:
    """What is told of an unproven answer that counts at once, for one that waits (consents/unproven.py)."""
    lines = lines_of(answer)
    receipt = _receipt(consent, None, entry, _form_facts(answer.shown), lines, at=at, unproven=True)
    return Captured(consent, None, _combined(lines), False, receipt)


def stored(consent: UUID, *, is_public: bool = False) -> Captured:
    """The same answer again, from the events: what stands is told as it stands now.

    `is_public`: to whoever has shown no address to be theirs, what was answered, and no person.
    """
    events = list(ConsentEvent.objects.filter(consent=consent, form_version__isnull=False).order_by("id"))
    if not events:
        raise NotFound
    first = events[0]
    version = ConsentFormVersion.objects.select_related("form").get(pk=first.form_version or 0)
    purposes = {purpose.uuid: purpose for purpose in Purpose.objects.filter(uuid__in=[e.purpose for e in events])}
    lines = [Line(purposes[event.purpose].slug, event.channel, event.status, event.valid_until) for event in events]
    facts = receipts.Form(version.form.slug, version.number, version.locale, version.sha256, version.notice_version)
    unproven = unproven_entries([first.entry]) != set()
    subject = None if is_public else first.subject
    return Captured(
        consent=consent,
        subject=subject,
        states=_combined(lines) if is_public else _standing(first.subject, list(purposes.values()), lines),
        pending=any(line.status == Status.REQUESTED for line in lines),
        receipt=_receipt(consent, subject, first.entry, facts, lines, at=first.recorded_at, unproven=unproven),
    )


def _person(answer: Answer, *, now: datetime, actor: str, unproven: bool) -> DataSubject:
    """Raises SaidNo rather than tell whoever has proved nothing that several people have the address."""
    try:
        return people.find_or_create(
            answer.claims, now=now, actor=actor, locale=answer.shown.locale, is_test=answer.is_test
        )
    except people.AmbiguousIdentity:
        if not unproven:
            raise
        raise SaidNo from None


def _may_be_new(claims: list[Claim]) -> bool:
    """Several claims, or identifiers still blinded under an older key, need the ordinary search first."""
    return len(claims) == 1 and len(keyring("BLIND_INDEX_KEYS").keys) == 1


def _try_new(answer: Answer, lines: list[Line], params: Params) -> Made | None:
    """Record the answer of a person nobody knows; None, and nothing written, if the identifier is known."""
    subject, row = uuid4(), seal(answer.claims[0])
    master, wrapped = row.key.wrapped()
    given = {answer.shown.purposes[line.purpose].pk for line in lines if line.status in YES}
    evidence = _evidence(answer, lines, subject, params, is_new=True)
    return _run(
        CAPTURE_NEW,
        params
        | evidence
        | {
            "identifier": row.uuid,
            "type": row.type,
            "system": row.system,
            "rules_version": row.rules_version,
            "sealed": row.sealed,
            "blind": row.blind,
            "blind_key": row.blind_key,
            "identifier_master": master,
            "identifier_wrapped": wrapped,
            "locale": answer.shown.locale,
            "jurisdiction": JURISDICTION,
            "is_test": answer.is_test,
            "given": array(given),
            "ties": array([uuid4() for _purpose in given]),
        },
    )


def lines_of(answer: Answer) -> list[Line]:
    until = answer.shown.valid_until(answer.given_at)
    yes = (Status.RENEWED if answer.renews else Status.GIVEN).value
    if answer.guardian:
        # Then the child is old enough to be asked.
        until = min(until, answer.guardian.until)
    return [
        Line(control["purpose"], control["channel"], yes, until)
        if answer.choices[control["key"]]
        else Line(control["purpose"], control["channel"], Status.REFUSED.value)
        for control in answer.shown.ordered
    ]


def _params(answer: Answer, lines: list[Line], consent: UUID, entry: UUID) -> Params:
    key = new_key(Owner.CONSENT, consent)
    master, wrapped = key.wrapped()
    # A test call lifts nothing that a person once said.
    said = hashes([] if answer.is_test else hashes_of(answer.claims))
    return {
        "consent": consent,
        "entry": entry,
        "given_at": answer.given_at,
        "proof": key.seal(FIELD, json.dumps(answer.proof).encode()),
        "proof_master": master,
        "proof_wrapped": wrapped,
        "hashes": said,
        "theirs": said,
        # The choices, one event for each purpose and channel.
        **answer.shown.columns,
        "events": array([uuid4() for _line in lines]),
        "statuses": texts([line.status for line in lines]),
        "untils": texts([line.valid_until.isoformat() if line.valid_until else None for line in lines]),
    }


def _evidence(answer: Answer, lines: list[Line], subject: UUID, params: Params, *, is_new: bool = False) -> Params:
    """One act, one entry: that of a person who was not known also says that their record was made."""
    shown = answer.shown
    choices = tuple((line.purpose, line.channel, line.status) for line in lines)
    pattern = _pattern(
        params["actor"],
        shown.slug,
        shown.number,
        shown.locale,
        shown.sha256,
        choices,
        answer.proof.get("notice", ""),
        answer.proof.get("by", ""),
        params["unproven"],
        is_new,
        answer.is_test,
    )
    body = pattern.body(
        entry=params["entry"],
        at=entries.instant(params["now"]),
        subject=subject,
        object=params["consent"],
        given_at=entries.instant(answer.given_at),
    )
    return {"subject": subject, "body": body}


@lru_cache(maxsize=512)
def _pattern(
    actor: str,
    slug: str,
    number: int,
    locale: str,
    sha256: str,
    choices: tuple[tuple[str, str, str], ...],
    notice: str,
    confirmed: str,
    unproven: bool,
    is_new: bool,
    is_test: bool,
) -> entries.Pattern:
    """The entry of everybody who answers the same to the same version."""
    return entries.Pattern(
        kind="consent.given" if any(status in YES for _purpose, _channel, status in choices) else "consent.refused",
        actor=actor,
        data={
            "form": slug,
            "version": number,
            "locale": locale,
            "sha256": sha256,
            "choices": {f"{purpose}:{channel}": status for purpose, channel, status in choices},
            "new": is_new,
            "test": is_test,
            # What somebody was shown is told by the form, unless the page said more.
            **({"notice": notice} if notice else {}),
            # A parent or guardian, or the owner of the mailbox. It is told by the receipt when the proof is gone.
            **({"confirmed": confirmed} if confirmed else {}),
            **({"unproven": True} if unproven else {}),
        },
        ids=["subject", "object"],
        times=["at", "given_at"],
    )


def _run(sql: str, params: Params) -> Made | None:
    row = prepared.fetch_one(sql, params)
    return Made(*row) if row else None


def _combined(lines: list[Line]) -> dict[str, str]:
    """One status for each purpose: yes on any channel is a yes."""
    states: dict[str, str] = {}
    for line in lines:
        if line.purpose not in states or line.status in YES:
            states[line.purpose] = line.status
    return states


def _standing(subject: UUID, purposes: list[Purpose], lines: list[Line]) -> dict[str, str]:
    """What stands now for what was asked then. An answer about every channel (empty) covers each of them."""
    slugs = {purpose.pk: purpose.slug for purpose in purposes}
    states = list(ConsentState.objects.filter(subject=subject, purpose__in=slugs))
    now_lines = []
    for line in lines:
        covering = [s for s in states if slugs[s.purpose_id] == line.purpose and s.channel in ("", line.channel)]
        stands = max(covering, key=order, default=None)
        now_lines.append(Line(line.purpose, line.channel, stands.status if stands else line.status))
    return _combined(now_lines)


def _form_facts(shown: Any) -> receipts.Form:
    return receipts.Form(shown.slug, shown.number, shown.locale, shown.sha256, shown.notice_version)


def _receipt(
    consent: UUID,
    subject: UUID | None,
    entry: UUID,
    form: receipts.Form,
    lines: list[Line],
    *,
    at: datetime,
    unproven: bool,
) -> str:
    choices = [receipts.Choice(line.purpose, line.channel, line.status, line.valid_until) for line in lines]
    may_wait = unproven and any(line.status in YES for line in lines)
    return receipts.consent(
        consent=consent, subject=subject, entry=entry, form=form, choices=choices, at=at, may_wait=may_wait
    )
