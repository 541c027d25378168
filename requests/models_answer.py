"""Rights: what was decided about a request, and what was handed over. Read with requests/models.py."""

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from processing.models import Purpose

if TYPE_CHECKING:
    from requests.models import CaseFile


class Decision(models.Model):
    """What was decided about one purpose: the computed proposal, and what the DPO made of it."""

    class Outcome(models.TextChoices):
        GRANT = "grant", _("Grant")
        REFUSE = "refuse", _("Refuse")

    request = models.ForeignKey("requests.RightsRequest", models.CASCADE, related_name="decisions")
    purpose = models.ForeignKey(Purpose, models.PROTECT, related_name="+")
    purpose_version = models.PositiveSmallIntegerField()
    proposed = models.CharField(max_length=6, choices=Outcome)
    proposed_reason = models.CharField(max_length=60)
    outcome = models.CharField(max_length=6, choices=Outcome, blank=True)
    reason = models.CharField(max_length=60, blank=True, help_text=_("A reason code of requests/rights.py."))
    note = models.BinaryField(null=True, help_text=_("Sealed words of the DPO for the letter."))
    decided_by = models.CharField(max_length=60, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "purpose"], name="requests_decision_once_per_purpose"),
            models.CheckConstraint(
                condition=Q(outcome="") | Q(reason__gt="", decided_by__gt="", decided_at__isnull=False),
                name="requests_decision_is_reasoned",
            ),
        ]

    def __str__(self) -> str:
        return f"decision {self.pk}"


class PackageQuerySet(models.QuerySet["Package"]):
    def kept(self) -> "PackageQuerySet":
        """Those that still hold something."""
        return self.filter(chunks__position=0)


class Package(models.Model):
    """The copy of a person's data, ready to be collected. Frozen when made; goes when it expires."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    request = models.OneToOneField("requests.RightsRequest", models.CASCADE, related_name="package")
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    token_hash = models.BinaryField(unique=True, help_text="Of the link in the notice.")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    first_collected_at = models.DateTimeField(null=True)

    objects = PackageQuerySet.as_manager()

    def __str__(self) -> str:
        return f"package {self.uuid}"

    @property
    def case(self) -> "CaseFile":
        return self.request.case

    @property
    def reference(self) -> str:
        return self.request.reference


class PackageChunk(models.Model):
    """A piece of a package's ZIP, sealed and bound to its place (requests/chunks.py). None is left once expired."""

    package = models.ForeignKey(Package, models.CASCADE, related_name="chunks")
    position = models.PositiveIntegerField()
    sealed = models.BinaryField(help_text='Field "package:<uuid>:<position>:<more or last>".')

    class Meta:
        constraints = [models.UniqueConstraint(fields=["package", "position"], name="requests_chunk_once_per_place")]

    def __str__(self) -> str:
        return f"chunk {self.position} of {self.package_id}"


class CollectionCode(models.Model):
    """A fresh e-mailed code that opens one thing. Attempts are counted in PostgreSQL, where they cannot be lost."""

    package = models.ForeignKey(Package, models.CASCADE, null=True, related_name="codes")
    letter = models.ForeignKey("requests.Letter", models.CASCADE, null=True, related_name="codes")
    code_mac = models.BinaryField()
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(attempts__lte=5), name="requests_code_attempts_bounded"),
            models.CheckConstraint(
                condition=Q(package__isnull=True) ^ Q(letter__isnull=True), name="requests_code_opens_one"
            ),
        ]

    def __str__(self) -> str:
        return f"code {self.pk}"
