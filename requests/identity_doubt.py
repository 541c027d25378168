"""A reasonable doubt about who asks (UK GDPR Art 12(6)): recorded, told, removed, or taken back.

Only a doubt allows asking, and only what removes it may be asked. The clock starts when the proof arrives, not when we
have looked at it (Art 12A(2)(b)); so asking late needs a second person, and a doubt taken back is as if never raised.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid
from core.holidays import non_working
from core.models import Owner
from core.vault import ensure_key
from ledger.entries import record
from requests import identity, identity_evidence, letters, locks, refusing, two_people
from requests.asking import (
    NEVER_WAIT,
    NeverWaits,
    arrive,
    begin,
    choose,
    count,
    give,
    in_force,
    lock,
    need,
    note,
    text,
    today,
    want_approval,
    words_of,
)
from requests.clock import DAY
from requests.facts import Facts
from requests.letter_words import OWN
from requests.models import Asking, CaseFile, Evidence, RightsRequest
from requests.models_identity import Ended, Kind
from subjects.identifiers import Claim
from subjects.people import provable, verify_identifier

# So many working days after the receipt, asking looks like winning time.
PROMPT_DAYS = 5
# No run of holidays makes them longer.
LONGEST = 28 * DAY
LETTER = "id_request"
REASONS = {
    "unknown-address": _("The request came from an address that we do not hold."),
    "shared-address": _("The address is used by several people."),
    "details-differ": _("Some of the details differ from those that we hold."),
    "somebody-else": _("It seems that somebody else wrote in that name."),
    "high-risk": _("What was asked for could do harm in the wrong hands."),
}
# Ways that need no document come first; one of them is always among those offered.
WITHOUT_DOCUMENT = {
    "call-back": _("Tell us when we may call you on the telephone number that we hold."),
    "known-address": _("Write to us from an e-mail address that you have used with us before."),
    "something-known": _("Tell us something that only you and we know, such as the number and date of an invoice."),
    "code-by-post": _("Ask us for a code by post to the address that we hold, and tell it to us."),
}
DOCUMENTS = {
    "letter-head": _("A letter or bill that shows your name and address. Cover everything else on it."),
    "photo-id": _("A document that shows your name and picture. Cover its number and everything else on it."),
}
WAYS = {**WITHOUT_DOCUMENT, **DOCUMENTS}
CHANNEL = _(
    "Answer on the page of your request, or by telephone or post at the address above. Please do not send a document by"
    " ordinary e-mail."
)


class NeedsSecondPerson(DomainError):
    code = "second-person-needed"
    message = _("Somebody else must agree to it: whoever wants to ask this late cannot approve it themselves.")


class NothingWaits(DomainError):
    code = "nothing-to-approve"
    message = _("Nothing waits for approval.")


def is_late(rights_request: RightsRequest, *, now: datetime) -> bool:
    """Whether asking today would be later than five working days after the receipt."""
    return today(now) > prompt_until(rights_request)


def prompt_until(rights_request: RightsRequest) -> date:
    """The last day on which asking needs nobody else."""
    day, left = rights_request.received_on, PROMPT_DAYS
    free = non_working(Facts.from_json(rights_request.facts).division, day, day + LONGEST)
    while left:
        day += DAY
        left -= day not in free
    return day


@transaction.atomic
def ask(
    rights_request: RightsRequest,
    *,
    reason: str,
    doubt: str,
    ways: Sequence[str],
    around: Mapping[str, str] | None = None,
    actor: str,
    now: datetime,
) -> Asking:
    """Record the doubt and ask for what removes it. Asked late, nothing goes out before a second person agreed.

    `around`: words of our own before and after those of the letter, kept with it until it may go.
    """
    lock(rights_request)
    if rights_request.right in NEVER_WAIT:
        raise NeverWaits
    choose("reason", reason, REASONS)
    words = {"doubt": _said(doubt), "ways": _ways(ways), **(around or {})}
    late = is_late(rights_request, now=now)
    asking = begin(rights_request, Kind.IDENTITY, reason, words, is_late=late, actor=actor, now=now)
    note("identity.doubted", asking, actor=actor, now=now, late=late)
    if late:
        want_approval(asking, now=now)
    else:
        _give(asking, actor=actor, now=now)
    return asking


@transaction.atomic
def approve(rights_request: RightsRequest, *, doubt: UUID | str | None = None, actor: str, now: datetime) -> Asking:
    """Agree to a doubt that was raised late, the one that was looked at. Raises NeedsSecondPerson, or LookAgain."""
    lock(rights_request)
    asking = _waiting(rights_request)
    if actor in writers(rights_request):
        raise NeedsSecondPerson
    if doubt is not None and str(doubt) != str(asking.uuid):
        raise letters.LookAgain
    asking.approved_by = actor
    asking.save(update_fields=["approved_by"])
    note("identity.doubt-approved", asking, actor=actor, now=now)
    _give(asking, actor=actor, now=now)
    return asking


def writers(rights_request: RightsRequest) -> set[str]:
    """Who raised the doubt that waits, or wrote words of its letter: none of them approves it."""
    asking = _waiting(rights_request)
    # A doubt is one for the whole case: its words were written on the request that raised it, whichever this one is.
    return {asking.proposed_by, *two_people.drafters(asking.request, LETTER)}


def preview(rights_request: RightsRequest, *, now: datetime) -> str:
    """The letter that waits for approval, as it would go. Raises NothingWaits, or LetterIncomplete."""
    asking = _waiting(rights_request)
    return letters.render(LETTER, asking.request, _context(asking), now=now)


@transaction.atomic
def arrived(
    rights_request: RightsRequest,
    *,
    day: date,
    kind: str,
    words: str,
    content: bytes = b"",
    actor: str,
    now: datetime,
) -> Evidence:
    """Something arrived that may show who they are. The clock starts on that day, whatever we think of it later."""
    lock(rights_request)
    asking = need(rights_request, Kind.IDENTITY)
    choose("kind", kind, WAYS)
    if asking.arrived_on is None:
        arrive(asking, day, now=now)
    what: dict[str, Any] = {"kind": kind, "note": words, "content": content, "arrived_on": day}
    kept = identity_evidence.keep(asking.case, **what, actor=actor, now=now)
    note("identity.arrived", asking, actor=actor, now=now, day=day.isoformat(), way=kind)
    count(asking, because="identity.arrived", actor=actor, now=now)
    return kept


@transaction.atomic
def not_enough(rights_request: RightsRequest, *, doubt: str, ways: Sequence[str], actor: str, now: datetime) -> Asking:
    """What came does not remove the doubt: say why, and ask again. The later receipt will govern."""
    lock(rights_request)
    asking = need(rights_request, Kind.IDENTITY)
    if asking.arrived_on is None:
        raise Invalid(_("Nothing has arrived yet."))
    words = {"doubt": _said(doubt), "ways": _ways(ways)}
    asking.end(Ended.NOT_ENOUGH, now=now)
    note("identity.not-enough", asking, actor=actor, now=now)
    again = begin(asking.request, Kind.IDENTITY, asking.reason, words, actor=actor, now=now)
    _give(again, actor=actor, now=now)
    return again


@transaction.atomic
def withdraw(rights_request: RightsRequest, *, actor: str, now: datetime) -> None:
    """The doubt was none: the day of receipt counts again, and what came is destroyed."""
    lock(rights_request)
    asking = in_force(rights_request, Kind.IDENTITY)
    if asking is None:
        raise Invalid(_("There is no doubt to take back."))
    earlier = Asking.objects.filter(case=asking.case, kind=Kind.IDENTITY, ended=Ended.NOT_ENOUGH)
    for one in (asking, *earlier):
        one.end(Ended.TAKEN_BACK, now=now)
    note("identity.doubt-withdrawn", asking, actor=actor, now=now)
    identity_evidence.destroy(asking.case, because="doubt-withdrawn", actor=actor, now=now)
    count(asking, because="identity.doubt-withdrawn", actor=actor, now=now)


@transaction.atomic
def shown(
    case: CaseFile, *, how: str, note: str, is_their_mailbox: bool = False, actor: str, now: datetime
) -> CaseFile:
    """They showed who they are: record how, end the doubt, and destroy what they sent for it."""
    locks.take(case.pk)
    refusing.taken_up(case, day=today(now), actor=actor, now=now)
    case.refresh_from_db()
    if case.subject_id is None:
        case = identity.accept(case, how=how, note=note, is_their_mailbox=is_their_mailbox, now=now, actor=actor)
    else:
        _note_again(case, how=how, words=note, actor=actor, now=now)
    _decided(case, actor=actor, now=now)
    return case


@transaction.atomic
def called_back(case: CaseFile, *, number: str, note: str, actor: str, now: datetime) -> CaseFile:
    """We rang a number that we held before they wrote, and they answered: that number is proved, and whose case it is.

    A number that came with the request, that several people use or that was added later proves nothing.
    """
    claim = Claim("phone", number)
    person = provable(claim)
    if person is None or person.is_test:
        raise identity.NotFoundExactly
    if case.subject_id and case.subject_id != person.pk:
        raise identity.Tied
    case = shown(case, how=identity.Shown.CALLED_BACK, note=note, actor=actor, now=now)
    verify_identifier(person, claim, how="called-back", now=now, actor=actor)
    return identity.tie(case, person, now=now, actor=actor)


def _decided(case: CaseFile, *, actor: str, now: datetime) -> None:
    asking = Asking.objects.in_force().filter(case=case, kind=Kind.IDENTITY).select_related("request", "case").first()
    if asking:
        if asking.given_on and asking.arrived_on is None:
            asking.arrive(max(today(now), asking.given_on))
        # Never told: then nothing was asked, and nothing was delayed.
        asking.end(Ended.DONE if asking.given_on else Ended.TAKEN_BACK, now=now)
        count(asking, because="identity.shown", actor=actor, now=now)
    identity_evidence.destroy(case, because="identity-shown", actor=actor, now=now)


def _note_again(case: CaseFile, *, how: str, words: str, actor: str, now: datetime) -> None:
    """The mailbox had told us who it is; now the doubt about that is gone too."""
    identity.check_shown(how, words)
    case.identified_at, case.identified_how = now, how
    sealed = ensure_key(Owner.CASE, case.uuid).seal(identity.FIELD, identity_evidence.masked(words.strip()).encode())
    case.identity_note = sealed
    case.save(update_fields=["identified_at", "identified_how", "identity_note"])
    data = {"how": how, "by_post": case.by_post}
    record(kind="case.identified", at=now, actor=actor, object=case.uuid, data=data, test=case.is_test)


def _waiting(rights_request: RightsRequest) -> Asking:
    asking = in_force(rights_request, Kind.IDENTITY)
    if asking is None or asking.letter_id or not asking.is_late:
        raise NothingWaits
    return asking


def _give(asking: Asking, *, actor: str, now: datetime) -> None:
    give(asking, LETTER, _context(asking), actor=actor, now=now)


def _context(asking: Asking) -> dict[str, Any]:
    words = words_of(asking)
    # What waits for approval goes with the words it was raised with; otherwise its draft has them.
    around = {name: words.get(name, "") for name in OWN} if asking.is_late else {}
    return {
        "doubt": f"{REASONS[asking.reason]}\n\n{words['doubt']}",
        "evidence": [str(WAYS[way]) for way in words["ways"]],
        "channel": str(CHANNEL),
        **around,
    }


def _said(doubt: str) -> str:
    return text("doubt", doubt, _("Say what makes you doubt it, as the person will read it."))


def _ways(ways: Sequence[str]) -> list[str]:
    chosen = [way for way in WAYS if way in ways]
    if not set(chosen) & set(WITHOUT_DOCUMENT):
        raise Invalid(fields={"ways": _("Offer at least one way that needs no document.")})
    return chosen
