"""What is done with personal data and why: the register (UK GDPR Art 30). It knows no person."""

import uuid

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Basis(models.TextChoices):
    """The lawful bases of UK GDPR Art 6(1)."""

    CONSENT = "a", _("Consent")
    CONTRACT = "b", _("Contract")
    LEGAL_OBLIGATION = "c", _("Legal obligation")
    VITAL = "d", _("Vital interests")
    PUBLIC_TASK = "e", _("Public task")
    RECOGNISED = "ea", _("Recognised legitimate interest")
    LEGITIMATE_INTEREST = "f", _("Legitimate interests")


class Status(models.TextChoices):
    DRAFT = "draft", _("Draft")
    LIVE = "live", _("Live")
    SUSPENDED = "suspended", _("Suspended")
    RETIRED = "retired", _("Retired")


class Channel(models.TextChoices):
    """How a person can be reached, for direct marketing and for permission checks."""

    EMAIL = "email", _("E-mail")
    PHONE = "phone", _("Telephone")
    SMS = "sms", _("Text message")
    POST = "post", _("Post")


class DataCategory(models.Model):
    """A category of personal data, in the person's words. Special categories (Art 9) are refused."""

    slug = models.SlugField(unique=True)
    label = models.CharField(max_length=100)
    description = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "data categories"

    def __str__(self) -> str:
        return self.label


class System(models.Model):
    """Where data lives: this database, the CRM, a mailbox. Silence of a system never counts as done."""

    class Connector(models.TextChoices):
        BUILTIN = "builtin", _("This database")
        MANUAL = "manual", _("A person looks and answers")

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    connector = models.CharField(max_length=10, choices=Connector, default=Connector.MANUAL)
    description = models.TextField(blank=True)
    location = models.CharField(max_length=2, default="GB")

    def __str__(self) -> str:
        return self.name


class Recipient(models.Model):
    """Who receives data, in which role, under which contract, where, and how to notify them (Arts 19, 28, 30)."""

    class Role(models.TextChoices):
        PROCESSOR = "processor", _("Processor")
        CONTROLLER = "controller", _("Controller")
        JOINT = "joint_controller", _("Joint controller")
        AUTHORITY = "authority", _("Public authority")

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=200)
    role = models.CharField(max_length=16, choices=Role)
    contract = models.CharField(max_length=200, blank=True)
    country = models.CharField(max_length=2, default="GB")
    transfer_mechanism = models.CharField(max_length=60, blank=True)
    notify = models.CharField(max_length=200, blank=True, help_text=_("How to tell them of a correction or erasure."))

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(country="GB") | ~Q(transfer_mechanism=""), name="processing_recipient_abroad_has_mechanism"
            )
        ]

    def __str__(self) -> str:
        return self.name


class ProcessingActivity(models.Model):
    """One entry of the register of processing (Art 30(1))."""

    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=200)
    owner = models.CharField(max_length=100, help_text=_("The role that answers for it, not a person's name."))
    security = models.TextField(help_text=_("Technical and organisational measures in general terms."))

    class Meta:
        verbose_name_plural = "processing activities"

    def __str__(self) -> str:
        return self.title


class PurposeQuerySet(models.QuerySet["Purpose"]):
    def live(self) -> "PurposeQuerySet":
        return self.filter(versions__status=Status.LIVE)


class Purpose(models.Model):
    """The id that joins register, form, assessment, rule, job and evidence. What it says is in its versions."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(unique=True)
    activity = models.ForeignKey(ProcessingActivity, models.PROTECT, related_name="purposes")

    objects = PurposeQuerySet.as_manager()

    def __str__(self) -> str:
        return self.slug


class PurposeVersion(models.Model):
    """What a purpose meant from one date to another. Verdicts and letters refer to the version."""

    purpose = models.ForeignKey(Purpose, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    title = models.CharField(max_length=200, help_text=_("For the person, in plain words."))
    description = models.TextField(help_text=_("For the person, in plain words."))
    basis = models.CharField(max_length=2, choices=Basis)
    interests = models.TextField(blank=True, help_text=_("The legitimate interests pursued (Art 13(1)(d))."))
    art9_condition = models.CharField(max_length=20, blank=True, editable=False)
    subject_categories = ArrayField(models.CharField(max_length=40))
    sources = ArrayField(models.CharField(max_length=20))
    categories = models.ManyToManyField(DataCategory, related_name="purpose_versions")
    recipients = models.ManyToManyField(Recipient, related_name="purpose_versions", blank=True)
    systems = models.ManyToManyField(System, related_name="purpose_versions")
    direct_marketing = models.BooleanField(default=False)
    channels = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    # Statutory and service messages cannot be declined; the preference centre says so.
    is_service_message = models.BooleanField(default=False)
    retention_summary = models.CharField(max_length=200, help_text=_("How long, in plain words (Art 13(2)(a))."))
    effective_from = models.DateTimeField(null=True)
    effective_to = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["purpose", "number"], name="processing_purposeversion_numbered_once"),
            models.UniqueConstraint(
                fields=["purpose"], condition=Q(status="live"), name="processing_purposeversion_one_live"
            ),
            models.CheckConstraint(condition=Q(basis__in=Basis.values), name="processing_purposeversion_basis_known"),
            models.CheckConstraint(condition=Q(art9_condition=""), name="processing_special_categories_are_refused"),
            models.CheckConstraint(
                condition=Q(direct_marketing=False) | Q(basis__in=["a", "f"]),
                name="processing_marketing_needs_consent_or_interest",
            ),
            models.CheckConstraint(
                condition=Q(status="draft") | Q(effective_from__isnull=False),
                name="processing_purposeversion_published_has_date",
            ),
            models.CheckConstraint(
                condition=Q(effective_to=None) | Q(effective_to__gte=F("effective_from")),
                name="processing_purposeversion_ends_after_start",
            ),
        ]
        triggers = [
            # What was published is what letters and verdicts quote: only its status and end may still change.
            pgtrigger.Protect(
                name="published_is_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.status <> 'draft' AND (NEW.title, NEW.description, NEW.basis, NEW.purpose_id, NEW.number,"
                    " NEW.effective_from, NEW.direct_marketing, NEW.channels) IS DISTINCT FROM"
                    " (OLD.title, OLD.description, OLD.basis, OLD.purpose_id, OLD.number,"
                    " OLD.effective_from, OLD.direct_marketing, OLD.channels)"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose_id} v{self.number}"
