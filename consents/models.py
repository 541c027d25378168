"""Choices: what people were asked, what they answered, and what that allows."""

import uuid

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from consents.models_assessments import Assessment as Assessment
from consents.models_assessments import AssessmentReview as AssessmentReview
from consents.models_assessments import AssessmentVersion as AssessmentVersion
from consents.models_evidence import ConsentEvidence as ConsentEvidence
from consents.models_evidence import ConsentRenewal as ConsentRenewal
from consents.models_importing import ConsentImport as ConsentImport
from consents.models_importing import ImportFault as ImportFault
from consents.models_pending import PendingConsent as PendingConsent
from consents.models_preferences import MailboxCheck as MailboxCheck
from consents.models_preferences import MailboxCode as MailboxCode
from consents.models_preferences import Pause as Pause
from consents.models_reminders import ConsentReminder as ConsentReminder
from consents.models_webhooks import Webhook as Webhook
from core.constraints import one_of
from processing.models import Channel, Purpose


class Status(models.TextChoices):
    """Consent states by the names of W3C DPV 2.3 (dpv:hasConsentStatus); the export adds the prefix."""

    REQUESTED = "requested", _("Requested")
    # They were asked and want to decide later: no answer, so it displaces none (consents/deferring.py).
    DEFERRED = "deferred", _("To be asked later")
    GIVEN = "given", _("Given")
    RENEWED = "renewed", _("Renewed")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    EXPIRED = "expired", _("Expired")
    INVALIDATED = "invalidated", _("Invalidated")
    # We ended it ourselves: the person has said nothing.
    REVOKED = "revoked", _("Ended by us")
    # Somebody else says that it was given, and nothing shows yet that we were named. Never enough to do anything.
    UNKNOWN = "unknown", _("Unknown")


class Change(models.TextChoices):
    """What a version changed about the one before it."""

    FIRST = "first", _("First version")
    EDITORIAL = "editorial", _("Editorial: it says the same, better")
    MATERIAL = "material", _("Material: it asks for something else")


class ConsentForm(models.Model):
    """A form that asks. What it asks is in its published versions."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(unique=True)
    double_opt_in = models.BooleanField(default=False)
    # A cached page may still show the version before; it is accepted for this long.
    grace_days = models.PositiveSmallIntegerField(default=30)
    valid_for = models.CharField(max_length=20, default="P24M", help_text=_("ISO 8601 period; then consent expires."))

    def __str__(self) -> str:
        return self.slug


class ConsentFormVersion(models.Model):
    """Exactly what was shown, in one language, under one hash. Never changed once published."""

    form = models.ForeignKey(ConsentForm, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    locale = models.CharField(max_length=10, default="en-GB")
    title = models.CharField(max_length=200)
    intro = models.TextField(blank=True)
    # [{"key", "purpose" (slug), "channel", "label", "hint"}]: one control per purpose and channel.
    controls = models.JSONField()
    controllers = ArrayField(models.CharField(max_length=200), help_text=_("Every organisation that relies on it."))
    notice_version = models.CharField(max_length=20)
    # Told before somebody consents (Art 7(3)). Empty only in versions that were published before it was asked for.
    withdrawal = models.TextField(blank=True)
    minimum_age = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text=_("Below it a parent or guardian answers. Empty: not offered to children.")
    )
    network_reason = models.CharField(
        max_length=300,
        blank=True,
        help_text=_("Why the network is kept from which somebody answers, shortened to /24 or /48. Empty: it is not."),
    )
    declared = ArrayField(
        models.CharField(max_length=20), default=list, help_text=_("What its author stands for (forms_checklist.py).")
    )
    change = models.CharField(max_length=10, blank=True, choices=Change)
    affected = models.PositiveIntegerField(null=True, help_text=_("How many people are asked again."))
    # Of a material change. Who answers what was on show before, from a cached page, is asked again too.
    outgrown = ArrayField(models.TextField(), default=list, help_text=_("The controls whose consent it outgrows."))
    outgrown_until = models.DateTimeField(null=True, help_text=_("How long what was agreed to before counts."))
    sha256 = models.CharField(max_length=64, blank=True, editable=False)
    published_at = models.DateTimeField(null=True)
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["form", "locale", "number"], name="consents_formversion_numbered_once"),
            models.UniqueConstraint(
                fields=["form", "locale"],
                condition=Q(published_at__isnull=False, superseded_at=None),
                name="consents_formversion_one_current",
            ),
            models.UniqueConstraint(
                fields=["form", "locale"], condition=Q(published_at=None), name="consents_formversion_one_draft"
            ),
            models.CheckConstraint(
                condition=Q(published_at=None) | ~Q(sha256=""), name="consents_formversion_published_is_hashed"
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="published_is_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.published_at IS NOT NULL AND (to_jsonb(NEW) - 'superseded_at')"
                    " IS DISTINCT FROM (to_jsonb(OLD) - 'superseded_at')"
                ),
            ),
            pgtrigger.Protect(
                name="published_is_kept",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.published_at IS NOT NULL"),
            ),
        ]

    def __str__(self) -> str:
        return f"form {self.form_id} v{self.number} {self.locale}"


class ConsentEvent(models.Model):
    """One answer about one purpose and channel. Append-only; ids without foreign keys, so erasure never meets it."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    schema_version = models.PositiveSmallIntegerField(default=1)
    # All events of one form submission share it: the id that the API answers as `consent`.
    consent = models.UUIDField(db_index=True)
    subject = models.UUIDField(db_index=True)
    purpose = models.UUIDField()
    channel = models.CharField(max_length=10, blank=True)
    status = models.CharField(max_length=12, choices=Status)
    effective_at = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField()
    form_version = models.BigIntegerField(null=True)
    origin = models.CharField(max_length=20, help_text="direct, processor, third_party or imported_legacy.")
    collected_by = models.CharField(max_length=20, help_text="api, hosted_form, staff, one_click, import or system.")
    actor = models.CharField(max_length=60)
    # Field "proof" under the consent's own key: identity as typed, page address, truncated IP where justified.
    proof = models.BinaryField(null=True)
    entry = models.UUIDField(help_text="The ledger entry that proves it.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=one_of("status", Status.values), name="consents_event_status_known")
        ]
        triggers = [pgtrigger.Protect(name="events_are_kept", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.status} {self.uuid}"


class ConsentState(models.Model):
    """Where a person stands on a purpose and channel: the projection of the events, rebuildable from them."""

    subject = models.UUIDField()
    purpose = models.ForeignKey(Purpose, models.PROTECT, related_name="+", db_index=False)
    channel = models.CharField(max_length=10, blank=True)
    status = models.CharField(max_length=12, choices=Status)
    effective_at = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)
    event = models.UUIDField()
    entry = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject", "purpose", "channel"], name="consents_state_is_one"),
            models.CheckConstraint(condition=one_of("status", Status.values), name="consents_state_status_known"),
        ]
        indexes = [
            models.Index("valid_until", name="consents_state_expiry", condition=Q(status__in=["given", "renewed"]))
        ]

    def __str__(self) -> str:
        return f"{self.status} ({self.pk})"


class Suppression(models.Model):
    """A "no" that survives erasure: a keyed hash of the identifier, never the identifier.

    Lifted only by a later explicit opt-in of the person, never by an import. No purpose means all marketing.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    schema_version = models.PositiveSmallIntegerField(default=1)
    hash = models.BinaryField()
    hash_key = models.CharField(max_length=16)
    purpose = models.ForeignKey(Purpose, models.PROTECT, null=True, related_name="+")
    channel = models.CharField(max_length=10, blank=True, choices=Channel)
    reason = models.CharField(max_length=20, help_text="objection, withdrawal or one_click.")
    since = models.DateTimeField()
    entry = models.UUIDField()
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.UUIDField(null=True, help_text="The consent event that lifted it.")

    class Meta:
        indexes = [
            # An import asks whether what it brings was said, and taken back, before.
            models.Index(fields=["hash"], condition=Q(lifted_at__isnull=False), name="consents_suppression_lifted")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["hash", "purpose", "channel"],
                condition=Q(lifted_at=None),
                nulls_distinct=False,
                name="consents_suppression_one_active",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at=None) | Q(lifted_by__isnull=False), name="consents_suppression_lifted_by_a_choice"
            ),
        ]

    def __str__(self) -> str:
        return f"suppression {self.uuid}"
