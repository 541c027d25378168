"""Rights: case files and the requests in them. Every other model of the app is read with this file."""

import uuid
from datetime import date, datetime
from typing import Any

import pgtrigger
from django.contrib.auth.models import AnonymousUser
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.constraints import one_of
from core.models import RuleSet, User
from ledger.entries import record
from requests.models_answer import CollectionCode, Decision, Package, PackageChunk
from requests.models_changes import Correction, DecisionReview, DecisionScope, RecipientNotice
from requests.models_complaints import Complaint, ComplaintStep
from requests.models_found import Box, Exemption, FoundDocument, Search
from requests.models_identity import Asking, Evidence
from requests.models_letters import Letter, LetterDraft
from requests.models_steps import NO_TRUNCATE, RequestEvent, Task
from requests.models_transfer import Transfer
from requests.models_work import (
    Attachment,
    Comment,
    Message,
    Reminder,
    Representation,
    VisitCode,
)
from requests.right import Right
from requests.workflow import (
    CLAIMS_DONE,
    CLOSED,
    NEXT,
    OPEN,
    PAIRS,
    RecipientsOwed,
    State,
    TasksPending,
    TransitionNotAllowed,
)
from subjects.models import DataSubject

__all__ = [
    "Asking",
    "Attachment",
    "Box",
    "CaseFile",
    "CollectionCode",
    "Comment",
    "Complaint",
    "ComplaintStep",
    "Correction",
    "Decision",
    "DecisionReview",
    "DecisionScope",
    "Evidence",
    "Exemption",
    "FoundDocument",
    "Letter",
    "LetterDraft",
    "Message",
    "Package",
    "PackageChunk",
    "RecipientNotice",
    "Reminder",
    "Representation",
    "RequestEvent",
    "Right",
    "RightsRequest",
    "Search",
    "Task",
    "Transfer",
    "VisitCode",
]


class CaseFile(models.Model):
    """One person's correspondence with us. Everything readable in it is sealed under the case's own key.

    `subject` is empty until proof: before that, nobody is created, matched or merged because of a case.
    """

    class Channel(models.TextChoices):
        WEB = "web", _("Web form")
        API = "api", _("API")
        EMAIL = "email", _("E-mail")
        PHONE = "phone", _("Telephone")
        LETTER = "letter", _("Letter")
        IN_PERSON = "in_person", _("In person")
        SOCIAL_MEDIA = "social_media", _("Social media")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subject = models.ForeignKey(DataSubject, models.SET_NULL, null=True, blank=True, related_name="cases")
    channel = models.CharField(max_length=12, choices=Channel)
    locale = models.CharField(max_length=10, default="en-GB")
    # Field "claim": JSON of the requester as claimed (name, email, phone, address, details, representative), what they
    # answered about each right under its name, and the messages they left since.
    claim = models.BinaryField(null=True)
    # Blind index of the claimed e-mail: finds a second letter from the same address; selects no person.
    claim_blind = models.BinaryField(null=True)
    rule_set = models.ForeignKey(RuleSet, models.PROTECT, related_name="+")
    received_at = models.DateTimeField()
    received_on = models.DateField(help_text=_("Local date of arrival, on whatever channel."))
    confirmed_at = models.DateTimeField(null=True, help_text=_("When control of the mailbox was shown."))
    # Identity shown to staff by other means than the link (requests/identity.py), and their sealed note of it.
    identified_at = models.DateTimeField(null=True)
    identified_how = models.CharField(max_length=20, db_default="")
    identity_note = models.BinaryField(null=True)
    by_post = models.BooleanField(
        db_default=False, help_text=_("The mailbox is not known to be this person's alone, so nothing goes there.")
    )
    confirm_hash = models.BinaryField(null=True, unique=True)
    confirm_expires_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True, help_text=_("When they were reminded to confirm the address."))
    closed_at = models.DateTimeField(null=True)
    owner = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    is_test = models.BooleanField(default=False)
    # What was opened with it, in the hands of whoever has just taken it in (requests/intake.py).
    opened: list["RightsRequest"]

    class Meta:
        indexes = [models.Index("claim_blind", name="requests_case_claim", condition=Q(claim_blind__isnull=False))]

    def __str__(self) -> str:
        return f"case {self.uuid}"

    @property
    def is_confirmed(self) -> bool:
        """Whether somebody showed who asks: the person by the link, or to staff in another way."""
        return self.confirmed_at is not None or self.identified_at is not None

    @property
    def waits_for_mailbox(self) -> bool:
        """Whether a link that was mailed may still show who asks. Without an address of theirs nothing was mailed."""
        return not self.is_confirmed and not self.by_post and self.claim_blind is not None

    def settle(self, *, now: datetime) -> None:
        """Note when the last of its requests and complaints was closed, or that one is open again."""
        still_open = self.requests.filter(state__in=OPEN).exists() or self.complaints.filter(outcome="").exists()
        self.closed_at = None if still_open else now
        self.save(update_fields=["closed_at"])


class RightsRequestQuerySet(models.QuerySet["RightsRequest"]):
    def open(self) -> "RightsRequestQuerySet":
        return self.filter(state__in=OPEN)

    def visible_to(self, user: User | AnonymousUser) -> "RightsRequestQuerySet":
        """What this user may know of: every request, or those that are theirs and those that are nobody's."""
        if not user.has_perm("requests.view_rightsrequest"):
            return self.none()
        if user.has_perm("requests.view_every_rightsrequest"):
            return self
        return self.filter(Q(case__owner=None) | Q(case__owner=user.pk))

    def overdue(self, today: date) -> "RightsRequestQuerySet":
        return self.open().filter(due_on__lt=today)


class RightsRequest(models.Model):
    """One right exercised in a case, with its own reference, clock, state and answer."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    reference = models.CharField(max_length=16, unique=True)
    # What the request was called where it began: the number in the old list, or on the letter.
    external_reference = models.CharField(max_length=60, blank=True)
    case = models.ForeignKey(CaseFile, models.PROTECT, related_name="requests")
    right = models.CharField(max_length=16, choices=Right)
    state = models.CharField(max_length=20, choices=State, default=State.RECEIVED)
    # Dated facts the clock is computed from (requests/clock.py); the results are stored, not recomputed on read.
    facts = models.JSONField(default=dict)
    due_on = models.DateField(null=True, help_text=_("Empty while the clock is paused or has not started."))
    extension_notice_by = models.DateField(null=True)
    target_on = models.DateField(null=True)
    answered_at = models.DateTimeField(null=True)
    # What carrying it out produced and the answer must report: ids, counts and dates, never a person's data.
    result = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())
    duplicate_of = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        related_name="duplicates",
        db_index=False,
        help_text=_("The request of the same person for the same thing that answers this one, too."),
    )

    objects = RightsRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=one_of("state", State.values), name="requests_state_known"),
            models.CheckConstraint(condition=one_of("right", Right.values), name="requests_right_known"),
            models.UniqueConstraint(fields=["case", "right"], name="requests_right_once_per_case"),
            models.CheckConstraint(
                condition=one_of("state", OPEN) | Q(answered_at__isnull=False),
                name="requests_closed_is_answered",
            ),
            models.CheckConstraint(
                condition=Q(state=State.DUPLICATE, duplicate_of__isnull=False)
                | ~Q(state=State.DUPLICATE) & Q(duplicate_of=None),
                name="requests_duplicate_names_the_other",
            ),
        ]
        indexes = [
            models.Index("due_on", "id", name="requests_open_due", condition=Q(state__in=[s.value for s in OPEN])),
            models.Index(
                "answered_at", "id", name="requests_closed_last", condition=Q(state__in=[s.value for s in CLOSED])
            ),
            models.Index("duplicate_of", name="requests_duplicates", condition=Q(duplicate_of__isnull=False)),
            models.Index("external_reference", name="requests_external", condition=~Q(external_reference="")),
        ]
        triggers = [
            pgtrigger.FSM(name="state_machine", field="state", transitions=PAIRS),
            # The state machine sees updates only: a row must also begin at the beginning, and not go all at once.
            pgtrigger.Protect(
                name="starts_received",
                operation=pgtrigger.Insert,
                condition=pgtrigger.Condition(f"NEW.state <> '{State.RECEIVED.value}'"),
            ),
            NO_TRUNCATE,
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def received_on(self) -> date:
        """The day from which its clock counts. A right that was added to a case later was exercised later."""
        day = self.facts.get("received")
        return date.fromisoformat(day) if day else self.case.received_on

    @property
    def is_open(self) -> bool:
        return self.state not in CLOSED

    @property
    def page(self) -> str:
        """Where staff work on it."""
        return reverse("admin:rights-request", args=[self.uuid])

    @property
    def allowed_moves(self) -> list[State]:
        """The states this request may go to next, in the order of the life of a request."""
        return [state for state in State if state in NEXT[State(self.state)]]

    def keep_clock(
        self, facts: dict[str, Any], *, due: date | None, notice_by: date | None, target: date | None
    ) -> None:
        """Store new facts with what requests/clock.py made of them."""
        self.facts, self.due_on, self.extension_notice_by, self.target_on = facts, due, notice_by, target
        self.save(update_fields=["facts", "due_on", "extension_notice_by", "target_on"])

    @transaction.atomic
    def move(
        self, to: State | str, *, actor: str, reason: str = "", answered_at: datetime | None = None, now: datetime
    ) -> RequestEvent:
        """Make one step and write it down: compare-and-swap, event and ledger entry in one transaction.

        `answered_at` is for an answer that is only written down now; the evidence still says when that was.
        Raises TransitionNotAllowed for a step that is not in the table or was made by somebody else meanwhile, and
        TasksPending or RecipientsOwed when an answer that claims to be complete would pass over a system that has not
        answered or a recipient that nobody has told.
        """
        old, new = State(self.state), State(to)
        if new not in NEXT[old]:
            raise TransitionNotAllowed
        answered = (answered_at or self.answered_at or now) if new in CLOSED else None
        other = self.duplicate_of_id if new == State.DUPLICATE else None
        if new == State.DUPLICATE and other in (None, self.pk):
            raise TransitionNotAllowed
        here = RightsRequest.objects.filter(pk=self.pk, state=old)
        if not here.update(state=new, answered_at=answered, duplicate_of=other):
            raise TransitionNotAllowed
        if new in CLAIMS_DONE and self.tasks.filter(outcome=Task.Outcome.PENDING).exists():
            raise TasksPending
        if new in CLAIMS_DONE and self.recipient_notices.owed().exists():
            raise RecipientsOwed
        self.state, self.answered_at, self.duplicate_of_id = new.value, answered, other
        self.case.settle(now=answered_at or now)
        entry = record(
            kind="request.moved",
            at=now,
            actor=actor,
            subject=self.case.subject.uuid if self.case.subject else None,
            object=self.uuid,
            data={"right": self.right, "from": old.value, "to": new.value, "reason": reason},
            test=self.case.is_test,
        )
        return self.events.create(old=old, new=new, actor=actor, reason=reason, at=now, entry=entry)
