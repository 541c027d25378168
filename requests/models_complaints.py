"""Rights: complaints, what they are about, and what was done about them. Read with requests/models.py."""

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
    # When something told the person so, and not before: an outcome that waits to be posted has told nobody anything.
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_how = models.CharField(max_length=20, db_default="")
    # The message that acknowledged it: a bounce names it, and undoes it.
    acknowledged_message = models.UUIDField(null=True)
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
        indexes = [
            models.Index("acknowledge_by", "id", name="requests_complaint_open", condition=Q(outcome="")),
            models.Index("outcome_at", "id", name="requests_complaint_closed", condition=Q(outcome_at__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="", outcome_at=None) | Q(outcome__in=Outcome.values, outcome_at__isnull=False),
                name="requests_complaint_outcome_dated",
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
