"""The privacy mailbox: every message that came, sealed whole, and what became of it."""

import uuid

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from breaches.models import Breach
from core.models import Owner, User
from requests.models import CaseFile, Complaint, Right

# Under whose key a message may be sealed: its own, or that of what it became a part of.
HOLDERS = (Owner.MAIL, Owner.CASE, Owner.BREACH)


class Kind(models.TextChoices):
    """What a message is. The first are confirmed by staff, the last four are known from the message itself."""

    RIGHTS = "rights", _("Rights request")
    COMPLAINT = "complaint", _("Complaint")
    WITHDRAWAL = "withdrawal", _("Consent withdrawn, or no more marketing")
    QUERY = "query", _("Question about privacy")
    AUTHORITY = "authority", _("Regulator, police or solicitor")
    BREACH = "breach", _("Breach notice from a processor")
    PROCESSOR = "processor", _("We are only the processor")
    NOT_OURS = "not-ours", _("Not ours")
    SPAM = "spam", _("Spam")
    REPLY = "reply", _("About a case we have")
    BOUNCE = "bounce", _("Could not be delivered")
    AUTOMATIC = "automatic", _("Automatic reply")
    OWN = "own", _("Our own note")


class Automatic(models.TextChoices):
    """Sent by a machine: never acknowledged (RFC 3834)."""

    BOUNCE = "bounce", _("delivery report")
    REPLY = "auto-reply", _("automatic reply")
    GENERATED = "generated", _("sent by a machine")
    BULK = "bulk", _("sent to many")
    OWN = "own", _("sent by ourselves")


class State(models.TextChoices):
    NEW = "new", _("To be sorted")
    WAITING = "waiting", _("To be read")
    TRAY = "tray", _("In the tray")
    DONE = "done", _("Done")


class Box(models.TextChoices):
    INBOX = "inbox", _("Inbox")
    JUNK = "junk", _("Junk folder")


class MailQuerySet(models.QuerySet["Mail"]):
    def visible_to(self, user: User | AnonymousUser) -> "MailQuerySet":
        """What belongs to a case is for those who may see the case; the rest is for everybody who sorts mail."""
        if not user.has_perm("inbox.view_mail"):
            return self.none()
        if user.has_perm("requests.view_every_rightsrequest"):
            return self
        return self.filter(Q(case=None) | Q(case__owner=None) | Q(case__owner=user.pk))

    def for_list(self) -> "MailQuerySet":
        """Without the messages themselves, which may be large."""
        return self.defer("raw").select_related("case", "complaint", "breach")


class Mail(models.Model):
    """One message. What it says is sealed; what stands here in the clear names nobody."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    schema_version = models.PositiveSmallIntegerField(default=1)
    box = models.CharField(max_length=5, choices=Box)
    # A keyed hash of Message-ID, sender, date, subject and body: the same message again is the same row.
    fingerprint = models.BinaryField(unique=True)
    arrived_at = models.DateTimeField(help_text=_("When the server received it. Time runs from here."))
    taken_at = models.DateTimeField()
    size = models.PositiveBigIntegerField()
    is_partial = models.BooleanField(default=False, help_text=_("Too large: only its beginning was fetched."))
    automatic = models.CharField(max_length=10, choices=Automatic, blank=True)
    is_forwarded = models.BooleanField(default=False)
    # The day that a forwarded message names for the first writer: it may be due earlier than it seems.
    written_on = models.DateField(null=True)
    suggested = models.CharField(max_length=10, choices=Kind)
    rights = ArrayField(models.CharField(max_length=16, choices=Right), default=list)
    reasons = ArrayField(models.CharField(max_length=30), default=list, help_text="Codes of inbox/rules.py.")
    state = models.CharField(max_length=8, choices=State, default=State.NEW)
    kind = models.CharField(max_length=10, choices=Kind, blank=True)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=60, blank=True)
    # The message as it came, and what was read out of it as JSON (inbox/reading.py).
    raw = models.BinaryField(null=True)
    digest = models.BinaryField(null=True)
    holder = models.CharField(max_length=12, default=Owner.MAIL)
    holder_id = models.UUIDField()
    case = models.ForeignKey(CaseFile, models.PROTECT, null=True, related_name="mails")
    complaint = models.ForeignKey(Complaint, models.PROTECT, null=True, related_name="mails")
    breach = models.ForeignKey(Breach, models.PROTECT, null=True, related_name="mails")
    # The row of the outbox whose delivery failed.
    bounced = models.UUIDField(null=True)

    objects = MailQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "mail"
        indexes = [
            models.Index("state", "box", "id", name="inbox_mail_open", condition=~Q(state="done")),
            models.Index(fields=["state", "-id"], name="inbox_mail_by_state"),
            models.Index("settled_at", name="inbox_mail_settled", condition=Q(raw__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="inbox_mail_state_known"),
            models.CheckConstraint(condition=Q(kind__in=["", *Kind.values]), name="inbox_mail_kind_known"),
            models.CheckConstraint(condition=Q(suggested__in=Kind.values), name="inbox_mail_suggestion_known"),
            models.CheckConstraint(
                condition=Q(holder__in=[str(one) for one in HOLDERS]), name="inbox_mail_holder_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | (Q(settled_at__isnull=False) & ~Q(kind="")),
                name="inbox_mail_done_is_settled",
            ),
            # What nobody has looked at is never emptied.
            models.CheckConstraint(
                condition=Q(state="done") | Q(raw__isnull=False) | ~Q(holder="mail"), name="inbox_mail_open_is_kept"
            ),
        ]

    def __str__(self) -> str:
        return f"mail {self.uuid}"

    @property
    def raw_is_kept(self) -> bool:
        """Whether what it says is still there; asked without fetching it."""
        return Mail.objects.filter(pk=self.pk, raw__isnull=False).exists()


class Location(models.Model):
    """Where a message lay on the server. UIDs are only unique within a folder and its UIDVALIDITY (RFC 9051 2.3.1)."""

    mail = models.ForeignKey(Mail, models.CASCADE, related_name="locations")
    place = models.CharField(max_length=64, help_text="A hash of account and folder.")
    uid_validity = models.BigIntegerField()
    uid = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["place", "uid_validity", "uid"], name="inbox_location_is_unique")
        ]

    def __str__(self) -> str:
        return f"{self.uid_validity}/{self.uid}"


class Poll(models.Model):
    """The one row that says who is polling, and when that last went well."""

    name = models.CharField(primary_key=True, max_length=20)
    lease = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=100, blank=True, help_text="The kind of the last failure, never its text.")

    def __str__(self) -> str:
        return self.name
