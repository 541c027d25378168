"""Rights: case files, requests and complaints, what was decided, what was answered, and who moved what."""

import uuid

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from core.models import RuleSet, User
from processing.models import Purpose, System
from requests.workflow import CLOSED, OPEN, PAIRS, State
from subjects.models import DataSubject


class Right(models.TextChoices):
    """The rights of UK GDPR, named as the API names them."""

    ACCESS = "access", _("Get a copy of your data")
    RECTIFICATION = "rectification", _("Have your data corrected")
    ERASURE = "erasure", _("Have your data deleted")
    RESTRICTION = "restriction", _("Limit how your data is used")
    PORTABILITY = "portability", _("Take your data elsewhere")
    OBJECTION = "objection", _("Object to how your data is used")
    WITHDRAWAL = "withdrawal", _("Withdraw a consent")
    ADM_REVIEW = "adm_review", _("Have an automated decision reviewed")


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
    # Field "claim": JSON of the requester as claimed (name, email, phone, details, representative).
    claim = models.BinaryField(null=True)
    # Blind index of the claimed e-mail: finds a second letter from the same address; selects no person.
    claim_blind = models.BinaryField(null=True)
    rule_set = models.ForeignKey(RuleSet, models.PROTECT, related_name="+")
    received_at = models.DateTimeField()
    received_on = models.DateField(help_text=_("Local date of arrival, on whatever channel."))
    confirmed_at = models.DateTimeField(null=True, help_text=_("When control of the mailbox was shown."))
    confirm_hash = models.BinaryField(null=True, unique=True)
    confirm_expires_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    owner = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    is_test = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index("claim_blind", name="requests_case_claim", condition=Q(claim_blind__isnull=False))]

    def __str__(self) -> str:
        return f"case {self.uuid}"


class RightsRequest(models.Model):
    """One right exercised in a case, with its own reference, clock, state and answer."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    reference = models.CharField(max_length=16, unique=True)
    case = models.ForeignKey(CaseFile, models.PROTECT, related_name="requests")
    right = models.CharField(max_length=16, choices=Right)
    state = models.CharField(max_length=20, choices=State, default=State.RECEIVED)
    # Dated facts the clock is computed from (requests/clock.py); the results are stored, not recomputed on read.
    facts = models.JSONField(default=dict)
    due_on = models.DateField(null=True, help_text=_("Empty while the clock is paused or has not started."))
    extension_notice_by = models.DateField(null=True)
    target_on = models.DateField(null=True)
    answered_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="requests_state_known"),
            models.CheckConstraint(condition=Q(right__in=Right.values), name="requests_right_known"),
            models.UniqueConstraint(fields=["case", "right"], name="requests_right_once_per_case"),
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in OPEN]) | Q(answered_at__isnull=False),
                name="requests_closed_is_answered",
            ),
        ]
        indexes = [
            models.Index("due_on", "id", name="requests_open_due", condition=Q(state__in=[s.value for s in OPEN]))
        ]
        triggers = [pgtrigger.FSM(name="state_machine", field="state", transitions=PAIRS)]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_open(self) -> bool:
        return self.state not in CLOSED


class RequestEvent(models.Model):
    """One move. Append-only; names the actor and a reason code, never a person's data."""

    request = models.ForeignKey(RightsRequest, models.PROTECT, related_name="events")
    old = models.CharField(max_length=20, blank=True)
    new = models.CharField(max_length=20)
    actor = models.CharField(max_length=60)
    reason = models.CharField(max_length=60, blank=True)
    at = models.DateTimeField()
    entry = models.UUIDField()

    class Meta:
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.old}→{self.new}"


class Task(models.Model):
    """What one system still owes this request. No answer is an answer only when it is written down as one."""

    class Outcome(models.TextChoices):
        PENDING = "pending", _("No answer yet")
        DONE = "done", _("Done")
        NOTHING_FOUND = "nothing_found", _("Nothing found")
        RETAINED = "retained", _("Retained, with a reason")
        FAILED = "failed", _("Failed")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    request = models.ForeignKey(RightsRequest, models.CASCADE, related_name="tasks")
    system = models.ForeignKey(System, models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=14, choices=Outcome, default=Outcome.PENDING)
    reason = models.CharField(max_length=60, blank=True)
    count = models.PositiveIntegerField(null=True)
    answered_by = models.CharField(max_length=60, blank=True)
    answered_at = models.DateTimeField(null=True)
    entry = models.UUIDField(null=True, help_text=_("The ledger entry that is the receipt."))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "system"], name="requests_task_once_per_system"),
            models.CheckConstraint(
                condition=Q(outcome="pending") | Q(answered_at__isnull=False, entry__isnull=False),
                name="requests_task_answer_has_receipt",
            ),
            models.CheckConstraint(
                condition=~Q(outcome__in=["retained", "failed"]) | ~Q(reason=""), name="requests_task_gap_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"task {self.uuid}"


class Decision(models.Model):
    """What was decided about one purpose: the computed proposal, and what the DPO made of it."""

    class Outcome(models.TextChoices):
        GRANT = "grant", _("Grant")
        REFUSE = "refuse", _("Refuse")

    request = models.ForeignKey(RightsRequest, models.CASCADE, related_name="decisions")
    purpose = models.ForeignKey(Purpose, models.PROTECT, related_name="+")
    purpose_version = models.PositiveSmallIntegerField()
    proposed = models.CharField(max_length=6, choices=Outcome)
    proposed_reason = models.CharField(max_length=60)
    outcome = models.CharField(max_length=6, choices=Outcome, blank=True)
    reason = models.CharField(max_length=60, blank=True, help_text=_("A reason code of requests/rights.py."))
    note = models.BinaryField(null=True, help_text=_("Sealed words of the DPO for the letter."))
    decided_by = models.CharField(max_length=60, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "purpose"], name="requests_decision_once_per_purpose"),
            models.CheckConstraint(
                condition=Q(outcome="") | Q(reason__gt="", decided_by__gt="", decided_at__isnull=False),
                name="requests_decision_is_reasoned",
            ),
        ]

    def __str__(self) -> str:
        return f"decision {self.pk}"


class Letter(models.Model):
    """What we wrote to the person. Kept sealed in the case; what travels is a notice with a link."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey(CaseFile, models.CASCADE, related_name="letters")
    request = models.ForeignKey(RightsRequest, models.CASCADE, null=True, related_name="letters")
    kind = models.CharField(max_length=30)
    template_version = models.PositiveSmallIntegerField(default=1)
    sealed = models.BinaryField(help_text='Field "letter": HTML.')
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.uuid}"


class Package(models.Model):
    """The copy of a person's data, ready to be collected. Frozen when made; goes when it expires."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    request = models.OneToOneField(RightsRequest, models.CASCADE, related_name="package")
    sealed = models.BinaryField(null=True, help_text='Field "package": a ZIP file. Empty once expired.')
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    token_hash = models.BinaryField(unique=True, help_text="Of the link in the notice.")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    first_collected_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"package {self.uuid}"


class CollectionCode(models.Model):
    """A fresh e-mailed code. Attempts are counted here, in PostgreSQL, where they cannot be lost."""

    package = models.ForeignKey(Package, models.CASCADE, related_name="codes")
    code_mac = models.BinaryField()
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(attempts__lte=5), name="requests_code_attempts_bounded")]

    def __str__(self) -> str:
        return f"code {self.pk}"


class Complaint(models.Model):
    """A complaint to the controller (DPA 2018 s.164A): its own object, its own 30-day acknowledgement clock."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    reference = models.CharField(max_length=16, unique=True)
    case = models.ForeignKey(CaseFile, models.PROTECT, related_name="complaints")
    received_on = models.DateField()
    acknowledge_by = models.DateField()
    acknowledged_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, blank=True)
    outcome_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.reference
