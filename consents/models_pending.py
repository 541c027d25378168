"""Choices: answers that wait until the owner of the mailbox says so too (double opt-in)."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q


class PendingConsent(models.Model):
    """An answer to a form with double opt-in, or one that nobody proved where a "no" stands.
    No person is made or matched before it is confirmed.

    The row outlives its content: that it was confirmed, or never was, stays known until the sweep. So does what whoever
    sent an unseen answer was told, when its person is erased.
    """

    # The id that the API answers as `consent`; its events share it once it is confirmed.
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    form_version = models.BigIntegerField()
    # Field "answer" under the consent's own key: the answer as it was sent. Empty once confirmed.
    sealed = models.BinaryField(null=True)
    blinds = ArrayField(
        models.BinaryField(),
        default=list,
        help_text="Blind indexes of whatever names the person, and of no parent: an erasure finds it by each.",
    )
    token_hash = models.BinaryField(unique=True, help_text="Of the link in the mail.")
    # Where a parent is asked and the form has double opt-in: it counts when both buttons have been pressed.
    own_token_hash = models.BinaryField(null=True, unique=True, help_text="Of the link to the child's own mailbox.")
    parent_at = models.DateTimeField(null=True)
    own_at = models.DateTimeField(null=True)
    shared_at = models.DateTimeField(
        null=True, help_text="When the button was first pressed in a mailbox that several people have: for staff."
    )
    actor = models.CharField(max_length=60)
    collected_by = models.CharField(max_length=20)
    requested_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    # Each purpose with what was asked for it: what a repeated call is answered with.
    states = models.JSONField()
    # The same by control, where whoever sent it does not see that it waits: told again also when its content is gone.
    choices = models.JSONField(default=dict)
    entry = models.UUIDField(help_text="The ledger entry of the request.")
    is_test = models.BooleanField(default=False)
    is_unseen = models.BooleanField(
        default=False, help_text='It waits because of a "no" that stands, and whoever sent it is not told that.'
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_at=None) | Q(sealed=None), name="consents_pending_confirmed_is_empty"
            )
        ]
        indexes = [
            GinIndex(fields=["blinds"], name="consents_pending_blinds", condition=Q(confirmed_at=None)),
            models.Index("requested_at", name="consents_pending_requested"),
            models.Index("shared_at", name="consents_pending_shared", condition=Q(shared_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"pending consent {self.uuid}"
