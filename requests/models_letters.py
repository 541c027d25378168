"""Rights: letters, how each was given, and those still being written. Read with requests/models.py."""

import uuid
from datetime import date, datetime
from operator import attrgetter

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models import Outbox
from requests.letter_kinds import AT_ONCE, title


class LetterQuerySet(models.QuerySet["Letter"]):
    def given(self) -> "LetterQuerySet":
        return self.filter(given_on__isnull=False, bounced_at=None)

    def owed(self) -> "LetterQuerySet":
        """Written, and not given to the person: to be posted, or come back.

        What was sent by itself and came back is owed to nobody: who wants to, writes an acknowledgement.
        """
        return self.filter(Q(given_on=None) | Q(bounced_at__isnull=False)).exclude(kind__in=AT_ONCE.values())

    def about(self, reference: str) -> "LetterQuerySet":
        """About this request or complaint, or about the whole case of this request."""
        # A letter once, however many requests its case has.
        named = self.model.request.field.related_model._default_manager.filter(reference=reference)
        whole = Q(request=None, complaint=None, case__in=named.values("case"))
        return self.filter(Q(request__reference=reference) | Q(complaint__reference=reference) | whole)

    def with_delivery(self) -> "LetterQuerySet":
        """With `is_leaving`: its message waits in the outbox."""
        waiting = Outbox.objects.filter(uuid=models.OuterRef("outbox"), sent_at=None)
        return self.annotate(is_leaving=models.Exists(waiting))


class Letter(models.Model):
    """What we wrote to the person. Kept sealed in the case; what travels is a notice with a link, or paper.

    A letter that came back was not given, until it is sent again or posted (Art 12(3): information is provided, not
    only dispatched).
    """

    class Way(models.TextChoices):
        EMAIL = "email", _("By e-mail")
        POST = "post", _("By post")

    # The template version of a copy that still holds the facts and no words (requests/told_at_once.py).
    FACTS = 0

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey("requests.CaseFile", models.CASCADE, related_name="letters")
    request = models.ForeignKey("requests.RightsRequest", models.CASCADE, null=True, related_name="letters")
    complaint = models.ForeignKey("requests.Complaint", models.CASCADE, null=True, related_name="letters")
    kind = models.CharField(max_length=30)
    template_version = models.PositiveSmallIntegerField(default=1)
    sealed = models.BinaryField(help_text='Field "letter": HTML.')
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, help_text=_("When the notice of it was posted by e-mail."))
    given_by = models.CharField(max_length=5, choices=Way, blank=True, db_default="")
    given_on = models.DateField(null=True)
    bounced_at = models.DateTimeField(null=True)
    # The message that told of it: a bounce names it (Message-ID).
    outbox = models.UUIDField(null=True, unique=True)
    # The letter's own link. An answer with a copy of data is collected by the link of its package instead.
    token_hash = models.BinaryField(null=True, unique=True)
    expires_at = models.DateTimeField(null=True)

    objects = LetterQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(given_by="", given_on__isnull=True)
                | Q(given_by__in=["email", "post"], given_on__isnull=False),
                name="requests_letter_given_somehow",
            ),
            models.CheckConstraint(
                condition=Q(request__isnull=True) | Q(complaint__isnull=True), name="requests_letter_about_one"
            ),
        ]
        indexes = [
            models.Index(
                "created_at", name="requests_letter_owed", condition=Q(given_on=None) | Q(bounced_at__isnull=False)
            )
        ]
        triggers = [
            # What was written to somebody is never rewritten: another letter says it better.
            pgtrigger.ReadOnly(name="stays_as_written", fields=["uuid", "case", "kind", "created_at"]),
            pgtrigger.Protect(
                name="words_stay",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__template_version__gt=0)
                & (
                    pgtrigger.Q(old__sealed__df=pgtrigger.F("new__sealed"))
                    | pgtrigger.Q(old__template_version__df=pgtrigger.F("new__template_version"))
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.uuid}"

    @property
    def is_given(self) -> bool:
        """Whether it counts: it went out, and did not come back."""
        return self.given_on is not None and self.bounced_at is None

    @property
    def is_at_once(self) -> bool:
        """Whether it went by itself as soon as something came in."""
        return self.kind in AT_ONCE.values()

    @property
    def is_owed(self) -> bool:
        return not self.is_given and not self.is_at_once

    @property
    def field(self) -> str:
        """The name under which it is sealed."""
        return f"letter:{self.uuid}"

    @property
    def title(self) -> str:
        return title(self.kind)

    @property
    def reference(self) -> str:
        """The reference that stands on it."""
        about = self.complaint or self.request or min(self.case.requests.all(), key=attrgetter("pk"), default=None)
        return about.reference if about else ""

    def give(self, way: Way, *, day: date) -> None:
        """Note that it is given. What came back before does not count any more."""
        self.given_by, self.given_on, self.bounced_at = way, day, None
        self.save(update_fields=["given_by", "given_on", "bounced_at"])

    def put_into_words(self, sealed: bytes, *, version: int) -> None:
        """What was kept of it as facts has left in these words. They stay."""
        self.sealed, self.template_version = sealed, version
        self.save(update_fields=["sealed", "template_version"])

    def come_back(self, *, now: datetime) -> None:
        self.bounced_at = now
        self.save(update_fields=["bounced_at"])


class LetterDraft(models.Model):
    """A letter that staff are writing: the words of their own, sealed. One of each kind about one request."""

    case = models.ForeignKey("requests.CaseFile", models.CASCADE, related_name="letter_drafts")
    request = models.ForeignKey("requests.RightsRequest", models.CASCADE, null=True, related_name="letter_drafts")
    complaint = models.ForeignKey("requests.Complaint", models.CASCADE, null=True, related_name="letter_drafts")
    kind = models.CharField(max_length=30)
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    sealed = models.BinaryField(help_text='Field "draft": JSON of the words by field.')
    updated_at = models.DateTimeField()
    updated_by = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "kind"], name="requests_draft_once_per_request"),
            models.UniqueConstraint(fields=["complaint", "kind"], name="requests_draft_once_per_complaint"),
            models.CheckConstraint(
                condition=Q(request__isnull=True) ^ Q(complaint__isnull=True), name="requests_draft_about_one"
            ),
        ]

    def __str__(self) -> str:
        return f"draft of {self.kind} {self.uuid}"

    @property
    def title(self) -> str:
        return title(self.kind)
