"""Telling: what people were told, and from when to when."""

import pgtrigger
from django.db import models
from django.db.models import Q


class PrivacyNotice(models.Model):
    """One version of the privacy notice in one language. Published versions stay for ever."""

    version = models.CharField(max_length=20)
    locale = models.CharField(max_length=10, default="en-GB")
    html = models.TextField()
    sha256 = models.CharField(max_length=64)
    effective_from = models.DateField()
    # In plain words, for whoever read the one before.
    changes = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "locale"], name="notices_notice_versioned"),
            models.UniqueConstraint(fields=["locale", "effective_from"], name="notices_notice_one_from_each_date"),
            models.CheckConstraint(condition=~Q(html=""), name="notices_notice_says_something"),
        ]
        triggers = [
            # What people were told is what consents and letters refer to.
            pgtrigger.Protect(name="stays", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"privacy notice {self.version}"
