"""Choices: how far a file from another tool has been taken in, and what of it could not be."""

import uuid

from django.db import models


class ConsentImport(models.Model):
    """One file. It is not kept: this says which it was, how far it is done, and what became of its rows."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Of the whole file: the same file goes on where it stopped. One that is done is not done again, but for rows that
    # were wrong.
    sha256 = models.CharField(max_length=64, unique=True)
    # Behind the last row that is done.
    offset = models.BigIntegerField(default=0)
    line = models.BigIntegerField(default=0)
    counts = models.JSONField(default=dict)
    actor = models.CharField(max_length=60)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"import of consents {self.uuid}"


class ImportFault(models.Model):
    """A row that was not taken in: its line and why, never what it says."""

    job = models.ForeignKey(ConsentImport, models.CASCADE, related_name="faults", db_index=False)
    line = models.BigIntegerField()
    field = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "line", "field"], name="consents_importfault_once")]

    def __str__(self) -> str:
        return f"fault on line {self.line}"
