"""Choices: pauses, and the fresh codes that open somebody's choices."""

import uuid

from django.db import models
from django.db.models import F, Q

from processing.models import Purpose


class Pause(models.Model):
    """Somebody wants to hear nothing until a day: a keyed hash of their identifier, as in Suppression.

    It touches no choice. When it is over, what stands then counts, a "no" that was said meanwhile included. No purpose
    means all marketing.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    schema_version = models.PositiveSmallIntegerField(default=1)
    hash = models.BinaryField()
    hash_key = models.CharField(max_length=16)
    purpose = models.ForeignKey(Purpose, models.PROTECT, null=True, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField()
    entry = models.UUIDField(help_text="The ledger entry that proves it.")
    ended_at = models.DateTimeField(null=True, help_text="Ended by the person before its day.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["hash", "purpose"],
                condition=Q(ended_at=None),
                nulls_distinct=False,
                name="consents_pause_one_open",
            ),
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="consents_pause_has_a_length"),
        ]
        indexes = [models.Index("until", name="consents_pause_over")]

    def __str__(self) -> str:
        return f"pause {self.uuid}"


class MailboxCheck(models.Model):
    """An address that somebody typed to see its choices: by a keyed hash, known or not. Gone after a day."""

    about = models.UUIDField(unique=True, help_text="As consents/address_mail.py counts mails by.")
    asked_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"check {self.pk}"


class MailboxCode(models.Model):
    """A code that was mailed there (core/codes.py)."""

    check_of = models.ForeignKey(MailboxCheck, models.CASCADE, related_name="codes")
    code_mac = models.BinaryField()
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(attempts__lte=5), name="consents_code_attempts_bounded"),
        ]

    def __str__(self) -> str:
        return f"code {self.pk}"
