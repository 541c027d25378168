"""What staff keep for their own work: the views of the queue they come back to, and which people were made one."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models import User


class SavedView(models.Model):
    """A filter of the queue under a name of the user's own."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(User, models.CASCADE, related_name="saved_views")
    name = models.CharField(_("name"), max_length=40)
    # Codes and numbers only: what office/filters.py reads from an address.
    filters = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="office_savedview_named_once")]

    def __str__(self) -> str:
        return f"view {self.pk}"


class Merge(models.Model):
    """Two records of one person made one. `moved` says by id what came from the record that is gone.

    People stand here by public id: an erasure deletes the row (office/personal.py), and never waits for it.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kept = models.UUIDField(db_index=True)
    gone = models.UUIDField(unique=True)
    moved = models.JSONField(default=dict)
    merged_at = models.DateTimeField()
    merged_by = models.CharField(max_length=60)
    entry = models.UUIDField(help_text="The ledger entry of the merge.")

    def __str__(self) -> str:
        return f"merge {self.uuid}"
