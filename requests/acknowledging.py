"""When a complaint was acknowledged (DPA 2018 s.164A(3)): by what was given, and by nothing that came back.

A letter counts from the day its message went out or it was posted; so does an outcome, which needs no acknowledgement
before it. That day is noted here by itself, whoever gives the letter, and taken back when it comes back.
"""

from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.errors import Text
from core.models import Controller, Outbox
from core.rules import rule_set
from ledger.entries import record
from requests import letter_law, posting
from requests.clock import in_words
from requests.messages import tell_staff
from requests.models import Complaint, Letter

LETTER, OUTCOME = "complaint_acknowledgement", "complaint_outcome"
# The last by itself, as it came.
KINDS = (LETTER, OUTCOME, "complaint_received")


def note(
    complaint: Complaint, *, how: str, at: datetime, message: UUID | None = None, actor: str, now: datetime
) -> None:
    """It was acknowledged, at that time. `message`: which one said so, if it was an e-mail."""
    complaint.acknowledged_at, complaint.acknowledged_how, complaint.acknowledged_message = at, how, message
    complaint.save(update_fields=["acknowledged_at", "acknowledged_how", "acknowledged_message"])
    _record("acknowledged", complaint, actor=actor, now=now, how=how, day=_day(at).isoformat())


@transaction.atomic
def letter_changed(letter: Letter, *, actor: str, now: datetime) -> None:
    """A letter about a complaint was given, or came back. Called for every letter."""
    if letter.complaint is None or letter.kind not in KINDS:
        return
    complaint = Complaint.objects.select_for_update(of=("self",)).select_related("case").get(pk=letter.complaint.pk)
    if not letter.is_given:
        _undo(complaint, letter.outbox, actor=actor, now=now)
        return
    if complaint.acknowledged_at is None:
        _note_letter(complaint, letter, actor=actor, now=now)


@transaction.atomic
def message_came_back(message: UUID, *, actor: str, now: datetime) -> bool:
    """The same for a mail of which no copy was kept: a complaint from before there were any. Returns whether it was."""
    found = Complaint.objects.select_for_update(of=("self",)).select_related("case")
    complaint = found.filter(acknowledged_message=message).first()
    if complaint is None:
        return False
    _undo(complaint, message, actor=actor, now=now)
    if complaint.acknowledged_at is None and not complaint.case.is_test:
        tell_staff("acknowledgement_bounced", complaint.reference, complaint.page, complaint.case, now=now)
    return True


def note_dead(*, now: datetime) -> int:
    """Such mails that no server took. Returns how many."""
    dead = Outbox.objects.filter(dead_at__isnull=False).values_list("uuid", flat=True)
    told = Complaint.objects.filter(acknowledged_message__in=list(dead))
    messages = list(told.values_list("acknowledged_message", flat=True))
    return sum(message_came_back(message, actor="system:requests", now=now) for message in messages if message)


def explained(complaint: Complaint, *, today: date) -> list[Text]:
    """The arithmetic of its clock, and what counts as the acknowledgement, in sentences."""
    params = rule_set(complaint.case.rule_set.jurisdiction, complaint.received_on).params
    days = int(params.get("complaint_ack_days") or 30)
    raw, by = complaint.received_on + timedelta(days=days), complaint.acknowledge_by
    counted = _("The first of %(n)d days is the day after, and the last is %(day)s (DPA 2018 s.164A(3)).")
    if letter_law.is_of_the_union(complaint.case):
        # No law of the Union names such a term: it is ours.
        counted = _("The first of %(n)d days is the day after, and the last is %(day)s.")
    said: list[Text] = [
        _("The complaint was received on %(day)s.") % {"day": in_words(complaint.received_on)},
        counted % {"n": days, "day": in_words(raw)},
    ]
    if raw != by:
        said.append(
            _("That is not a working day, so it must be acknowledged by %(day)s.") % {"day": in_words(by)},
        )
    return [*said, *(_acknowledged(complaint) if complaint.acknowledged_at else _owed(complaint, today))]


def _acknowledged(complaint: Complaint) -> list[Text]:
    assert complaint.acknowledged_at is not None  # noqa: S101 - narrows the type
    day = _day(complaint.acknowledged_at)
    sentences = {
        "email": _("It was acknowledged by e-mail on %(day)s, when it came."),
        "letter": _("It was acknowledged by a letter told of by e-mail on %(day)s."),
        "post": _("It was acknowledged by a letter posted on %(day)s. That day counts, not the one it was written on."),
        "outcome": _("The outcome was given on %(day)s, and no acknowledgement of its own is needed."),
        "by-hand": _("Staff acknowledged it in another way on %(day)s."),
    }
    late = (day - complaint.acknowledge_by).days
    how = sentences[complaint.acknowledged_how or "by-hand"] % {"day": in_words(day)}
    if late <= 0:
        return [how, _("That was in time.")]
    return [how, ngettext("That was %(n)d day late.", "That was %(n)d days late.", late) % {"n": late}]


def _owed(complaint: Complaint, today: date) -> list[Text]:
    said: list[Text] = []
    if not complaint.is_open:
        said.append(_("The outcome is written and has not reached the person. It counts from the day it is posted."))
    for letter in complaint.letters.owed().filter(kind=LETTER).order_by("pk"):
        waits = _("The acknowledgement is written and was not posted yet. It counts from the day it is posted.")
        back = _("The acknowledgement came back, so it does not count. Print it and post it.")
        said.append(back if letter.bounced_at else waits)
    left = (complaint.acknowledge_by - today).days
    if left < 0:
        said.append(ngettext("It is %(n)d day late.", "It is %(n)d days late.", -left) % {"n": -left})
    nothing = _("It is not acknowledged yet. An outcome before that day needs no acknowledgement of its own.")
    return said or [nothing]


def _undo(complaint: Complaint, message: UUID | None, *, actor: str, now: datetime) -> None:
    """What came back acknowledged nothing. Something else may have, and stands."""
    if message is None or complaint.acknowledged_message != message:
        return
    complaint.acknowledged_at, complaint.acknowledged_how, complaint.acknowledged_message = None, "", None
    complaint.save(update_fields=["acknowledged_at", "acknowledged_how", "acknowledged_message"])
    _record("acknowledgement-came-back", complaint, actor=actor, now=now)
    still = complaint.letters.given().filter(kind__in=KINDS).order_by("given_on", "pk").first()
    if still:
        _note_letter(complaint, still, actor=actor, now=now)


def _note_letter(complaint: Complaint, letter: Letter, *, actor: str, now: datetime) -> None:
    """By this letter. What was posted does not come back with the e-mail that had told of it before."""
    is_posted = letter.given_by == Letter.Way.POST
    how = "outcome" if letter.kind == OUTCOME else "post" if is_posted else "letter"
    message = None if is_posted else letter.outbox
    note(complaint, how=how, at=_moment(letter, now), message=message, actor=actor, now=now)


def _moment(letter: Letter, now: datetime) -> datetime:
    """When it was given: now, or about noon of an earlier day on which it was posted."""
    if letter.given_on is None or letter.given_on >= _day(now):
        return now
    return datetime.combine(letter.given_on, time(12), Controller.current().zone)


def _day(at: datetime) -> date:
    return at.astimezone(Controller.current().zone).date()


def _record(kind: str, complaint: Complaint, *, actor: str, now: datetime, **data: str) -> None:
    is_test = complaint.case.is_test
    record(kind=f"complaint.{kind}", at=now, actor=actor, object=complaint.uuid, data=data, test=is_test)


posting.on_change(letter_changed)
