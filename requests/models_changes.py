"""Rights: what is corrected, restricted or decided again, and who else is told of it. Read with requests/models.py.

Rows point to data and identifiers by public id, without foreign keys, so that an erasure never waits for them.
"""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from processing.models import DecisionSystem, Purpose, Recipient


class NoticeQuerySet(models.QuerySet["RecipientNotice"]):
    def owed(self) -> "NoticeQuerySet":
        """Neither told nor shown to be impossible."""
        return self.filter(sent_at=None, impossible_reason="")


class RecipientNotice(models.Model):
    """Telling one recipient of a correction, erasure or restriction, with what proves it (UK GDPR Art 19)."""

    class Action(models.TextChoices):
        CORRECTED = "corrected", _("Corrected")
        ERASED = "erased", _("Erased")
        RESTRICTED = "restricted", _("Restricted")

    class Channel(models.TextChoices):
        MAIL = "mail", _("E-mail that we sent")
        LETTER = "letter", _("Letter")
        PHONE = "phone", _("Telephone")
        PORTAL = "portal", _("Their portal or a ticket there")
        IN_PERSON = "in_person", _("In person")

    class Impossible(models.TextChoices):
        GONE = "recipient-gone", _("The recipient no longer exists, and nobody took over its data")
        UNREACHABLE = "unreachable", _("The recipient cannot be reached by any means we know")
        NOT_HELD = "no-longer-held", _("The recipient has shown that it no longer holds the data")
        EFFORT = "disproportionate", _("Telling it would take effort out of proportion to what it would change")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    request = models.ForeignKey("requests.RightsRequest", models.CASCADE, related_name="recipient_notices")
    recipient = models.ForeignKey(Recipient, models.PROTECT, related_name="+")
    action = models.CharField(max_length=10, choices=Action)
    channel = models.CharField(max_length=10, choices=Channel, blank=True)
    sent_at = models.DateTimeField(null=True)
    mail = models.UUIDField(null=True, help_text="The message in the outbox that tells whether it arrived.")
    acknowledged_at = models.DateTimeField(null=True)
    impossible_reason = models.CharField(max_length=20, choices=Impossible, blank=True)
    note = models.BinaryField(null=True, help_text='Field "notice:<uuid>": why, in the words of staff.')
    recorded_by = models.CharField(max_length=60, blank=True)
    entry = models.UUIDField(null=True, help_text=_("The ledger entry that is the receipt."))

    objects = NoticeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "recipient", "action"], name="requests_notice_once"),
            models.CheckConstraint(
                condition=Q(sent_at=None, channel="") | Q(sent_at__isnull=False) & ~Q(channel=""),
                name="requests_notice_sent_names_channel",
            ),
            models.CheckConstraint(
                condition=Q(sent_at=None) | Q(impossible_reason=""), name="requests_notice_sent_is_possible"
            ),
            models.CheckConstraint(
                condition=Q(sent_at=None, impossible_reason="") | Q(entry__isnull=False, recorded_by__gt=""),
                name="requests_notice_has_receipt",
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_at=None) | Q(sent_at__isnull=False), name="requests_notice_reply_to_one_sent"
            ),
        ]

    def __str__(self) -> str:
        return f"notice {self.uuid}"

    @property
    def is_owed(self) -> bool:
        return self.sent_at is None and not self.impossible_reason


class Correction(models.Model):
    """One thing that the person says is wrong, and what was made of it (Art 16). It never keeps the old value."""

    class Target(models.TextChoices):
        IDENTIFIER = "identifier", _("Address or number")
        CONTENT = "content", _("Data in use")
        STATEMENT = "statement", _("Document that stays as it was")

    class Outcome(models.TextChoices):
        ACCEPT = "accept", _("Correct it")
        REFUSE = "refuse", _("Leave it as it is")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    request = models.ForeignKey("requests.RightsRequest", models.CASCADE, related_name="corrections")
    target = models.CharField(max_length=10, choices=Target)
    # Public id of the item or the identifier. An identifier gets a new one when it is corrected.
    about = models.UUIDField()
    what = models.CharField(max_length=100, help_text=_("Category of data, or kind of identifier."))
    # Field "correction:<uuid>": JSON with the part of the content, the new value, and the words for the letter.
    sealed = models.BinaryField()
    proposed_by = models.CharField(max_length=60)
    proposed_at = models.DateTimeField()
    outcome = models.CharField(max_length=6, choices=Outcome, blank=True)
    reason = models.CharField(max_length=60, blank=True, help_text=_("A reason code of requests/reasons.py."))
    decided_by = models.CharField(max_length=60, blank=True)
    decided_at = models.DateTimeField(null=True)
    applied_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="") | Q(reason__gt="", decided_by__gt="", decided_at__isnull=False),
                name="requests_correction_is_reasoned",
            ),
            models.CheckConstraint(
                condition=Q(applied_at=None) | Q(outcome="accept"), name="requests_correction_applied_was_accepted"
            ),
        ]

    def __str__(self) -> str:
        return f"correction {self.uuid}"


class DecisionScope(models.Model):
    """The items of a purpose that a restriction is about. Without a row it is about all of them."""

    request = models.ForeignKey("requests.RightsRequest", models.CASCADE, related_name="scopes")
    purpose = models.ForeignKey(Purpose, models.PROTECT, related_name="+")
    items = ArrayField(models.UUIDField())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "purpose"], name="requests_scope_once_per_purpose"),
            models.CheckConstraint(condition=~Q(items=[]), name="requests_scope_names_items"),
        ]

    def __str__(self) -> str:
        return f"scope {self.pk}"


class DecisionReview(models.Model):
    """A decision that a computer made, looked at again by a person who may change it (Arts 22A to 22D)."""

    class Asked(models.TextChoices):
        INFORMATION = "information", _("Information about the decision")
        REPRESENTATIONS = "representations", _("Their own view to be heard")
        HUMAN_REVIEW = "human_review", _("A person to look at it")
        CONTEST = "contest", _("The decision to be changed")

    class Outcome(models.TextChoices):
        CONFIRMED = "confirmed", _("The decision stands")
        CHANGED = "changed", _("The decision is changed")
        NONE = "none", _("No decision was made by computer alone")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    request = models.ForeignKey("requests.RightsRequest", models.CASCADE, related_name="reviews")
    system = models.ForeignKey(DecisionSystem, models.PROTECT, null=True, related_name="+")
    asked = ArrayField(models.CharField(max_length=16, choices=Asked))
    # Field "review:<uuid>": JSON with what was decided, what the person says, what was looked at, and the reasons.
    sealed = models.BinaryField()
    opened_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    # What makes the involvement of a person meaningful: each is said by the reviewer, or the review does not count.
    had_authority = models.BooleanField(default=False)
    saw_everything = models.BooleanField(default=False)
    heard_person = models.BooleanField(default=False)
    reviewed_by = models.CharField(max_length=60, blank=True)
    reviewed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="") | Q(reviewed_by__gt="", reviewed_at__isnull=False),
                name="requests_review_names_reviewer",
            ),
            models.CheckConstraint(
                condition=~Q(outcome__in=["confirmed", "changed"])
                | Q(had_authority=True, saw_everything=True, heard_person=True, system__isnull=False),
                name="requests_review_is_meaningful",
            ),
            models.CheckConstraint(condition=~Q(asked=[]), name="requests_review_asks_something"),
        ]

    def __str__(self) -> str:
        return f"review {self.uuid}"
