"""The carrier of a set of data to an address of another controller (UK GDPR Art 20(2)).

Sent as a ZIP with a signed statement of what it is. The same Idempotency-Key at every try lets the receiver know a set
that it has already. The name is looked up once, every number behind it is checked, and the one that was checked is
connected to; nobody is followed elsewhere.
"""

import base64
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.utils import timezone

from core import posting
from core.models import Controller, Outbox
from core.network import AddressRefused, Target, target_of
from ledger import signing
from requests import package, transfers
from requests.models import Package, Transfer

SCHEMA = "kraken-privacy/transfer/1"
# Well below the outbox's lease, so that a slow receiver does not make a second sender start.
SECONDS = 90
# What is kept of the answer.
ANSWER = 4096
# These may pass by themselves; any other refusal is for people.
PASSING = {408, 409, 425, 429}


class NotTaken(Exception):
    """They did not take it this time. The outbox tries again."""


class TooSlow(NotTaken):
    """It took longer than one try may."""


def carry(outbox: Outbox, payload: Mapping[str, Any]) -> None:
    """Post one transfer. Raises when it is worth another try."""
    found = Transfer.objects.filter(uuid=payload["transfer"], state=Transfer.State.SENDING)
    transfer = found.select_related("request__case").first()
    if transfer is None:
        return
    made = Package.objects.kept().filter(request=transfer.request, sha256=transfer.sha256).first()
    if made is None:
        transfers.failed(transfer, "set-changed", now=timezone.now())
        return
    try:
        target = target_of(transfers.details_of(transfer)["address"])
    except AddressRefused:
        transfers.failed(transfer, "address-refused", now=timezone.now())
        return
    status, answer = _post(transfer, made, target)
    if 200 <= status < 300:
        transfers.delivered(transfer, {"status": status, "answer": answer}, now=timezone.now())
    elif status >= 500 or status in PASSING:
        raise NotTaken
    else:
        transfers.failed(transfer, "answer-refused", now=timezone.now())


def _post(transfer: Transfer, made: Package, target: Target) -> tuple[int, str]:
    """Status and beginning of the answer."""
    deadline = time.monotonic() + SECONDS
    headers = {
        "Content-Type": "application/zip",
        "Content-Length": str(made.size),
        "Content-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(made.sha256)).decode()}:",
        "Idempotency-Key": f'"{transfer.uuid}"',
        "Kraken-Manifest": signing.sign(_statement(transfer, made), typ="transfer-manifest+jws"),
    }
    contents = _until(deadline, package.contents(made))
    status, beginning = posting.post(target, contents, headers, keep=ANSWER, deadline=deadline)
    return status, beginning.decode(errors="replace").replace("\x00", "")


def _statement(transfer: Transfer, made: Package) -> bytes:
    statement = {
        "schema": SCHEMA,
        "id": str(transfer.uuid),
        "reference": transfer.request.reference,
        "controller": Controller.current().name,
        "keys": f"{settings.BASE_URL}/.well-known/jwks.json",
        "sha256": made.sha256,
        "bytes": made.size,
        "made_at": made.made_at.isoformat(),
        "instructed_at": transfer.instructed_at.isoformat(),
    }
    return json.dumps(statement).encode()


def _until(deadline: float, pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        if time.monotonic() > deadline:
            raise TooSlow
        yield piece
