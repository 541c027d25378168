"""What may only be stored, and what may not be deleted. Apart from subjects/models.py for its length only."""

import uuid
from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from processing.models import Purpose, System

# Answering the person, proving that we did, and legal claims go on whatever is restricted (Arts 15 and 18(2)).
# The columns of a hold by rule: those that tell the item, and those that tell whose it is.
OF_ITEMS = ("system", "collected_from", "collected_to", "categories", "sources")
DESCRIBED = (*OF_ITEMS, "organisation", "roles", "jurisdictions")
NEVER_RESTRICTED = frozenset({"rights-requests", "evidence-ledger", "security-and-legal-claims"})


class LawfulUse(models.TextChoices):
    """The only uses of what is restricted, other than storing it (Art 18(2))."""

    CONSENT = "consent", _("The person agreed to this one use")
    CLAIMS = "claims", _("A legal claim")
    OTHERS = "others", _("Protecting the rights of somebody else")
    PUBLIC_INTEREST = "public_interest", _("An important public interest")


class ItemQuerySet(models.QuerySet[Any]):
    """Of PersonalDataItem, whose module imports this one."""

    def usable_for(self, purpose: Purpose, *, use: Any = None, now: datetime | None = None) -> "ItemQuerySet":
        """What this purpose needs and may use now. What is restricted is stored and no more (Art 18).

        `use` is a RestrictedUse: what it names is usable besides, by it and while it is in force at `now`.
        """
        needed = self.filter(needs__purpose=purpose)
        if purpose.slug in NEVER_RESTRICTED:
            return needed
        is_free = ~Exists(restrictions_of(purpose))
        if use is not None and now is not None and use.allows(purpose, now):
            named = Q(subject=use.subject_id, uuid__in=use.items) if use.items else Q(subject=use.subject_id)
            return needed.filter(named | is_free)
        return needed.filter(is_free)


class Restriction(models.Model):
    """Storage only (UK GDPR Art 18). No purpose means every purpose; no item means every item."""

    class Ground(models.TextChoices):
        ACCURACY = "accuracy", _("Accuracy is contested")
        UNLAWFUL = "unlawful", _("Unlawful, and the person prefers restriction")
        CLAIMS = "claims", _("Needed by the person for legal claims")
        OBJECTION = "objection", _("An objection is being decided")
        OBJECTED = "objected", _("Objected to: only what an exemption covers goes on")
        HOLD = "hold", _("Kept under a legal hold only")
        RULE = "rule", _("Its period is over: a retention rule stores it only")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subject = models.ForeignKey("subjects.DataSubject", models.CASCADE, related_name="restrictions")
    purpose = models.ForeignKey(Purpose, models.PROTECT, null=True, related_name="+")
    item = models.ForeignKey("subjects.PersonalDataItem", models.CASCADE, null=True, related_name="restrictions")
    ground = models.CharField(max_length=12, choices=Ground)
    since = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)
    placed_for = models.UUIDField(null=True, help_text="The rights request that it answers or waits for.")

    class Meta:
        indexes = [
            models.Index("subject", name="subjects_restriction_active", condition=Q(lifted_at=None)),
            # Those that rules placed, which are looked through in order.
            models.Index(
                "purpose", "id", name="subjects_restriction_by_rule", condition=Q(lifted_at=None, placed_for=None)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(lifted_at=None) | Q(lifted_at__gte=F("since")), name="subjects_restriction_ends_after_start"
            )
        ]

    def __str__(self) -> str:
        return f"restriction {self.uuid}"


class ErasureBlock(models.Model):
    """Everything that stops deletion. Each delete anti-joins this table inside its own transaction.

    `subject` alone blocks all of the person's data; with `purpose` only what that purpose holds, with `item` only that.
    Without a subject it is a rule: it blocks what its columns name of everybody, whoever comes later included.
    """

    class Kind(models.TextChoices):
        HOLD = "hold", _("Legal hold")
        ACCESS = "access_request", _("Pending request for a copy, or for data to take along")
        CLAIM = "claim", _("Legal claim")
        RESTRICTION = "restriction", _("Restricted at the person's request")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subject = models.ForeignKey("subjects.DataSubject", models.CASCADE, null=True, related_name="erasure_blocks")
    purpose = models.ForeignKey(Purpose, models.PROTECT, null=True, related_name="+")
    item = models.ForeignKey("subjects.PersonalDataItem", models.CASCADE, null=True, related_name="+")
    system = models.ForeignKey(System, models.PROTECT, null=True, related_name="+")
    organisation = models.ForeignKey("subjects.Organisation", models.PROTECT, null=True, related_name="+")
    collected_from = models.DateField(null=True)
    collected_to = models.DateField(null=True)
    # Any of these will do, and without one whatever there is: categories by primary key, the role in which we deal with
    # the person for the purpose, where the data came from, under which law the person lives.
    categories = ArrayField(models.BigIntegerField(), null=True)
    roles = ArrayField(models.CharField(max_length=20), null=True)
    sources = ArrayField(models.CharField(max_length=16), null=True)
    jurisdictions = ArrayField(models.CharField(max_length=2), null=True)
    kind = models.CharField(max_length=16, choices=Kind)
    placed_for = models.UUIDField(help_text="The rights request or the hold that placed it.")
    placed_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index("subject", name="subjects_block_active", condition=Q(released_at=None)),
            models.Index("purpose", name="subjects_block_rules", condition=Q(released_at=None, subject=None)),
            models.Index("placed_for", name="subjects_block_placed_for"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(subject__isnull=False, **dict.fromkeys(DESCRIBED))
                | Q(subject=None, item=None, kind="hold"),
                name="subjects_block_is_of_somebody_or_a_rule",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} block {self.uuid}"


def restrictions_of(purpose: Purpose) -> models.QuerySet[Restriction]:
    """Inside a query of items: the restrictions in force of the outer item for this purpose."""
    return Restriction.objects.filter(
        Q(purpose=None) | Q(purpose=purpose),
        Q(item=None) | Q(item=OuterRef("pk")),
        subject=OuterRef("subject"),
        lifted_at=None,
    )
