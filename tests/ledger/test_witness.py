"""A copy of the seals outside the database."""

import json
import logging
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from ledger import tasks, witness
from ledger.models import Seal
from ledger.verify import verify
from tests.make_evidence import entry, let_others_end, seal, tampering

pytestmark = pytest.mark.django_db(transaction=True)


def lines(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "seals.jsonl").read_text().splitlines()]


def test_each_seal_is_written_once(tmp_path: Path) -> None:
    for n in range(2):
        entry(n)
        let_others_end()
        call_command("ledger", "seal", "--witness", str(tmp_path), stdout=StringIO())
        call_command("ledger", "seal", "--witness", str(tmp_path), stdout=StringIO())
    assert [line["hash"] for line in lines(tmp_path)] == list(
        Seal.objects.order_by("pk").values_list("hash", flat=True)
    )
    assert verify(lines(tmp_path)[-1]["root"]).ok


def test_half_a_line_left_by_a_crash_is_written_again(tmp_path: Path) -> None:
    entry()
    seal()
    witness.export(tmp_path)
    file = tmp_path / "seals.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])
    assert witness.export(tmp_path) == 1
    assert file.read_bytes() == whole


def test_ledger_that_lost_a_witnessed_seal_is_refused(tmp_path: Path) -> None:
    entry()
    last = seal()
    witness.export(tmp_path)
    with tampering() as thief:
        thief.execute("DELETE FROM ledger_seal WHERE id = %s", [last.pk])
    with pytest.raises(CommandError, match="witness"):
        call_command("ledger", "seal", "--witness", str(tmp_path), stdout=StringIO())


def test_task_seals_exports_and_warns(settings, tmp_path: Path, caplog) -> None:
    settings.WITNESS_DIR = str(tmp_path)
    entry(1, at=timezone.now())
    let_others_end()
    tasks.seal()
    assert len(lines(tmp_path)) == 1
    assert "waiting" not in caplog.text
    settings.UNSEALED_WARNING_SECONDS = 60
    with tampering() as held:  # somebody's transaction stays open
        held.execute("SELECT pg_current_xact_id()")
        entry(2, at=timezone.now() - timedelta(minutes=2))
        with caplog.at_level(logging.WARNING):
            tasks.seal()
    assert "waiting for a seal" in caplog.text
