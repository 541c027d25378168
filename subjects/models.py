"""Who: people, organisations, how we know them, what we hold on them, and what stops us from deleting it."""

import uuid

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from core.constraints import one_of
from processing.models import DataCategory, Purpose, Recipient, System
from subjects.models_limits import ErasureBlock as ErasureBlock
from subjects.models_limits import ItemQuerySet
from subjects.models_limits import Restriction as Restriction
from subjects.models_names import NameToken as NameToken
from subjects.models_uses import RestrictedUse as RestrictedUse


class Organisation(models.Model):
    """A company, partnership or sole trader. Its legal type decides what PECR asks for."""

    class LegalType(models.TextChoices):
        COMPANY = "company", _("Company or LLP")
        SOLE_TRADER = "sole_trader", _("Sole trader")
        PARTNERSHIP = "partnership", _("Ordinary partnership")
        OTHER = "other", _("Other or unknown")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=200)
    legal_type = models.CharField(max_length=12, choices=LegalType, default=LegalType.OTHER)
    contract_started_on = models.DateField(null=True, blank=True)
    contract_ended_on = models.DateField(null=True, blank=True)

    class Meta:
        # In the order of the list, and found by name when data comes in.
        indexes = [models.Index("name", "id", name="subjects_organisation_name")]
        constraints = [
            models.CheckConstraint(
                condition=Q(legal_type__in=["company", "sole_trader", "partnership", "other"]),
                name="subjects_organisation_type_known",
            )
        ]

    def __str__(self) -> str:
        return f"organisation {self.uuid}"


class DataSubject(models.Model):
    """A person we know. A requester we do not know stays in the case file until proof."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    locale = models.CharField(max_length=10, default="en-GB")
    jurisdiction = models.CharField(max_length=2, default="UK")
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="contacts", db_index=True
    )
    created_at = models.DateTimeField(db_default=Now())
    # A call that only tried the API out. Never counted, never marketed to, never disclosed.
    is_test = models.BooleanField(default=False)
    # The last of what we held ended while a hold or an open request kept the person: they go once nothing does.
    emptied_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        indexes = [models.Index("id", name="subjects_person_emptied", condition=Q(emptied_at__isnull=False))]

    def __str__(self) -> str:
        return f"person {self.uuid}"


class Identifier(models.Model):
    """An address, number or id, normalised by versioned rules, sealed, and found again by its blind index."""

    class Type(models.TextChoices):
        EMAIL = "email", _("E-mail address")
        PHONE = "phone", _("Telephone number")
        CUSTOMER_NUMBER = "customer_number", _("Customer number")
        EXTERNAL_ID = "external_id", _("Id in another system")
        DEVICE = "device", _("Device")
        COOKIE = "cookie", _("Cookie id")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    type = models.CharField(max_length=16, choices=Type)
    # The empty slug stands for "no system", so that one unique constraint serves every type.
    system = models.CharField(max_length=50, default="", blank=True)
    rules_version = models.PositiveSmallIntegerField()
    sealed = models.BinaryField()
    blind = models.BinaryField()
    blind_key = models.CharField(max_length=16)
    subjects = models.ManyToManyField(DataSubject, through="SubjectIdentifier", related_name="identifiers")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["blind", "type", "system"], name="subjects_identifier_is_unique"),
            models.CheckConstraint(
                condition=one_of("type", ["email", "phone", "customer_number", "external_id", "device", "cookie"]),
                name="subjects_identifier_type_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.uuid}"


class SubjectIdentifier(models.Model):
    """Whose identifier this is. Unverified or shared, it never selects a person for disclosure or erasure."""

    subject = models.ForeignKey(DataSubject, models.CASCADE, related_name="identifier_links")
    identifier = models.ForeignKey(Identifier, models.CASCADE, related_name="subject_links", db_index=False)
    verified_at = models.DateTimeField(null=True)
    verified_how = models.CharField(max_length=30, blank=True)
    is_shared = models.BooleanField(default=False)
    # Added to somebody we knew by something else: typed beside it, by whoever typed that.
    is_later = models.BooleanField(db_default=False)
    added_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["identifier", "subject"], name="subjects_subjectidentifier_once"),
        ]
        # Few share anything, and whoever is judged is asked whether they do.
        indexes = [
            models.Index("subject", "identifier", name="subjects_shared_links", condition=models.Q(is_shared=True)),
        ]

    def __str__(self) -> str:
        return f"identifier link {self.pk}"


def _by_end(field: str, name: str) -> models.Index:
    """Of the relationships that have this end, for rules that count from it. Most never have most of them."""
    return models.Index("purpose", field, "id", name=name, condition=models.Q((f"{field}__isnull", False)))


class Relationship(models.Model):
    """Why we may deal with this person for this purpose, and the dates from which forgetting is counted."""

    class Role(models.TextChoices):
        CUSTOMER = "customer_contact", _("Customer contact")
        PROSPECT = "prospect", _("Prospect")
        APPLICANT = "applicant", _("Job applicant")
        VISITOR = "visitor", _("Site visitor")
        SUPPLIER = "supplier_contact", _("Supplier contact")
        SUBSCRIBER = "subscriber", _("Subscriber")
        EMPLOYEE = "employee", _("Employee")

    class Outcome(models.TextChoices):
        UNSUCCESSFUL = "unsuccessful", _("Unsuccessful")
        WITHDRAWN = "withdrawn", _("Withdrawn by the applicant")
        HIRED = "hired", _("Hired")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Without indexes of their own: those below begin with them.
    subject = models.ForeignKey(DataSubject, models.CASCADE, related_name="relationships", db_index=False)
    purpose = models.ForeignKey(Purpose, models.PROTECT, related_name="+", db_index=False)
    role = models.CharField(max_length=20, choices=Role)
    # The ground: which mutual interest, contract or legal duty, recorded by whom, when, from which source.
    ground = models.CharField(max_length=40, blank=True)
    ground_note = models.BinaryField(null=True, help_text="Sealed free text.")
    ground_recorded_by = models.CharField(max_length=60, blank=True)
    ground_recorded_at = models.DateTimeField(null=True)
    source = models.CharField(max_length=40, blank=True)
    started_on = models.DateField()
    # Trigger dates. A retention rule turns today into a cutoff against one of these; no expiry is ever stored.
    last_interaction_on = models.DateField(null=True)
    contract_ended_on = models.DateField(null=True)
    application_closed_on = models.DateField(null=True)
    consent_ended_on = models.DateField(null=True)
    ended_on = models.DateField(null=True)
    # How an application was closed, and what taking that back needs (subjects/applications.py): keys, codes and dates.
    application_outcome = models.CharField(max_length=12, choices=Outcome, blank=True, default="", db_default="")
    application_undo = models.JSONField(null=True, encoder=DjangoJSONEncoder)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject", "purpose"], name="subjects_relationship_once_per_purpose")
        ]
        indexes = [
            models.Index("purpose", "last_interaction_on", "id", name="subjects_rel_interaction"),
            _by_end("contract_ended_on", "subjects_rel_contract"),
            _by_end("application_closed_on", "subjects_rel_application"),
            _by_end("consent_ended_on", "subjects_rel_consent"),
            _by_end("ended_on", "subjects_rel_ended"),
        ]

    def __str__(self) -> str:
        return f"relationship {self.pk}"


class PersonalDataItem(models.Model):
    """One thing we hold about one person. It goes when no purpose needs it any more."""

    class Source(models.TextChoices):
        IN_PERSON = "in_person", _("From you, in person")
        CORRESPONDENCE = "correspondence", _("From you, in correspondence")
        PHONE = "phone", _("From you, by phone")
        SOCIAL_MEDIA = "social_media", _("Social media")
        WEBSITE = "website", _("From you, on our websites")
        PRODUCT = "product", _("Your use of our products and services")
        THIRD_PARTY = "third_party", _("A third party")
        PUBLIC_SOURCE = "public_source", _("A public source")

    class Nature(models.TextChoices):
        PROVIDED = "provided", _("Provided by you")
        OBSERVED = "observed", _("Observed")
        INFERRED = "inferred", _("Inferred by us")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subject = models.ForeignKey(DataSubject, models.PROTECT, related_name="items")
    category = models.ForeignKey(DataCategory, models.PROTECT, related_name="+")
    sealed = models.BinaryField(help_text='Field "content": JSON text.')
    # What the person says about a document that must stay as it was (Art 16): subjects/corrections.py.
    statement = models.BinaryField(null=True, help_text='Field "statement": JSON list of dated texts.')
    source = models.CharField(max_length=16, choices=Source)
    source_evidence = models.UUIDField(null=True, help_text="What shows that a third party was allowed to share it.")
    # Keyed hash of the record it came from, so that a stale copy written back later is recognised.
    source_record = models.BinaryField(null=True)
    nature = models.CharField(max_length=10, choices=Nature, default=Nature.PROVIDED)
    system = models.ForeignKey(System, models.PROTECT, related_name="+")
    collected_at = models.DateTimeField()
    purposes = models.ManyToManyField(Purpose, through="ItemPurpose", related_name="+")

    objects = ItemQuerySet.as_manager()

    class Meta:
        indexes = [models.Index("source_record", name="subjects_item_source", condition=Q(source_record__isnull=False))]

    def __str__(self) -> str:
        return f"item {self.uuid}"


class ItemPurpose(models.Model):
    """Which purpose still needs an item. Subject, category and date stand here too, so a purge reads one table."""

    item = models.ForeignKey(PersonalDataItem, models.CASCADE, related_name="needs")
    purpose = models.ForeignKey(Purpose, models.PROTECT, related_name="+")
    subject = models.ForeignKey(DataSubject, models.CASCADE, related_name="+", db_index=False)
    category = models.ForeignKey(DataCategory, models.PROTECT, related_name="+", db_index=False)
    collected_on = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "purpose"], name="subjects_itempurpose_once")]
        indexes = [
            models.Index("purpose", "category", "collected_on", "id", name="subjects_need_collected"),
            models.Index("subject", "purpose", name="subjects_need_subject"),
        ]

    def __str__(self) -> str:
        return f"need {self.pk}"


class Disclosure(models.Model):
    """Whose data went to whom, when and on what ground. "Required by law" names the power and the approver."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subject = models.ForeignKey(DataSubject, models.CASCADE, related_name="disclosures")
    recipient = models.ForeignKey(Recipient, models.PROTECT, related_name="+")
    purpose = models.ForeignKey(Purpose, models.PROTECT, null=True, related_name="+")
    categories = models.ManyToManyField(DataCategory, related_name="+")
    ground = models.CharField(max_length=40)
    legal_power = models.CharField(max_length=200, blank=True)
    approved_by = models.CharField(max_length=60, blank=True)
    disclosed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(ground="required_by_law") | (~Q(legal_power="") & ~Q(approved_by="")),
                name="subjects_disclosure_by_law_names_power",
            )
        ]

    def __str__(self) -> str:
        return f"disclosure {self.uuid}"
