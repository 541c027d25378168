"""Rights: who asks for somebody else, what is said about a case, and what staff were reminded of."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models import User


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
    complaint = models.ForeignKey("requests.Complaint", models.CASCADE, null=True, related_name="reminders")
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
