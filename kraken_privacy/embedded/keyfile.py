"""The secrets of one installation, made on its first run and kept in one file that only its owner reads."""

import base64
import os
import secrets
from pathlib import Path

from kraken_privacy.embedded.problem import Problem

RINGS = ("MASTER_KEYS", "BLIND_INDEX_KEYS", "SUPPRESSION_KEYS", "SIGNING_KEYS", "BACKUP_KEYS")
# What files made by earlier versions lack. Nothing is sealed with it yet, so it may be made now.
LATER = ("BACKUP_KEYS",)
NAMES = ("SECRET_KEY", *RINGS, "ADMIN_PASSWORD", "DEMO_API_KEY")


def new_secrets() -> dict[str, str]:
    rings = {name: "k1:" + base64.b64encode(secrets.token_bytes(32)).decode() for name in RINGS}
    return {
        "SECRET_KEY": secrets.token_urlsafe(64),
        **rings,
        "ADMIN_PASSWORD": secrets.token_urlsafe(12),
        "DEMO_API_KEY": f"kp_demo_{secrets.token_urlsafe(32)}",
    }


def load(file: Path, *, data_exists: bool) -> dict[str, str]:
    """Read the secrets, or make them on a first run. Never made again beside data that was sealed with others."""
    if not file.exists():
        if data_exists:
            raise Problem(
                f"{file} is missing and the data beside it was sealed with its keys: restore it from your backup, "
                f"or start afresh in another directory with KRAKEN_VAR."
            )
        _write(file, new_secrets())
    found = _lines(file)
    lacking = {name for name in NAMES if not found.get(name)}
    # A file that lacks anything else is damaged, and stays as it is for whoever mends it.
    if lacking and lacking <= set(LATER):
        _write(file, {**new_secrets(), **found})
    return read(file)


def read(file: Path) -> dict[str, str]:
    found = _lines(file)
    missing = [name for name in NAMES if not found.get(name)]
    if missing:
        raise Problem(f"{file} is damaged ({', '.join(missing)} missing): restore it from your backup.")
    return {name: found[name] for name in NAMES}


def _lines(file: Path) -> dict[str, str]:
    try:
        lines = [line.split("=", 1) for line in file.read_text().splitlines() if "=" in line and line[0] != "#"]
    except OSError as error:
        raise Problem(f"{file} cannot be read ({error.strerror}): run as its owner, or set KRAKEN_VAR.") from error
    return {name.strip(): value.strip() for name, value in lines}


def _write(file: Path, values: dict[str, str]) -> None:
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write("# Keys of this installation. Without them its data cannot be read: keep a copy apart from it.\n")
        out.writelines(f"{name}={value}\n" for name, value in values.items())
        out.flush()
        os.fsync(out.fileno())
    draft.rename(file)
