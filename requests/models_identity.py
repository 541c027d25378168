"""Rights: what we asked of the person that the clock counts with, and the evidence of who they are."""

import uuid
from datetime import date, datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    """What is asked or told."""

    IDENTITY = "identity", _("Proof of identity")
    CLARIFICATION = "clarification", _("What the request is about")
    EXTENSION = "extension", _("Two more months")
    FEE = "fee", _("A fee")
    WHERE = "where", _("Where else to look")
    REFUSAL = "refusal", _("Refusing the whole request")
    EXAM = "exam", _("Exam marks")


class Ended(models.TextChoices):
    """How it ended. Empty while it is in force."""

    ANSWERED = "answered", _("Answered")
    NOT_ENOUGH = "not_enough", _("What came was not enough")
    TAKEN_BACK = "taken_back", _("Taken back by us")
    NOT_GIVEN = "not_given", _("Its letter did not arrive in time")
    DONE = "done", _("Done")


class AskingQuerySet(models.QuerySet["Asking"]):
    def in_force(self) -> "AskingQuerySet":
        return self.filter(ended="")


class Asking(models.Model):
    """One notice or question to the person that moves the due date, with our reason for it (UK GDPR Art 12A).

    It counts from the day its letter was given; exam marks have no letter, and wait for the day of the results. What
    was written in it is sealed under the key of the case.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey("requests.CaseFile", models.CASCADE, related_name="askings")
    # The request it is about. A doubt about who asks is about every request of the case that may wait for it.
    request = models.ForeignKey("requests.RightsRequest", models.CASCADE, related_name="askings")
    kind = models.CharField(max_length=14, choices=Kind)
    reason = models.CharField(max_length=40, help_text=_("A reason code of requests/asking.py."))
    sealed = models.BinaryField(null=True, help_text='Field "asking": JSON of the words.')
    is_late = models.BooleanField(default=False, help_text=_("Later than it should be asked: needs a second person."))
    proposed_by = models.CharField(max_length=60)
    proposed_at = models.DateTimeField()
    approved_by = models.CharField(max_length=60, blank=True)
    letter = models.OneToOneField("requests.Letter", models.SET_NULL, null=True, related_name="asking")
    given_on = models.DateField(
        null=True, help_text=_("The day that counts: when its letter was given, or of results.")
    )
    reminder = models.OneToOneField("requests.Letter", models.SET_NULL, null=True, related_name="+")
    # When proof, an answer or the money arrived.
    arrived_on = models.DateField(null=True)
    answer = models.BinaryField(null=True, help_text='Field "answer": what the person answered.')
    token_hash = models.BinaryField(null=True, unique=True, help_text="Of the link to the page on which to answer.")
    ended = models.CharField(max_length=12, choices=Ended, blank=True, db_default="")
    ended_at = models.DateTimeField(null=True)

    objects = AskingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["request", "kind"], condition=Q(ended=""), name="requests_asking_one_in_force"
            ),
            models.CheckConstraint(
                condition=Q(arrived_on=None) | Q(given_on__isnull=False, arrived_on__gte=F("given_on")),
                name="requests_asking_answered_after",
            ),
            models.CheckConstraint(
                condition=Q(ended="", ended_at=None) | Q(ended__gt="", ended_at__isnull=False),
                name="requests_asking_ended_when",
            ),
            models.CheckConstraint(
                condition=Q(is_late=False) | Q(letter=None) | (~Q(approved_by="") & ~Q(approved_by=F("proposed_by"))),
                name="requests_asking_late_is_approved",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.uuid}"

    @property
    def is_in_force(self) -> bool:
        return not self.ended

    def end(self, how: Ended, *, now: datetime) -> None:
        self.ended, self.ended_at = how, now
        self.save(update_fields=["ended", "ended_at"])

    def give(self, day: date | None) -> None:
        """Note the day on which its letter was given; none when it came back."""
        self.given_on = day
        self.save(update_fields=["given_on"])

    def arrive(self, day: date) -> None:
        self.arrived_on = day
        self.save(update_fields=["arrived_on"])


class Evidence(models.Model):
    """Something that shows who asks. Sealed under a key of its own, and destroyed as soon as the doubt is decided."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey("requests.CaseFile", models.CASCADE, related_name="evidence")
    kind = models.CharField(max_length=20)
    sealed = models.BinaryField(null=True, help_text='Field "evidence": JSON of the note, and the file in base64.')
    media_type = models.CharField(max_length=40, blank=True)
    arrived_on = models.DateField()
    added_by = models.CharField(max_length=60)
    added_at = models.DateTimeField()
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(destroyed_at=None, sealed__isnull=False) | Q(destroyed_at__isnull=False, sealed=None),
                name="requests_evidence_sealed_or_gone",
            )
        ]
        indexes = [models.Index("case", name="requests_evidence_held", condition=Q(destroyed_at=None))]

    def __str__(self) -> str:
        return f"evidence {self.uuid}"
