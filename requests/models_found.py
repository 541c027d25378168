"""Rights: what was searched for a copy, what was found, and what is left out of it. Read with requests/models.py."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from processing.models import System

# Boxes are kept in ten-thousandths of the page, so that they fit whatever size it is drawn in.
WHOLE = 10_000


class Search(models.Model):
    """How one system was searched, so that we can show it was reasonable and proportionate (UK GDPR Art 15(1A))."""

    task = models.OneToOneField("requests.Task", models.CASCADE, related_name="search")
    # Field "search:<task>": JSON of terms, places, custodians, what was not searched, and why. Terms are names.
    sealed = models.BinaryField(null=True)
    searched_from = models.DateField(null=True)
    searched_to = models.DateField(null=True)
    recorded_by = models.CharField(max_length=60)
    recorded_at = models.DateTimeField()
    entry = models.UUIDField(help_text=_("The ledger entry that is the receipt."))

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(searched_from=None) | Q(searched_to=None) | Q(searched_from__lte=F("searched_to")),
                name="requests_search_range_in_order",
            )
        ]

    def __str__(self) -> str:
        return f"search {self.pk}"


class FoundDocument(models.Model):
    """A document in which a search found the person, as the pages of a PDF. Its file is not kept.

    The same document in another case is another row under that case's key, with its own redactions.
    """

    class Kind(models.TextChoices):
        MAIL = "eml", _("E-mail")
        PDF = "pdf", _("PDF")
        WORD = "docx", _("Word")
        TEXT = "txt", _("Text")
        PICTURE = "picture", _("Picture")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    request = models.ForeignKey("requests.RightsRequest", models.CASCADE, related_name="documents")
    system = models.ForeignKey(System, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind)
    # Fields "found:<uuid>:name" and "found:<uuid>:pages". Empty once the answer's copy is over.
    name = models.BinaryField(null=True)
    sealed = models.BinaryField(null=True)
    fingerprint = models.BinaryField(help_text=_("Keyed hash of the file: finds the same document in other cases."))
    pages = models.PositiveSmallIntegerField()
    size = models.PositiveIntegerField()
    added_by = models.CharField(max_length=60)
    added_at = models.DateTimeField()
    checked_by = models.CharField(max_length=60, blank=True, help_text=_("Who looked through every page."))
    checked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index("fingerprint", name="requests_found_same")]
        constraints = [
            models.UniqueConstraint(fields=["request", "fingerprint"], name="requests_found_once_per_request"),
            models.CheckConstraint(
                condition=Q(checked_at=None, checked_by="") | Q(checked_at__isnull=False, checked_by__gt=""),
                name="requests_found_check_has_author",
            ),
        ]

    def __str__(self) -> str:
        return f"found {self.uuid}"


class Exemption(models.Model):
    """One thing left out of a copy and why, item by item (DPA 2018 Sch 2). Codes: requests/exemptions.py."""

    class Scope(models.TextChoices):
        ITEM = "item", _("A whole record")
        TEXT = "text", _("Words in a record")
        DOCUMENT = "document", _("A whole document")
        PART = "part", _("Parts of a document")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    request = models.ForeignKey("requests.RightsRequest", models.CASCADE, related_name="exemptions")
    code = models.CharField(max_length=30)
    scope = models.CharField(max_length=8, choices=Scope)
    # Without a foreign key: an erasure of the record does not change what was decided about its copy.
    item = models.UUIDField(null=True)
    document = models.ForeignKey(FoundDocument, models.CASCADE, null=True, related_name="exemptions")
    # Field "exemption:<uuid>": JSON of why, the words blacked out, and what was weighed for somebody else (¶16).
    sealed = models.BinaryField(null=True)
    is_silent = models.BooleanField(default=False, help_text=_("To say that something was left out would do the harm."))
    made_by = models.CharField(max_length=60)
    made_at = models.DateTimeField()
    approved_by = models.CharField(max_length=60, blank=True)
    approved_at = models.DateTimeField(null=True)
    exception = models.CharField(max_length=20, blank=True, help_text=_("Why the author approved it alone."))

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(scope__in=["item", "text"], item__isnull=False, document=None)
                | Q(scope__in=["document", "part"], item=None, document__isnull=False),
                name="requests_exemption_names_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(is_silent=False) | Q(scope__in=["item", "document"]),
                name="requests_exemption_silent_only_if_whole",
            ),
            models.CheckConstraint(
                condition=Q(approved_at=None, approved_by="") | Q(approved_at__isnull=False, approved_by__gt=""),
                name="requests_exemption_approval_has_author",
            ),
            models.UniqueConstraint(
                fields=["request", "item"], condition=Q(scope="item"), name="requests_exemption_item_once"
            ),
            models.UniqueConstraint(
                fields=["request", "document"], condition=Q(scope="document"), name="requests_exemption_document_once"
            ),
        ]

    def __str__(self) -> str:
        return f"exemption {self.uuid}"


class Box(models.Model):
    """A rectangle of a page that goes out black."""

    exemption = models.ForeignKey(Exemption, models.CASCADE, related_name="boxes")
    page = models.PositiveSmallIntegerField()
    left = models.PositiveSmallIntegerField()
    top = models.PositiveSmallIntegerField()
    right = models.PositiveSmallIntegerField()
    bottom = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(page__gte=1, left__lt=F("right"), top__lt=F("bottom"), right__lte=WHOLE, bottom__lte=WHOLE),
                name="requests_box_on_the_page",
            )
        ]

    def __str__(self) -> str:
        return f"box {self.pk}"
