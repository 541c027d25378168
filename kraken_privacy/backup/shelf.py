"""Where backups lie: three files for each, by the same name, the keys in a directory of their own.

BACKUP_DIR/data/NAME.dump   every table, but no key        BACKUP_DIR/data/NAME.json   what is in it, authenticated
BACKUP_DIR/keys/NAME.keys   the keys of what is sealed     (both dumps are sealed with the backup key)

While one is being made each folder has NAME.begun as well. What has that mark never was a backup. What has none is kept
until its day, whatever is missing beside it: one of the folders may only not be mounted.
"""

import fcntl
import hmac
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path

from django.conf import settings

from kraken_privacy.backup.problem import BackupProblem, NotTried
from kraken_privacy.backup.sealing import ring
from retention.journal import sync_folder

FORM = "%Y-%m-%dT%H%M%SZ"
KINDS = ("keys", "data")
# A name further ahead than this is of a clock that was wrong: what it says of its age is worth nothing.
AHEAD = timedelta(days=1)


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


def _mark_of(name: str, kind: str) -> Path:
    return folder(kind) / f"{name}.begun"


def names() -> list[str]:
    """Every backup that has a manifest, oldest first."""
    return _named("data", ".json")


def _named(kind: str, ending: str = "") -> list[str]:
    """Of which backups a file lies in this folder, oldest first."""
    found = {path.name.partition(".")[0] for path in folder(kind).iterdir() if path.name.endswith(ending)}
    return sorted(name for name in found if _made_at(name))


def _everything() -> list[str]:
    return sorted({*_named("data"), *_named("keys")})


def name_for(now: datetime) -> str:
    return now.astimezone(UTC).strftime(FORM)


def _made_at(name: str) -> datetime | None:
    """As its name says; None if this is no name of a backup."""
    try:
        at = datetime.strptime(name, FORM).replace(tzinfo=UTC)
    except ValueError:
        return None
    return at if name_for(at) == name else None


def begin(name: str) -> None:
    """Before the first file of a backup: until `write` it is none. Raises BackupProblem when there is one already."""
    if name in _everything():
        raise BackupProblem(f"There is a backup named {name} in {settings.BACKUP_DIR} already.")
    for kind in KINDS:
        _mark_of(name, kind).touch(mode=0o600)


def write(manifest: Manifest) -> None:
    """Last of all: without it, what lies there is no backup.

    The marks are gone from the disk before: a crash between the two leaves something to keep until its day, and never
    a whole backup that looks as if it had not come to its end.
    """
    for kind in KINDS:
        _mark_of(manifest.name, kind).unlink(missing_ok=True)
        sync_folder(folder(kind))
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


def due(*, now: datetime, days: int, zone: tzinfo, found: Mapping[str, datetime]) -> dict[str, datetime]:
    """Those whose day has come, also if they can no longer be read, or a part of them is missing; and when they began.

    `days`: how long a backup is kept now. Letters name a day by it, so it counts for older backups as well, from the
    day on which each was made where the controller is (`zone`). `found`: when those were that lay ahead of the clock.
    """
    today, ended = now.astimezone(zone).date(), {}
    for name in _everything():
        at = min(filter(None, [_made_at(name), found.get(name)]))
        if min(_expires_on(name), at.astimezone(zone).date() + timedelta(days=days)) <= today:
            ended[name] = at
    return ended


def days() -> set[date]:
    """On which one was made, as their names say."""
    return {at.date() for name in _everything() if (at := _made_at(name))}


def ahead(now: datetime) -> list[str]:
    """Those that were made, by their names, on a day that is to come."""
    return [name for name in _everything() if (at := _made_at(name)) and at > now + AHEAD]


def _expires_on(name: str) -> date:
    """What its description says. Nobody has to vouch for that: whoever can change it can delete the backup as well."""
    try:
        return date.fromisoformat(json.loads(_manifest_of(name).read_text())["expires_on"])
    except (OSError, ValueError, KeyError, TypeError):
        return date.max


def discard(name: str) -> None:
    """All of a backup, the keys first and the marks last."""
    manifest = _manifest_of(name)
    for path in (keys_of(name), dump_of(name), manifest, manifest.with_suffix(".new")):
        path.unlink(missing_ok=True)
    for kind in KINDS:
        _mark_of(name, kind).unlink(missing_ok=True)


def killed() -> list[str]:
    """Those that did not come to their end. Only who is `alone` knows that nobody is making them."""
    return sorted({*_named("data", ".begun"), *_named("keys", ".begun")} - set(names()))


def not_mounted() -> str:
    """In words, when one of the two folders holds nothing of all that the other one belongs to."""
    dumps, keys = names(), _named("keys", ".keys")
    if keys and not _named("data"):
        return _is_empty("data", "keys", keys)
    if dumps and not _named("keys"):
        return _is_empty("keys", "data", dumps)
    return ""


def _is_empty(empty: str, other: str, found: list[str]) -> str:
    what = f"{len(found)} backups" if found[1:] else f"backup {found[0]}"
    return (
        f"{folder(empty)} is empty, and {folder(other)} holds its part of {what}. Mount it and try again. If "
        f"what was there is lost for good, nothing in {folder(other)} can be read any more: delete that."
    )


def partial() -> dict[str, list[Path]]:
    """Which files are missing of those backups that are not whole. What is there is kept until their day."""
    found = {}
    for name in set(_everything()) - set(killed()):
        found[name] = [path for path in (keys_of(name), dump_of(name), _manifest_of(name)) if not path.is_file()]
    return {name: missing for name, missing in sorted(found.items()) if missing}


def amiss(now: datetime) -> list[str]:
    """What somebody should look at, in words."""
    if empty := not_mounted():
        return [empty]
    told = []
    for name, paths in partial().items():
        missing = " and ".join(str(path) for path in paths)
        told.append(f"Backup {name} is not whole: without {missing}. The rest goes on its day.")
    for name in ahead(now):
        told.append(
            f"Backup {name} is of a day that is to come: a clock was wrong. It does not count as the latest, and its"
            " days count from the one on which it was found."
        )
    return told


@contextmanager
def alone() -> Iterator[None]:
    """Nobody else makes or deletes backups here meanwhile. Raises BackupProblem when somebody does."""
    with (folder("data").parent / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise NotTried("Another backup is being made. Let it finish.") from error
        yield


def _mac(body: dict[str, object], key_id: str | None = None) -> str:
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return ring().mac(b"manifest|" + text.encode(), key_id).hex()
