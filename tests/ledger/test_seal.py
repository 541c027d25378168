"""Every entry is in exactly one seal, whatever order transactions take their numbers and commit in."""

import threading

import pytest
from django.db import connection

from ledger import seals
from ledger.leaves import leaves
from ledger.models import Entry, Seal
from ledger.verify import verify
from tests.make_evidence import NOW, entry, let_others_end, seal, session, write

pytestmark = pytest.mark.django_db(transaction=True)


def covered() -> list[int]:
    """The entries that the seals cover, one by one as often as they are covered."""
    rows = Seal.objects.order_by("pk")
    return [leaf.entry for row in rows for leaf in leaves(row.epoch, row.xid_from, row.xid_to)]


def test_nothing_to_seal() -> None:
    assert seals.seal(now=NOW) is None
    assert verify().ok


def test_seals_follow_each_other() -> None:
    entry(1)
    first = seal()
    assert seals.seal(now=NOW) is None
    entry(2)
    second = seal()
    assert (first.count, first.prev, second.prev) == (1, seals.FIRST, first.hash)
    assert second.xid_from == first.xid_to
    assert verify(second.root).ok
    assert verify(second.hash).ok


def test_commits_out_of_order() -> None:
    """T1 takes the lower transaction id and the lower row id, T2 commits first."""
    with session() as early, session() as late:
        write(early, 1)
        write(late, 2)
        late.commit()
        naive = max_id_sealer(after=0)
        seals.seal(now=NOW)
        early.commit()
    naive += max_id_sealer(after=max(naive))
    seal()
    everything = sorted(Entry.objects.values_list("pk", flat=True))
    assert sorted(covered()) == everything
    assert len(everything) == 2
    assert sorted(naive) != everything, "the test must be one that sealing by id fails"
    assert verify().ok


def max_id_sealer(*, after: int) -> list[int]:
    """What a sealer that remembers the highest id would take."""
    return list(Entry.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True))


def test_late_entry_of_an_open_transaction_waits_and_is_counted_as_waiting() -> None:
    with session() as open_one:
        write(open_one, 1)
        entry(2)
        assert seals.seal(now=NOW) is None
        assert verify().waiting == 1
        open_one.rollback()
    assert seal().count == 1


def test_writers_do_not_wait_for_the_sealer_nor_it_for_them() -> None:
    entry(1)
    let_others_end()
    with session(options="-c lock_timeout=500") as writer, connection.cursor() as cursor:
        write(writer, 2)
        cursor.execute("SET lock_timeout = 500")
        try:
            assert seals.seal(now=NOW).count == 1
            write(writer, 3)
            writer.commit()
            assert seal().count == 2
        finally:
            cursor.execute("RESET lock_timeout")


def test_two_sealers_at_once_make_one_seal() -> None:
    entry(1)
    let_others_end()
    made, start = [], threading.Barrier(4)

    def work() -> None:
        start.wait()
        made.append(seals.seal(now=NOW))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(row is not None for row in made) == 1
    assert Seal.objects.count() == 1


def test_many_writers_and_a_sealer() -> None:
    """Entries written by four sessions while a fifth seals all the time: each in exactly one seal."""
    done = threading.Event()

    def work() -> None:
        with session() as writer:
            for n in range(40):
                write(writer, n)
                if n % 3:
                    writer.commit()

    def keep_sealing() -> None:
        while not done.is_set():
            seals.seal(now=NOW)
        connection.close()

    sealer = threading.Thread(target=keep_sealing)
    writers = [threading.Thread(target=work) for _ in range(4)]
    for thread in (sealer, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    sealer.join()
    seal()
    assert sorted(covered()) == sorted(Entry.objects.values_list("pk", flat=True))
    assert len(covered()) == 160
    assert verify().ok


def test_age_of_what_waits() -> None:
    assert not seals.oldest_unsealed(now=NOW)
    entry(1)
    later = NOW.replace(hour=11)
    assert seals.oldest_unsealed(now=later).total_seconds() == 3600
    seal()
    assert not seals.oldest_unsealed(now=later)
