"""Where backups lie: three files for each, by the same name, the keys in a directory of their own.

BACKUP_DIR/data/NAME.dump   every table, but no key        BACKUP_DIR/data/NAME.json   what is in it, authenticated
BACKUP_DIR/keys/NAME.keys   the keys of what is sealed     (both dumps are sealed with the backup key)
"""

import fcntl
import hmac
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path

from django.conf import settings

from kraken_privacy.backup.problem import BackupProblem
from kraken_privacy.backup.sealing import ring

FORM, NAME = "%Y-%m-%dT%H%M%SZ", re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z")


@dataclass
class Manifest:
    """What a backup says of itself. Nothing in it is about a person."""

    name: str
    made_at: str
    expires_on: str
    server: str
    journal_seq: int
    journal_hash: str
    # Table → rows, counted in the same snapshot.
    rows: dict[str, int] = field(default_factory=dict)
    verified_at: str = ""


def folder(kind: str) -> Path:
    made = Path(settings.BACKUP_DIR) / kind
    made.mkdir(mode=0o700, parents=True, exist_ok=True)
    return made


def dump_of(name: str) -> Path:
    return folder("data") / f"{name}.dump"


def keys_of(name: str) -> Path:
    return folder("keys") / f"{name}.keys"


def _manifest_of(name: str) -> Path:
    return folder("data") / f"{name}.json"


def names() -> list[str]:
    """Every backup that has a manifest, oldest first."""
    return sorted(path.stem for path in folder("data").glob("*.json") if NAME.fullmatch(path.stem))


def name_for(now: datetime) -> str:
    return now.astimezone(UTC).strftime(FORM)


def write(manifest: Manifest) -> None:
    """Last of all: without it, what lies there is no backup."""
    path = _manifest_of(manifest.name)
    draft = path.with_suffix(".new")
    body = asdict(manifest)
    draft.write_text(json.dumps({**body, "mac": _mac(body)}, indent=1) + "\n")
    os.chmod(draft, 0o600)
    draft.replace(path)


def read(name: str) -> Manifest:
    """Raises BackupProblem when it is missing, or is not what we wrote."""
    try:
        body = json.loads(_manifest_of(name).read_text())
        mac = str(body.pop("mac"))
        manifest = Manifest(**body)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupProblem(f"There is no backup named {name} in {settings.BACKUP_DIR}.") from error
    if not any(hmac.compare_digest(_mac(body, key_id), mac) for key_id in ring().keys):
        raise BackupProblem(f"The description of backup {name} was changed, or made with another backup key.")
    return manifest


def expire(*, today: date, days: int, zone: tzinfo) -> list[str]:
    """Delete every backup whose day has come, the keys first, also one that can no longer be read. Returns their names.

    `days`: how long a backup is kept now. Letters name a day by it, so it counts for older backups as well, from the
    day on which each was made where the controller is (`zone`).
    """
    gone = []
    for name in names():
        made_on = datetime.strptime(name, FORM).replace(tzinfo=UTC).astimezone(zone).date()
        if min(_expires_on(name), made_on + timedelta(days=days)) <= today:
            discard(name)
            gone.append(name)
    return gone


def _expires_on(name: str) -> date:
    """What its description says. Nobody has to vouch for that: whoever can change it can delete the backup as well."""
    try:
        return date.fromisoformat(json.loads(_manifest_of(name).read_text())["expires_on"])
    except (OSError, ValueError, KeyError, TypeError):
        return date.max


def discard(name: str) -> None:
    """All of a backup, the keys first."""
    for path in (keys_of(name), dump_of(name), _manifest_of(name)):
        path.unlink(missing_ok=True)


def clear() -> None:
    """Delete what is left of backups that were killed: whoever may call this is `alone`, so nobody is making them."""
    begun = {path.stem for kind in ("keys", "data") for path in folder(kind).iterdir()}
    for name in filter(NAME.fullmatch, begun - set(names())):
        discard(name)
        _manifest_of(name).with_suffix(".new").unlink(missing_ok=True)


@contextmanager
def alone() -> Iterator[None]:
    """Nobody else makes or deletes backups here meanwhile. Raises BackupProblem when somebody does."""
    with (folder("data").parent / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupProblem("Another backup is being made. Let it finish.") from error
        yield


def _mac(body: dict[str, object], key_id: str | None = None) -> str:
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return ring().mac(b"manifest|" + text.encode(), key_id).hex()
