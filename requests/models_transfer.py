"""Portability to another controller (UK GDPR Art 20(2)): what the person told us to send, to whom, and its receipt."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Transfer(models.Model):
    """One hand-over: to an HTTPS address of the other controller, or through a link that works once."""

    class Way(models.TextChoices):
        ADDRESS = "address", _("Straight to an address of theirs")
        LINK = "link", _("By a link that works once")

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENDING = "sending", _("On its way")
        DELIVERED = "delivered", _("They have it")
        FAILED = "failed", _("They did not take it")
        CANCELLED = "cancelled", _("Not to be sent")

    class Told(models.TextChoices):
        """How the person instructed us. Without an instruction nothing goes to anybody else."""

        REQUEST = "request", _("In the request")
        WRITING = "writing", _("In a later letter or e-mail")
        PHONE = "phone", _("By telephone, after we had made sure who it was")
        PAGE = "page", _("On their page, after the code")

    # Also the idempotency id: a receiver that gets it twice knows that it is the same.
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    request = models.ForeignKey("requests.RightsRequest", models.CASCADE, related_name="transfers")
    way = models.CharField(max_length=10, choices=Way)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    told = models.CharField(max_length=10, choices=Told)
    sealed = models.BinaryField(null=True, help_text='Field "transfer": JSON of name, address and instruction.')
    instructed_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=60)
    # Of a link. Only its hash is kept.
    token_hash = models.BinaryField(null=True, unique=True)
    expires_at = models.DateTimeField(null=True)
    # Of what was handed over.
    sha256 = models.CharField(max_length=64, blank=True)
    error = models.CharField(max_length=60, blank=True, help_text=_("A code of requests/transfers.py."))
    receipt = models.BinaryField(null=True, help_text='Field "receipt": JSON of what the other side answered.')
    finished_at = models.DateTimeField(null=True)
    entry = models.UUIDField(null=True, help_text=_("The ledger entry that proves how it ended."))

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "sending", "delivered", "failed", "cancelled"]),
                name="requests_transfer_state_known",
            ),
            models.CheckConstraint(
                condition=Q(way="address", token_hash=None, expires_at=None)
                | Q(way="link", token_hash__isnull=False, expires_at__isnull=False),
                name="requests_transfer_link_expires",
            ),
            models.CheckConstraint(
                condition=~Q(state="delivered") | Q(sha256__gt="", finished_at__isnull=False, entry__isnull=False),
                name="requests_transfer_delivered_is_proved",
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | Q(error__gt=""), name="requests_transfer_failure_has_code"
            ),
        ]
        indexes = [models.Index("request", "id", name="requests_transfer_request")]

    def __str__(self) -> str:
        return f"transfer {self.uuid}"
