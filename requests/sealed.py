"""Words about people that a case keeps, sealed as JSON under the key of the case: they end with it."""

import json
from typing import Any

from core import vault
from core.models import Owner
from requests.models import CaseFile


def put(case: CaseFile, field: str, value: Any) -> bytes:
    return vault.ensure_key(Owner.CASE, case.uuid).seal(field, json.dumps(value).encode())


def get(case: CaseFile, field: str, sealed: bytes | memoryview | None) -> Any:
    """Raises Unreadable when the case's key or the value is gone."""
    if sealed is None:
        raise vault.Unreadable
    return json.loads(vault.key_of(Owner.CASE, case.uuid).open(field, bytes(sealed)))
