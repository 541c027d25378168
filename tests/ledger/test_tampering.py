"""A superuser with every trigger off changes the evidence: the check says so and where."""

import json
from collections.abc import Callable
from io import StringIO

import psycopg
import pytest
from django.core.management import call_command

from ledger.models import Entry, Seal
from ledger.verify import verify
from tests.make_evidence import body, entry, seal, tampering

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def chain() -> list[Seal]:
    """Three seals over two entries each."""
    made = []
    for n in range(3):
        entry(2 * n)
        entry(2 * n + 1)
        made.append(seal())
    assert verify().ok
    return made


def alter(thief: psycopg.Connection, ids: list[int]) -> None:
    thief.execute("UPDATE ledger_entry SET body = replace(body, '\"n\":2', '\"n\":9') WHERE id = %s", [ids[2]])


def remove(thief: psycopg.Connection, ids: list[int]) -> None:
    thief.execute("DELETE FROM ledger_entry WHERE id = %s", [ids[2]])


def insert(thief: psycopg.Connection, ids: list[int]) -> None:
    thief.execute(
        "INSERT INTO ledger_entry (body, xid, epoch) SELECT %s, xid, epoch FROM ledger_entry WHERE id = %s",
        [body(99), ids[2]],
    )


def reorder(thief: psycopg.Connection, ids: list[int]) -> None:
    """Two sealed entries change places in time."""
    thief.execute(
        "UPDATE ledger_entry e SET xid = o.xid FROM ledger_entry o"
        " WHERE (e.id, o.id) IN ((%(a)s, %(b)s), (%(b)s, %(a)s))",
        {"a": ids[2], "b": ids[3]},
    )


def resign_without_key(thief: psycopg.Connection, ids: list[int]) -> None:
    """The seal's own text is changed, its hash with it; the signature cannot be."""
    thief.execute(
        "UPDATE ledger_seal SET body = replace(body, '\"count\":2', '\"count\":3') WHERE xid_from > '0'::xid8"
        " AND id = (SELECT max(id) - 1 FROM ledger_seal)"
    )


def drop_middle_seal(thief: psycopg.Connection, ids: list[int]) -> None:
    thief.execute("DELETE FROM ledger_seal WHERE id = (SELECT max(id) - 1 FROM ledger_seal)")


def move_to_another_epoch(thief: psycopg.Connection, ids: list[int]) -> None:
    thief.execute("UPDATE ledger_entry SET epoch = 0 WHERE id = %s", [ids[2]])


@pytest.mark.parametrize(
    ("tamper", "code"),
    [
        (alter, "entries-changed"),
        (remove, "entries-missing"),
        (insert, "entries-added"),
        (reorder, "entries-changed"),
        (resign_without_key, "seal-hash-wrong"),
        (drop_middle_seal, "seal-chain-broken"),
        (move_to_another_epoch, "entries-missing"),
    ],
)
def test_change_is_found(chain: list[Seal], tamper: Callable, code: str) -> None:
    ids = list(Entry.objects.order_by("pk").values_list("pk", flat=True))
    with tampering() as thief:
        tamper(thief, ids)
    report = verify()
    assert not report.ok
    assert report.findings[0].code == code
    where = chain[2] if tamper is drop_middle_seal else chain[1]
    assert report.findings[0].seal == where.pk


def cut_tail(thief: psycopg.Connection) -> None:
    """The last seal and its entries, as if they had never been; the head is set back too."""
    thief.execute(
        "DELETE FROM ledger_entry WHERE xid >= (SELECT max(xid_from::text::numeric)::text::xid8 FROM ledger_seal)"
    )
    thief.execute("DELETE FROM ledger_seal WHERE id = (SELECT max(id) FROM ledger_seal)")
    thief.execute("UPDATE ledger_head SET horizon = (SELECT xid_to FROM ledger_seal ORDER BY id DESC LIMIT 1)")


def test_cut_tail_is_found_by_a_root_noted_before(chain: list[Seal]) -> None:
    with tampering() as thief:
        cut_tail(thief)
    assert verify().ok, "from inside nothing can show this: it is what a witness is for"
    for noted in (chain[2].root, chain[2].hash):
        assert [finding.code for finding in verify(noted).findings] == ["expected-seal-missing"]
    assert verify(chain[1].root).ok


def test_cut_tail_without_the_head_is_found_at_once(chain: list[Seal]) -> None:
    with tampering() as thief:
        thief.execute("DELETE FROM ledger_seal WHERE id = %s", [chain[2].pk])
    assert "head-wrong" in [finding.code for finding in verify().findings]


def test_entry_slipped_behind_a_closed_epoch_is_found(chain: list[Seal]) -> None:
    with tampering() as thief:
        thief.execute("UPDATE ledger_head SET epoch = 2, horizon = '0'")
        thief.execute("INSERT INTO ledger_entry (body, epoch) VALUES (%s, 1)", [body(5)])
    assert [finding.code for finding in verify().findings] == ["entries-outside-seals"]


def test_command_exits_with_1_and_says_what(chain: list[Seal]) -> None:
    out = StringIO()
    call_command("ledger", "verify", "--expect", chain[0].root, "--json", stdout=out)
    assert json.loads(out.getvalue())["ok"]
    with tampering() as thief:
        remove(thief, list(Entry.objects.order_by("pk").values_list("pk", flat=True)))
    for extra in ([], ["--json"]):
        out = StringIO()
        with pytest.raises(SystemExit) as ended:
            call_command("ledger", "verify", *extra, stdout=out)
        assert ended.value.code == 1
        assert "entries-missing" in out.getvalue()
