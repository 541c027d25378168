"""The Idempotency-Key header: a POST that is sent again makes nothing again."""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.files.base import File
from django.db import connection, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import DomainError, Invalid
from core.models import ApiKey, Idempotency

KEPT = timedelta(hours=24)


class InFlight(DomainError):
    code = "idempotency-in-flight"
    message = _("A request with this Idempotency-Key is still being worked on.")


class OtherBody(DomainError):
    code = "idempotency-mismatch"
    message = _("This Idempotency-Key was used for another body.")
    status = 422


def replayable(
    request: Request, *, make: Callable[[], UUID], load: Callable[[UUID], Mapping[str, Any]], status: int
) -> Response:
    """Answer `load(make())`, or for a key used before `load` of what it made then.

    Only the object's id is kept, so the answer shows the object as it is now. A refused request leaves no trace: the
    same key may be tried again. Without the header, or without an API key to belong to, nothing is remembered.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None or not isinstance(request.auth, ApiKey):
        return Response(load(make()), status=status)
    with transaction.atomic():
        made, replayed = _once(request, _checked(key), make, now=timezone.now())
        response = Response(load(made), status=status)
    if replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def sweep(*, now: datetime) -> int:
    """Forget keys older than a day."""
    return Idempotency.objects.filter(created_at__lt=now - KEPT).delete()[0]


def _once(request: Request, key: str, make: Callable[[], UUID], *, now: datetime) -> tuple[UUID, bool]:
    """(object id, whether it was there already), inside the caller's transaction."""
    place = {"api_key": request.auth, "method": request.method or "", "path": request.path[:200], "key": key}
    _claim(place)
    mac = _mac(request.data)
    row = Idempotency.objects.filter(**place).first()
    if row and row.created_at > now - KEPT:
        if bytes(row.body_mac) != mac:
            raise OtherBody
        return row.object_id, True
    if row:
        row.delete()
    made = make()
    Idempotency(**place, body_mac=mac, object_id=made, created_at=now).save(force_insert=True)
    return made, False


def _claim(place: Mapping[str, Any]) -> None:
    """Take the key for the length of the transaction, without waiting. Raises InFlight if someone has it."""
    name = "\n".join((str(place["api_key"].pk), place["method"], place["path"], place["key"]))
    number = int.from_bytes(salted_hmac("core.idempotency.lock", name, algorithm="sha256").digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        if not cursor.fetchone()[0]:
            raise InFlight


def _mac(data: Any) -> bytes:
    """A keyed hash: a plain one of a short body could be guessed back into the person it is about."""
    # Of a form every value counts, not only the last of a name.
    data = dict(data.lists()) if isinstance(data, MultiValueDict) else data
    body = json.dumps(data, sort_keys=True, default=_hash_of)
    return salted_hmac("core.idempotency.body", body, algorithm="sha256").digest()


def _hash_of(file: Any) -> str:
    """Of a file its content counts, not its name; it is left to be read from its start. Raises TypeError for others."""
    if not isinstance(file, File):
        raise TypeError(f"{type(file).__name__} is no part of a body")
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def _checked(key: str) -> str:
    if 0 < len(key) <= 255 and key.isascii() and key.isprintable():
        return key
    raise Invalid(fields={"Idempotency-Key": _("Use 1 to 255 printable ASCII characters.")})
