"""Proof: what happened, in the order of transactions, sealed so that a later change shows (RFC 9162 Merkle trees)."""

from typing import Any

import pgtrigger
from django.db import models
from django.db.models import Func, Q
from django.utils.translation import gettext_lazy as _

from ledger.fields import TransactionIdField


class Member(Func):
    """One member of the canonical JSON in `body`, as text. As `json`, because nothing is to be made of the rest."""

    template = "(%(expressions)s::json ->> '%(name)s')%(cast)s"

    def __init__(self, name: str, cast: str = "", **extra: Any) -> None:
        super().__init__("body", name=name, cast=f"::{cast}" if cast else "", **extra)

    def deconstruct(self) -> tuple[str, list[object], dict[str, object]]:  # what migrations write
        return "ledger.models.Member", [self.extra["name"], str(self.extra["cast"]).removeprefix("::")], {}


class Instant(Func):
    """The time in `body`: text to timestamptz depends on session settings, so the database has a fixed function."""

    template = "ledger_instant(%(expressions)s::json ->> 'at')"

    def __init__(self, **extra: Any) -> None:
        super().__init__("body", **extra)

    def deconstruct(self) -> tuple[str, list[object], dict[str, object]]:
        return "ledger.models.Instant", [], {}


class CurrentTransaction(Func):
    function = "pg_current_xact_id"
    output_field = TransactionIdField()


class CurrentEpoch(Func):
    function = "ledger_epoch"
    output_field = models.IntegerField()


# The gate of the ledger's own retention: the transaction names a run, and that run must exist. The table is looked up
# by name because the ledger lies below the app that owns it.
GATE = """
IF current_setting('kraken.retention_run', true) ~ '^[0-9a-f-]{36}$' AND to_regclass('retention_run') IS NOT NULL THEN
    EXECUTE 'SELECT EXISTS (SELECT FROM retention_run WHERE uuid = $1 AND status = ''running'')'
        INTO admitted USING current_setting('kraken.retention_run')::uuid;
    IF admitted THEN
        INSERT INTO ledger_pruned (entry, epoch, xid, leaf, run)
        VALUES (OLD.id, OLD.epoch, OLD.xid, sha256('\\x00'::bytea || convert_to(OLD.body, 'UTF8')),
                current_setting('kraken.retention_run')::uuid);
        RETURN OLD;
    END IF;
END IF;
RAISE EXCEPTION 'ledger entries are only removed inside a retention run' USING ERRCODE = 'insufficient_privilege';
"""


REFUSE = "RAISE EXCEPTION 'evidence is append-only' USING ERRCODE = 'insufficient_privilege';"


def never(name: str, operation: pgtrigger.Operation, level: pgtrigger.Level = pgtrigger.Row) -> pgtrigger.Trigger:
    """Refuse an operation to everyone, the tables' owner included."""
    return pgtrigger.Trigger(name=name, when=pgtrigger.Before, operation=operation, level=level, func=REFUSE)


class Entry(models.Model):
    """One piece of evidence. `body` is canonical JSON (RFC 8785) and exactly the Merkle leaf; all else follows from it.

    Holds ids, hashes, counts and codes only. `xid` orders entries by transaction; `epoch` counts clusters, because a
    dump restored elsewhere meets transaction ids that start again from the bottom.
    """

    body = models.TextField()
    xid = TransactionIdField(db_default=CurrentTransaction(), editable=False)
    epoch = models.IntegerField(db_default=CurrentEpoch(), editable=False)
    uuid = models.GeneratedField(
        expression=Member("id", "uuid"), output_field=models.UUIDField(), db_persist=True, unique=True
    )
    kind = models.GeneratedField(
        expression=Member("kind"), output_field=models.CharField(max_length=60), db_persist=True
    )
    at = models.GeneratedField(expression=Instant(), output_field=models.DateTimeField(), db_persist=True)
    subject = models.GeneratedField(
        expression=Member("subject", "uuid"), output_field=models.UUIDField(null=True), db_persist=True
    )
    object = models.GeneratedField(
        expression=Member("object", "uuid"), output_field=models.UUIDField(null=True), db_persist=True
    )
    purpose = models.GeneratedField(
        expression=Member("purpose"), output_field=models.CharField(max_length=60), db_persist=True
    )

    class Meta:
        verbose_name_plural = "entries"
        indexes = [
            models.Index("epoch", "xid", "id", name="ledger_entry_sealing_order"),
            models.Index("subject", "id", name="ledger_entry_subject", condition=Q(subject__isnull=False)),
            models.Index("object", "id", name="ledger_entry_object", condition=Q(object__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(uuid__isnull=False, at__isnull=False, purpose__isnull=False)
                & Q(kind__regex=r"^[a-z-]+(\.[a-z-]+)+$"),
                name="ledger_entry_body_is_complete",
            )
        ]
        triggers = [
            never("never_changed", pgtrigger.Update),
            never("never_emptied", pgtrigger.Truncate, pgtrigger.Statement),
            pgtrigger.Trigger(
                name="removed_by_retention_only",
                when=pgtrigger.Before,
                operation=pgtrigger.Delete,
                declare=[("admitted", "boolean")],
                func=GATE,
            ),
        ]

    def __str__(self) -> str:
        return f"entry {self.pk}"


class Pruned(models.Model):
    """The place of an entry that a retention run removed: its leaf hash keeps every seal provable."""

    entry = models.BigIntegerField(unique=True)
    epoch = models.IntegerField()
    xid = TransactionIdField()
    leaf = models.BinaryField()
    run = models.UUIDField()

    class Meta:
        verbose_name_plural = "pruned"
        indexes = [models.Index("epoch", "xid", "entry", name="ledger_pruned_sealing_order")]
        triggers = [
            never("never_changed", pgtrigger.Update | pgtrigger.Delete),
            never("never_emptied", pgtrigger.Truncate, pgtrigger.Statement),
        ]

    def __str__(self) -> str:
        return f"pruned entry {self.entry}"


class Seal(models.Model):
    """A signed statement over the entries of a half-open range of transaction ids in one epoch."""

    body = models.TextField()
    jws = models.TextField(help_text=_("Signature over exactly the bytes of the body (RFC 7515)."))
    hash = models.CharField(max_length=64, unique=True)
    epoch = models.GeneratedField(
        expression=Member("epoch", "integer"), output_field=models.IntegerField(), db_persist=True
    )
    xid_from = models.GeneratedField(
        expression=Member("xid_from", "xid8"), output_field=TransactionIdField(), db_persist=True
    )
    xid_to = models.GeneratedField(
        expression=Member("xid_to", "xid8"), output_field=TransactionIdField(), db_persist=True
    )
    count = models.GeneratedField(
        expression=Member("count", "bigint"), output_field=models.BigIntegerField(), db_persist=True
    )
    root = models.GeneratedField(
        expression=Member("root"), output_field=models.CharField(max_length=64), db_persist=True
    )
    # Unique: two sealers can never both follow the same seal.
    prev = models.GeneratedField(
        expression=Member("prev"), output_field=models.CharField(max_length=64), db_persist=True, unique=True
    )
    at = models.GeneratedField(expression=Instant(), output_field=models.DateTimeField(), db_persist=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["epoch", "xid_from"], name="ledger_seal_range_once"),
            models.CheckConstraint(
                condition=Q(root__regex="^[0-9a-f]{64}$", prev__regex="^[0-9a-f]{64}$", count__gt=0, at__isnull=False),
                name="ledger_seal_body_is_complete",
            ),
        ]
        triggers = [
            never("never_changed", pgtrigger.Update | pgtrigger.Delete),
            never("never_emptied", pgtrigger.Truncate, pgtrigger.Statement),
        ]

    def __str__(self) -> str:
        return f"seal {self.pk}"


class Head(models.Model):
    """How far sealing has come: one row. A transaction id below the horizon can only come from another cluster."""

    epoch = models.IntegerField(default=1)
    horizon = TransactionIdField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="ledger_head_is_one")]

    def __str__(self) -> str:
        return f"epoch {self.epoch}"
