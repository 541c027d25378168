"""What PostgreSQL itself guarantees about an entry."""

import uuid

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from core.errors import NotFound
from kraken_privacy.embedded.roles import OWNER
from ledger import merkle
from ledger.models import Entry, Pruned
from ledger.proofs import proof
from ledger.verify import verify
from retention.models import Run
from tests.make_evidence import NOW, body, entry, seal, session

pytestmark = pytest.mark.django_db


def run(command: str, *params) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(command, params)


def test_columns_follow_from_the_body() -> None:
    subject, about = uuid.uuid4(), uuid.uuid4()
    row = entry(subject=subject, object=about, purpose="newsletter")
    assert (row.kind, row.at, row.subject, row.object, row.purpose) == (
        "consent.given", NOW, subject, about, "newsletter",
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text")
        assert row.xid == int(cursor.fetchone()[0])


def test_raw_path_needs_only_the_body() -> None:
    run("INSERT INTO ledger_entry (body) VALUES (%s)", body(7))
    assert Entry.objects.get().epoch == 1


@pytest.mark.parametrize("bad", ["", "{", "[]", "{}", '{"kind": "a.b"}', "null", '{"id": "x", "kind": "a.b"}'])
def test_an_incomplete_body_is_refused(bad: str) -> None:
    with pytest.raises(DatabaseError):
        run("INSERT INTO ledger_entry (body) VALUES (%s)", bad)


@pytest.mark.parametrize("table", ["ledger_entry", "ledger_seal", "ledger_pruned"])
@pytest.mark.parametrize("command", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}"])
def test_runtime_role_cannot_change_evidence(table: str, command: str) -> None:
    entry()
    if table == "ledger_entry" and command.startswith("DELETE"):
        match = "only removed inside a retention run"  # the right is there, the trigger's gate is not open
    else:
        match = "permission denied"
    with pytest.raises(DatabaseError, match=match):
        run(command.format(table))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("command", ["UPDATE ledger_entry SET body = body", "DELETE FROM ledger_entry"])
def test_not_even_the_owner_can_change_evidence(command: str) -> None:
    entry()
    with session(OWNER) as owner, pytest.raises(psycopg.errors.InsufficientPrivilege):
        owner.execute(command)
    with session(OWNER) as owner, pytest.raises(psycopg.errors.InsufficientPrivilege):
        owner.execute("TRUNCATE ledger_entry, ledger_seal, ledger_pruned")


@pytest.mark.django_db(transaction=True)
def test_retention_run_opens_the_gate_and_leaves_the_hash() -> None:
    row = entry()
    run_id = Run.objects.create(request=uuid.uuid4(), as_of=NOW.date(), started_at=NOW, heartbeat_at=NOW).uuid
    with pytest.raises(DatabaseError, match="only removed"):
        run("SELECT set_config('kraken.retention_run', %s, true); DELETE FROM ledger_entry", str(uuid.uuid4()))
    run("SELECT set_config('kraken.retention_run', %s, true); DELETE FROM ledger_entry", str(run_id))
    left = Pruned.objects.get()
    assert (left.entry, left.xid, left.run) == (row.pk, row.xid, run_id)
    entry()
    with pytest.raises(DatabaseError, match="only removed"):
        run("DELETE FROM ledger_entry")


@pytest.mark.django_db(transaction=True)
def test_seals_hold_after_retention_removed_entries() -> None:
    """Evidence has its own retention; what is left and what was removed can still be told from tampering."""
    rows = [entry(n) for n in range(5)]
    first = seal()
    run_id = Run.objects.create(request=uuid.uuid4(), as_of=NOW.date(), started_at=NOW, heartbeat_at=NOW).uuid
    run(
        "SELECT set_config('kraken.retention_run', %s, true); DELETE FROM ledger_entry WHERE id = ANY(%s)",
        str(run_id),
        [rows[1].pk, rows[3].pk],
    )
    entry(9)
    seal()
    report = verify(first.root)
    assert report.ok
    assert (report.sealed, report.pruned) == (6, 2)
    kept = proof(rows[4].uuid)
    path = [bytes.fromhex(sibling) for sibling in kept["path"]]
    assert merkle.is_included(bytes.fromhex(kept["leaf"]), 4, 5, path, bytes.fromhex(first.root))
    with pytest.raises(NotFound):
        proof(rows[1].uuid)
