"""Seals outside the database: whoever holds a copy can tell that the end of the chain was cut off."""

import fcntl
import json
import os
from pathlib import Path
from typing import IO

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from ledger.models import Seal
from ledger.seals import public


class Contradiction(DomainError):
    code = "witness-contradicts"
    message = _("The witness file ends with a seal that the ledger does not have.")


def directory() -> Path | None:
    """Where settings want the witness file; None for nowhere."""
    return Path(settings.WITNESS_DIR) if settings.WITNESS_DIR else None


def export(folder: Path) -> int:
    """Append every seal the file lacks, one JSON line each, safely on disk; returns how many. Raises Contradiction."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "seals.jsonl").open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        missing = _after(_last_hash(file))
        for seal in missing:
            file.write(json.dumps(public(seal), sort_keys=True).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return len(missing)


def _after(last: str | None) -> list[Seal]:
    if last is None:
        return list(Seal.objects.order_by("pk"))
    known = Seal.objects.filter(hash=last).first()
    if known is None:
        raise Contradiction
    return list(Seal.objects.filter(pk__gt=known.pk).order_by("pk"))


def _last_hash(file: IO[bytes]) -> str | None:
    """The hash in the last whole line; half a line left by a crash is cut off."""
    file.seek(0)
    last, whole = None, 0
    for line in file:
        if not line.endswith(b"\n"):
            break
        last, whole = line, whole + len(line)
    file.truncate(whole)
    file.seek(0, os.SEEK_END)
    return json.loads(last)["hash"] if last else None
