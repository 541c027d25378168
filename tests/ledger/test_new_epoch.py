"""While an epoch is closed, the only time writers wait: what they write lands in exactly one seal all the same."""

import threading

import pytest
from django.db import connection, transaction

from ledger import entries, seals
from ledger.leaves import leaves
from ledger.models import Entry, Head, Seal
from ledger.verify import verify
from tests.make_evidence import NOW, body, seal, session, tampering, write
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def someone_waits() -> bool:
    with session() as watcher:
        rows = watcher.execute(
            # Another worker's database is a copy, in which the table has the same number.
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'ledger_entry'::regclass"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return rows.fetchone()[0] > 0


def wait_for_lock() -> None:
    assert wait_until(someone_waits)


def test_writers_around_the_change_of_epoch() -> None:
    with tampering() as elsewhere:  # an entry with a transaction id this cluster has not given out yet
        elsewhere.execute("INSERT INTO ledger_entry (body, xid) VALUES (%s, '4611686018427387')", [body(1)])
    with session() as before, session() as during:
        write(before, 2)
        sealer = threading.Thread(target=in_thread)
        sealer.start()
        wait_for_lock()  # the sealer waits for the open writer
        late = threading.Thread(target=lambda: (write(during, 3), during.commit()))
        late.start()
        before.commit()
        sealer.join()
        late.join()
    seal()
    assert Head.objects.get().epoch == 2
    rows = Seal.objects.order_by("pk")
    covered = [leaf.entry for row in rows for leaf in leaves(row.epoch, row.xid_from, row.xid_to)]
    assert sorted(covered) == sorted(Entry.objects.values_list("pk", flat=True))
    assert len(covered) == 3
    assert verify().ok


def test_a_batch_that_is_copied_is_of_the_epoch_it_asked_for(monkeypatch) -> None:
    """An import asks once for thousands of rows. Whoever begins a new epoch meanwhile waits for it."""
    with tampering() as elsewhere:
        elsewhere.execute("INSERT INTO ledger_entry (body, xid) VALUES (%s, '4611686018427387')", [body(1)])
    copy, sealers = entries.copying.store, []

    def store(*rows) -> None:
        sealers.append(threading.Thread(target=in_thread))
        sealers[0].start()
        wait_for_lock()
        copy(*rows)

    monkeypatch.setattr(entries.copying, "store", store)
    with transaction.atomic():
        entries.store([body(2), body(3)])
    sealers[0].join()
    seal()
    assert Head.objects.get().epoch == 2
    rows = Seal.objects.order_by("pk")
    covered = [leaf.entry for row in rows for leaf in leaves(row.epoch, row.xid_from, row.xid_to)]
    assert sorted(covered) == sorted(Entry.objects.values_list("pk", flat=True))
    assert len(covered) == 3
    assert verify().ok


def in_thread() -> None:
    seals.seal(now=NOW)
    connection.close()
