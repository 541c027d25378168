"""What is done with personal data and why: the register (UK GDPR Art 30). It knows no person."""

import uuid
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import pgtrigger
import rfc8785
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from ledger import entries
from processing import gates
from processing.models_decisions import DecisionSystem
from processing.triggers import frozen_with_version
from processing.vocabulary import REFUSED_CATEGORIES, Basis, Channel, Ground, Source, Status

__all__ = [
    "Basis", "Channel", "DataCategory", "DecisionSystem", "Ground", "ProcessingActivity", "Purpose", "PurposeVersion",
    "Recipient", "Source", "Status", "System",
]  # fmt: skip


class DataCategory(models.Model):
    """A category of personal data, in the person's words. Special categories (Art 9) are refused."""

    slug = models.SlugField(unique=True)
    label = models.CharField(max_length=100)
    description = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "data categories"
        constraints = [
            models.CheckConstraint(condition=~Q(slug__in=REFUSED_CATEGORIES), name="processing_category_is_not_special")
        ]

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
    ground = models.CharField(max_length=20, choices=Ground, default=Ground.CONSENT)
    contract = models.CharField(max_length=200, blank=True)
    country = models.CharField(max_length=2, default="GB")
    transfer_mechanism = models.CharField(max_length=60, blank=True)
    notify = models.CharField(max_length=200, blank=True, help_text=_("How to tell them of a correction or erasure."))
    address = models.CharField(max_length=300, blank=True, help_text=_("Where letters reach them, on one line."))
    contact = models.EmailField(blank=True, help_text=_("For people's questions about their data: a role's mailbox."))

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
    sources = ArrayField(models.CharField(max_length=20, choices=Source))
    categories = models.ManyToManyField(DataCategory, through="VersionCategory", related_name="purpose_versions")
    recipients = models.ManyToManyField(
        Recipient, through="VersionRecipient", related_name="purpose_versions", blank=True
    )
    systems = models.ManyToManyField(System, through="VersionSystem", related_name="purpose_versions")
    direct_marketing = models.BooleanField(default=False)
    channels = ArrayField(models.CharField(max_length=10, choices=Channel), default=list, blank=True)
    # Statutory and service messages cannot be declined; the preference centre says so.
    is_service_message = models.BooleanField(default=False)
    retention_summary = models.CharField(max_length=200, help_text=_("How long, in plain words (Art 13(2)(a))."))
    effective_from = models.DateTimeField(null=True, editable=False)
    effective_to = models.DateTimeField(null=True, editable=False)

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
            # What was published is what letters and verdicts quote: only its status and its end may still change.
            pgtrigger.Protect(
                name="published_is_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.status <> 'draft' AND (to_jsonb(NEW) - 'status' - 'effective_to')"
                    " IS DISTINCT FROM (to_jsonb(OLD) - 'status' - 'effective_to')"
                ),
            ),
            pgtrigger.Protect(
                name="published_is_kept",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.status <> 'draft'"),
            ),
            pgtrigger.FSM(
                name="status_moves",
                field="status",
                transitions=[
                    *(("draft", "live"), ("live", "suspended"), ("suspended", "live")),
                    *(("live", "retired"), ("suspended", "retired")),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose_id} v{self.number}"

    @property
    def is_published(self) -> bool:
        return self.status != Status.DRAFT

    @transaction.atomic
    def publish(self, *, now: datetime, actor: str) -> UUID:
        """Put this draft live and retire the version before it, together. Returns the ledger entry.

        Refuses while something that its lawful basis needs is missing (processing/gates.py).
        """
        # The purpose's row serialises two publishers; the version is then read again under that lock.
        purpose = Purpose.objects.select_for_update().get(pk=self.purpose_id)
        self.refresh_from_db()
        if self.is_published:
            raise gates.AlreadyPublished
        reasons = gates.missing(purpose, self.basis)
        if self.basis == Basis.LEGITIMATE_INTEREST and not self.interests:
            reasons.append(gettext("The legitimate interests pursued are not stated (Art 13(1)(d))."))
        if reasons:
            raise gates.NotReady(" ".join(reasons))
        current = purpose.versions.filter(status__in=[Status.LIVE, Status.SUSPENDED])
        current.update(status=Status.RETIRED, effective_to=now)
        self.status, self.effective_from = Status.LIVE, now
        self.save(update_fields=["status", "effective_from"])
        entry = self._record("purpose.published", now=now, actor=actor)
        gates.tell(self, now=now, actor=actor)
        return entry

    @transaction.atomic
    def retire(self, *, now: datetime, actor: str) -> UUID:
        """End this version without a successor: the purpose is no longer pursued."""
        changed = PurposeVersion.objects.filter(pk=self.pk, status__in=[Status.LIVE, Status.SUSPENDED]).update(
            status=Status.RETIRED, effective_to=now
        )
        if not changed:
            raise DomainError(_("Only a version that is live or suspended can be retired."), code="not-live")
        self.refresh_from_db()
        return self._record("purpose.retired", now=now, actor=actor)

    def _record(self, kind: str, *, now: datetime, actor: str) -> UUID:
        data = {"version": self.number, "basis": self.basis, "sha256": self.sha256}
        return entries.record(
            kind=kind, at=now, actor=actor, object=self.purpose.uuid, purpose=self.purpose.slug, data=data
        )

    def content(self) -> dict[str, Any]:
        """Everything that this version says, in one comparable form. Two versions with equal content say the same."""
        return {
            "title": self.title,
            "description": self.description,
            "basis": self.basis,
            "interests": self.interests,
            "subject_categories": sorted(self.subject_categories),
            "sources": sorted(self.sources),
            "categories": sorted(self.categories.values_list("slug", flat=True)),
            "recipients": sorted(self.recipients.values_list("slug", flat=True)),
            "systems": sorted(self.systems.values_list("slug", flat=True)),
            "direct_marketing": self.direct_marketing,
            "channels": sorted(self.channels),
            "is_service_message": self.is_service_message,
            "retention_summary": self.retention_summary,
        }

    @property
    def sha256(self) -> str:
        return sha256(rfc8785.dumps(self.content())).hexdigest()


class Listed(models.Model):
    """An entry in one of a version's lists. The lists are part of what the version says, so they freeze with it."""

    version = models.ForeignKey(PurposeVersion, models.CASCADE, related_name="+")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self._meta.model_name} {self.pk}"


class VersionCategory(Listed):
    category = models.ForeignKey(DataCategory, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "category"], name="processing_category_once")]
        triggers = [frozen_with_version()]


class VersionRecipient(Listed):
    recipient = models.ForeignKey(Recipient, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "recipient"], name="processing_recipient_once")]
        triggers = [frozen_with_version()]


class VersionSystem(Listed):
    system = models.ForeignKey(System, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "system"], name="processing_system_once")]
        triggers = [frozen_with_version()]
