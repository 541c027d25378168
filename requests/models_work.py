"""Rights: complaints, who asks for somebody else, what is said about a case, and what staff were reminded of."""

import uuid
from datetime import date, timedelta

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.models import User


class Outcome(models.TextChoices):
    """The law asks for an outcome and gives it no names (DPA 2018 s.164A(4)(b)); these are ours."""

    UPHELD = "upheld", _("Upheld")
    PARTLY = "partly", _("Partly upheld")
    NOT_UPHELD = "not_upheld", _("Not upheld")
    RESOLVED = "resolved", _("Resolved otherwise")


class Issue(models.TextChoices):
    """What a complaint is about, so that complaints can be counted by it."""

    NO_ANSWER = "no-answer", _("A request was not answered, or too late")
    ANSWER = "answer", _("The answer to a request was wrong or incomplete")
    MARKETING = "marketing", _("Marketing that was not wanted")
    DISCLOSED = "disclosed", _("Data was given to somebody it should not have reached")
    SECURITY = "security", _("Data was not kept safe")
    INACCURATE = "inaccurate", _("Data is wrong")
    EXCESSIVE = "excessive", _("More data is held than needed, or for too long")
    NO_BASIS = "no-basis", _("Data is used without a good reason")
    NOT_TOLD = "not-told", _("Not told what data is used for")
    AUTOMATED = "automated", _("A decision was made by a machine")
    STAFF = "staff", _("How somebody here behaved")
    OTHER = "other", _("Something else")


class Remedy(models.TextChoices):
    """What was done about it."""

    EXPLAINED = "explained", _("Explained")
    APOLOGISED = "apologised", _("Apologised")
    REQUEST_REOPENED = "request-reopened", _("Took the request up again")
    CORRECTED = "corrected", _("Corrected the data")
    DELETED = "deleted", _("Deleted the data")
    STOPPED = "stopped", _("Stopped using the data")
    PROCESS_CHANGED = "process-changed", _("Changed how we work")
    TRAINED = "trained", _("Trained staff")
    COMPENSATED = "compensated", _("Paid for damage or costs")


class Cause(models.TextChoices):
    """Why it came to the complaint: the lesson that can be counted."""

    PERSON = "person", _("Somebody made a mistake")
    PROCESS = "process", _("How we work made it likely")
    SYSTEM = "system", _("A system did not do what it should")
    SUPPLIER = "supplier", _("A supplier or processor")
    POLICY = "policy", _("A rule of ours was wrong or missing")
    MISUNDERSTANDING = "misunderstanding", _("Something was understood differently")
    NONE = "none", _("Nothing went wrong")


class ComplaintQuerySet(models.QuerySet["Complaint"]):
    def open(self) -> "ComplaintQuerySet":
        return self.filter(outcome="")

    def visible_to(self, user: User | AnonymousUser) -> "ComplaintQuerySet":
        """As for requests: every complaint, or those that are theirs and those that are nobody's."""
        if not user.has_perm("requests.view_complaint"):
            return self.none()
        if user.has_perm("requests.view_every_rightsrequest"):
            return self
        return self.filter(Q(case__owner=None) | Q(case__owner=user.pk))


class Complaint(models.Model):
    """A complaint to the controller (DPA 2018 s.164A): its own object, its own 30-day acknowledgement clock."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    reference = models.CharField(max_length=16, unique=True)
    case = models.ForeignKey("requests.CaseFile", models.PROTECT, related_name="complaints")
    # The request that it is about, when staff found one: a reference that somebody typed ties nothing.
    about = models.ForeignKey("requests.RightsRequest", models.PROTECT, null=True, related_name="complaints")
    received_on = models.DateField()
    acknowledge_by = models.DateField()
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_how = models.CharField(max_length=20, db_default="")
    issues = ArrayField(models.CharField(max_length=16, choices=Issue), default=list, db_default=[])
    outcome = models.CharField(max_length=20, blank=True, choices=Outcome)
    outcome_at = models.DateTimeField(null=True)
    remedies = ArrayField(models.CharField(max_length=20, choices=Remedy), default=list, db_default=[])
    cause = models.CharField(max_length=20, choices=Cause, db_default="")
    regulator_reference = models.CharField(max_length=60, db_default="")
    # Field "findings:<uuid>": JSON of requests/complaints.py's TEXTS, in words for the outcome letter.
    findings = models.BinaryField(null=True)

    objects = ComplaintQuerySet.as_manager()

    class Meta:
        indexes = [models.Index("acknowledge_by", "id", name="requests_complaint_open", condition=Q(outcome=""))]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="", outcome_at=None) | Q(outcome__in=Outcome.values, outcome_at__isnull=False),
                name="requests_complaint_outcome_dated",
            ),
            models.CheckConstraint(
                condition=Q(outcome="") | Q(acknowledged_at__isnull=False),
                name="requests_complaint_outcome_acknowledged",
            ),
            models.CheckConstraint(condition=Q(cause="") | Q(cause__in=Cause.values), name="requests_complaint_cause"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_open(self) -> bool:
        return not self.outcome

    @property
    def page(self) -> str:
        """Where staff work on it."""
        return reverse("admin:complaint", args=[self.uuid])

    @property
    def alarm_on(self) -> date:
        """The day on which a complaint that nobody acknowledged becomes an alarm: nine days are left."""
        return self.received_on + timedelta(days=21)


class ComplaintStep(models.Model):
    """What was done about a complaint on the way: enquiries made, and progress told (DPA 2018 s.164A(5))."""

    class Kind(models.TextChoices):
        ENQUIRY = "enquiry", _("Enquiry made")
        PROGRESS = "progress", _("Told the person how it stands")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    complaint = models.ForeignKey(Complaint, models.CASCADE, related_name="steps")
    kind = models.CharField(max_length=8, choices=Kind)
    sealed = models.BinaryField(help_text='Field "step:<uuid>": the words.')
    actor = models.CharField(max_length=60)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"step {self.uuid}"


class Representation(models.Model):
    """Somebody asks for the person of the case. Nothing is disclosed to their word alone: authority must be shown.

    For a child it also matters whether the child understands the right: then it is the child's to exercise.
    """

    class Capacity(models.TextChoices):
        AGENT = "agent", _("Somebody they asked: friend, relative, adviser")
        SOLICITOR = "solicitor", _("Solicitor")
        ATTORNEY = "attorney", _("Attorney, deputy or guardian")
        PARENT = "parent", _("Parent, or holder of parental responsibility")
        OTHER = "other", _("Other")

    class Authority(models.TextChoices):
        SIGNED = "signed", _("The person signed that they may act")
        POWER = "power", _("Power of attorney, or an order of a court")
        PARENTAL = "parental", _("Parental responsibility was shown")
        SAID_SO = "said-so", _("The person told us themselves")

    class Competence(models.TextChoices):
        ADULT = "adult", _("The person is no child")
        UNKNOWN = "unknown", _("A child; not looked into yet")
        UNDERSTANDS = "understands", _("A child who understands the right")
        TOO_YOUNG = "too-young", _("A child who does not understand it yet")

    case = models.OneToOneField("requests.CaseFile", models.CASCADE, related_name="representation")
    capacity = models.CharField(max_length=10, choices=Capacity)
    competence = models.CharField(max_length=12, choices=Competence, default=Competence.ADULT)
    authority = models.CharField(max_length=10, choices=Authority, blank=True)
    shown_at = models.DateTimeField(null=True)
    shown_by = models.CharField(max_length=60, blank=True)
    note = models.BinaryField(null=True, help_text='Field "authority": what was looked at.')

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(authority="") | Q(shown_at__isnull=False, shown_by__gt=""),
                name="requests_authority_is_dated",
            ),
        ]

    def __str__(self) -> str:
        return f"representation {self.pk}"


class Comment(models.Model):
    """A note of staff for staff. The person sees it with a copy of their data, like everything else about them."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey("requests.CaseFile", models.CASCADE, related_name="comments")
    sealed = models.BinaryField(help_text='Field "comment:<uuid>".')
    actor = models.CharField(max_length=60)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"comment {self.uuid}"


class MessageQuerySet(models.QuerySet["Message"]):
    def waiting(self) -> "MessageQuerySet":
        """From the person, and nobody has dealt with it."""
        return self.filter(direction="in", handled_at=None)


class Message(models.Model):
    """Said between the person and us about a case. What comes from the person waits until somebody dealt with it."""

    class Direction(models.TextChoices):
        IN = "in", _("From the person")
        OUT = "out", _("From us")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey("requests.CaseFile", models.CASCADE, related_name="messages")
    direction = models.CharField(max_length=3, choices=Direction)
    # Whoever wrote it had shown that the mailbox of the case is theirs. Others left it with the reference alone.
    is_proven = models.BooleanField()
    # "You missed something": asks that an answered request be taken up again.
    asks_again = models.BooleanField(default=False)
    sealed = models.BinaryField(help_text='Field "message:<uuid>".')
    actor = models.CharField(max_length=60)
    at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True)
    handled_by = models.CharField(max_length=60, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        indexes = [models.Index("at", name="requests_message_waiting", condition=Q(direction="in", handled_at=None))]
        constraints = [
            models.CheckConstraint(
                condition=Q(handled_at=None) | Q(handled_by__gt=""), name="requests_message_handled_by_somebody"
            ),
        ]

    def __str__(self) -> str:
        return f"message {self.uuid}"


class Attachment(models.Model):
    """A file that came with a message. Looked at by its content, sealed, and only ever given out as a download."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    message = models.ForeignKey(Message, models.CASCADE, related_name="attachments")
    media_type = models.CharField(max_length=80)
    size = models.PositiveIntegerField()
    name = models.BinaryField(help_text='Field "attachment-name:<uuid>".')
    sealed = models.BinaryField(help_text='Field "attachment:<uuid>".')

    def __str__(self) -> str:
        return f"attachment {self.uuid}"


class VisitCode(models.Model):
    """A fresh e-mailed code that opens the messages of a case. Attempts are counted here, as for an answer."""

    case = models.ForeignKey("requests.CaseFile", models.CASCADE, related_name="codes")
    code_mac = models.BinaryField()
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(attempts__lte=5), name="requests_visit_attempts_bounded")]

    def __str__(self) -> str:
        return f"visit code {self.pk}"


class Reminder(models.Model):
    """What staff were reminded of. The row and its mail are one transaction, so each is sent once."""

    class Kind(models.TextChoices):
        WEEK = "week", _("Due in seven days")
        TOMORROW = "tomorrow", _("Due tomorrow")
        OVERDUE = "overdue", _("Overdue")
        COMPLAINT = "complaint", _("Complaint not acknowledged on day 21")
        DIGEST = "digest", _("Daily list of what is overdue")

    kind = models.CharField(max_length=10, choices=Kind)
    request = models.ForeignKey("requests.RightsRequest", models.CASCADE, null=True, related_name="reminders")
    complaint = models.ForeignKey(Complaint, models.CASCADE, null=True, related_name="reminders")
    # Of a digest: whose list it was; empty for the privacy mailbox.
    owner = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    # The date it was due, or the day of the digest: an extended request is due again on another day.
    day = models.DateField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "request", "complaint", "owner", "day"],
                nulls_distinct=False,
                name="requests_reminded_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.day}"
