"""Pseudonymising once more what a restored backup brought back as it was, by the recipe that the journal kept."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from core.arrays import Among
from core.errors import DomainError
from core.models import Owner
from core.vault import keys_of
from retention.anonymise import recipe
from retention.anonymise_rows import Held, rewriter, values_of
from retention.anonymise_store import change_contents, note_pseudonymised, sealed_anew
from subjects.deletes import lock_people
from subjects.items import FIELD
from subjects.models import PersonalDataItem

ACTION = "pseudonymised"


def again(data: Mapping[str, Any], *, now: datetime, actor: str) -> bool:
    """Inside the caller's transaction. False if none of these records is here as it was."""
    found = PersonalDataItem.objects.filter(Among("uuid", [UUID(uuid) for uuid in data["items"]], "uuid"))
    lock_people([], found.values_list("subject", flat=True))
    rows = list(found.select_related("category").order_by("pk"))
    fresh = rewriter(recipe(data["recipe"]), data["rule"])(_read(rows))
    if not fresh:
        return False
    change_contents(fresh, sealed_anew(fresh))
    slug, _space, version = data["rule"].rpartition(" v")
    note_pseudonymised(fresh, rule=slug, version=int(version), purpose=data["purpose"], run=None, actor=actor, now=now)
    return True


def _read(rows: list[PersonalDataItem]) -> list[Held]:
    keys, found = keys_of(Owner.ITEM, [row.uuid for row in rows]), []
    for row in rows:
        try:
            text = keys[row.uuid].open(FIELD, bytes(row.sealed)).decode()
        except (KeyError, DomainError):
            # Its key went with it, or belongs to another time: there is nothing to read any more.
            continue
        values, is_marked = values_of(row.category.slug, text)
        said = row.statement is not None
        found.append(Held(row.pk, str(row.uuid), row.category.slug, values, is_marked, False, True, said))
    return found


def is_done(data: Mapping[str, Any]) -> bool:
    """Whether every one of these records that is here is as the rule made it."""
    rows = PersonalDataItem.objects.filter(Among("uuid", [UUID(uuid) for uuid in data["items"]], "uuid"))
    return all(item.is_marked for item in _read(list(rows.select_related("category"))))
