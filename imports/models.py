"""Files on their way in: each row sealed until it is taken in, and what must not be taken in twice."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class Import(models.Model):
    """One file. What it says is in its rows, sealed under its key; the file itself is not kept."""

    class Kind(models.TextChoices):
        PEOPLE = "people", _("People")
        CASES = "cases", _("Rights requests")
        SUPPRESSIONS = "suppressions", _("Suppression list")
        CHOICES = "choices", _("Choices")
        REGISTER = "register", _("Register of processing")

    class State(models.TextChoices):
        MAPPING = "mapping", _("Columns to be named")
        CHECKING = "checking", _("Being checked")
        CHECKED = "checked", _("Checked, nothing taken in yet")
        IMPORTING = "importing", _("Being taken in")
        FINISHED = "finished", _("Taken in")
        ERASED = "erased", _("Staging erased")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=12, choices=Kind)
    state = models.CharField(max_length=10, choices=State, default=State.MAPPING)
    # JSON {"headers", "columns", "fixed"}: a file without headings has people in its first line.
    sealed = models.BinaryField(null=True)
    encoding = models.CharField(max_length=12)
    delimiter = models.CharField(max_length=1)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=60)
    committed_by = models.CharField(max_length=60, blank=True)
    finished_at = models.DateTimeField(null=True)
    # How many rows were in each state when the rows were erased.
    counts = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index("created_at", name="imports_by_date")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["people", "cases", "suppressions", "choices", "register"]),
                name="imports_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return f"import {self.uuid}"


class Row(models.Model):
    """One row of a file. What it says goes as soon as it has been taken in."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Not checked yet")
        READY = "ready", _("Ready")
        WRONG = "wrong", _("With errors")
        KNOWN = "known", _("Taken in before, or twice in the file")
        DONE = "done", _("Taken in")

    job = models.ForeignKey(Import, models.CASCADE, related_name="rows", db_index=False)
    line = models.PositiveIntegerField(help_text="The line of the file on which it begins.")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    # JSON list of the cells, and of the errors as [[field, sentence], …].
    sealed = models.BinaryField(null=True)
    errors = models.BinaryField(null=True)
    # Keyed hashes: of everything the row says, and of what it is about.
    fingerprint = models.BinaryField(null=True)
    about = models.BinaryField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "line"], name="imports_row_once")]
        indexes = [
            models.Index("job", "state", "line", name="imports_row_state"),
            models.Index("job", "fingerprint", name="imports_row_fingerprint"),
            models.Index("job", "about", name="imports_row_about"),
        ]

    def __str__(self) -> str:
        return f"row {self.pk}"


class Seen(models.Model):
    """A row that was taken in, by its keyed hash, so that the same file sent again brings nothing again."""

    kind = models.CharField(max_length=12)
    fingerprint = models.BinaryField()
    at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["fingerprint", "kind"], name="imports_seen_once")]

    def __str__(self) -> str:
        return f"seen {self.pk}"


class Heading(models.Model):
    """Which field a heading meant last time, by the heading's keyed hash."""

    kind = models.CharField(max_length=12)
    heading = models.BinaryField()
    field = models.CharField(max_length=60)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["heading", "kind"], name="imports_heading_once")]

    def __str__(self) -> str:
        return f"heading {self.pk}"
