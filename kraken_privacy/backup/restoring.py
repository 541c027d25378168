"""Bringing a backup back, and up to date: nothing that was erased, restricted or refused since may reappear."""

from datetime import datetime
from pathlib import Path

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from kraken_privacy import whole
from kraken_privacy.backup import shelf
from kraken_privacy.backup.making import counted, load
from kraken_privacy.backup.problem import BackupProblem
from kraken_privacy.backup.shelf import Manifest
from ledger.entries import record
from retention import journal, replay


def restore(name: str, *, address: str, is_journal_lost: bool, now: datetime) -> tuple[Manifest, replay.Replayed]:
    """An empty database becomes the backup, migrated and replayed. Looks at everything before it touches anything."""
    if empty := shelf.not_mounted():
        raise BackupProblem(empty)
    manifest = shelf.read(name or _latest(now))
    for path in (shelf.dump_of(manifest.name), shelf.keys_of(manifest.name)):
        if not path.is_file():
            raise BackupProblem(
                f"{path} is missing. A backup without its keys can no longer be read: take a later one."
            )
    with psycopg.connect(address) as session:
        if counted(session):
            raise BackupProblem(
                "The database is not empty. Restore into a new one, and keep the old one until you have looked."
            )
    if not is_journal_lost:
        _check_journal(manifest)
    load(manifest.name, address)
    # It stops at the first error, and what it loaded is a snapshot that was restored once before.
    told = {"had_no_errors": True, "is_loss_known": True}
    return manifest, bring_up_to_date(is_journal_lost=is_journal_lost, now=now, backup=manifest.name, **told)


def bring_up_to_date(
    *,
    is_journal_lost: bool,
    now: datetime,
    backup: str = "",
    had_no_errors: bool = False,
    is_loss_known: bool = False,
) -> replay.Replayed:
    """Migrate, give the runtime role its rights, replay. Also after a restore by other means.

    `had_no_errors`: whoever restored it says so, and `is_loss_known` that what is missing went before the dump.
    """
    connection.close()
    if had_no_errors:
        whole.vouch(is_loss_known=is_loss_known)
    if unfinished := whole.unfinished():
        raise BackupProblem(unfinished)
    # A dump of an older version does not tell by whom it was restored; nor could whoever only upgrades say more.
    if not had_no_errors and not whole.is_vouched():
        raise BackupProblem(whole.NOT_VOUCHED)
    call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
    whole.own_up(now=now)
    if missing := whole.missing():
        raise BackupProblem(missing)
    if is_journal_lost:
        replay.go_on_without(now=now)
    done = replay.replay(now=now)
    if backup:
        record(kind="restore.done", at=now, actor=replay.ACTOR, data={"backup": backup, "lines": done.lines})
    return done


def _latest(now: datetime) -> str:
    ahead = shelf.ahead(now)
    found = [name for name in shelf.names() if name not in ahead]
    if not found and ahead:
        raise BackupProblem(f"Every backup in {settings.BACKUP_DIR} is of a day that is to come. Say which: {ahead}.")
    if not found:
        raise BackupProblem(f"There is no backup in {settings.BACKUP_DIR}.")
    return found[-1]


def _check_journal(manifest: Manifest) -> None:
    if not Path(settings.JOURNAL_DIR).is_dir() or not journal.exists():
        raise BackupProblem(
            f"There is no journal in {settings.JOURNAL_DIR}, so nobody could say what was erased since the backup. "
            f"{replay.WAY_OUT}"
        )
    report = journal.verify()
    if not report.ok:
        raise BackupProblem(f"The journal's chain is broken at {report.problems[0]}. {replay.WAY_OUT}")
    if not manifest.journal_seq:
        return
    line = journal.line_at(manifest.journal_seq)
    if line is None or (line["seq"], line["hash"]) != (manifest.journal_seq, manifest.journal_hash):
        raise BackupProblem(
            f"The journal in {settings.JOURNAL_DIR} is not the one of this backup: line {manifest.journal_seq} is "
            f"missing or another. {replay.WAY_OUT}"
        )
