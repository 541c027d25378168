"""Choices: who is told of every change as it happens."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class Webhook(models.Model):
    """An address that is told of changes, signed (Standard Webhooks). Place and epoch as in ledger/feed.py.

    The secrets are sealed under the row's own key; while one is rotated, the former signs as well until it ends.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=100, unique=True)
    url = models.URLField(max_length=500)
    # Empty: every kind that the feed tells.
    kinds = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    secret = models.BinaryField()
    former_secret = models.BinaryField(null=True)
    former_until = models.DateTimeField(null=True)
    after = models.CharField(max_length=100, blank=True, help_text="The place in the feed up to which it is queued.")
    created_at = models.DateTimeField()
    # Held back: nothing is queued or sent, and nothing is lost either, because the place in the feed stays.
    disabled_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    # How the other side answered last. An empty status: nobody answered.
    tried_at = models.DateTimeField(null=True)
    taken_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    failures = models.PositiveIntegerField(default=0, help_text="Tries without success since the last one that had it.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(taken_at=None) | Q(tried_at__isnull=False), name="consents_webhook_taken_was_tried"
            ),
        ]

    def __str__(self) -> str:
        return self.name
