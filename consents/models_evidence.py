"""Choices: what shows that consent was given where no page of ours was, and whose "yes" a changed form outgrew."""

import uuid

from django.db import models
from django.db.models import Q

from processing.models import Purpose


class ConsentEvidence(models.Model):
    """What proves one consent that staff entered: the signed paper, the note of a call, what a seller showed us.

    Sealed under the consent's own key, so it goes with the proof.
    """

    class Kind(models.TextChoices):
        PAPER = "paper"
        PHONE = "phone"
        IN_PERSON = "in_person"
        THIRD_PARTY = "third_party"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    consent = models.UUIDField(db_index=True)
    kind = models.CharField(max_length=12, choices=Kind)
    # Field "evidence-note:<uuid>": who, when, how and what they were told, as JSON.
    note = models.BinaryField()
    # Fields "evidence-name:<uuid>" and "evidence:<uuid>"; both empty where only a note was made.
    name = models.BinaryField(null=True)
    sealed = models.BinaryField(null=True)
    media_type = models.CharField(max_length=100, blank=True)
    size = models.PositiveIntegerField(default=0)
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=60)
    entry = models.UUIDField(help_text="The ledger entry that proves it.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(name=None, sealed=None) | Q(name__isnull=False, sealed__isnull=False),
                name="consents_evidence_file_has_name",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["paper", "third_party"]) | Q(sealed__isnull=False),
                name="consents_evidence_of_paper_is_a_file",
            ),
        ]

    def __str__(self) -> str:
        return f"evidence {self.uuid}"


class ConsentRenewal(models.Model):
    """A "yes" that covers what the form used to ask, and from `until` on is not enough.

    It is open while that very "yes" still stands; any later answer, and any withdrawal, settles it by itself.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    form_version = models.ForeignKey("consents.ConsentFormVersion", models.PROTECT, related_name="renewals")
    subject = models.UUIDField(db_index=True)
    purpose = models.ForeignKey(Purpose, models.PROTECT, related_name="+")
    channel = models.CharField(max_length=10, blank=True)
    event = models.UUIDField(unique=True, help_text="The answer that no longer covers what is asked.")
    until = models.DateTimeField()
    asked_at = models.DateTimeField(null=True)
    kept_back = models.BooleanField(default=False, help_text="Nobody may write to them, or nobody can.")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index("until", name="consents_renewal_due", condition=Q(ended_at=None)),
            models.Index(
                "id", name="consents_renewal_to_ask", condition=Q(asked_at=None, kept_back=False, ended_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"renewal {self.uuid}"
