"""Pseudonymised values, stored where they stood: changed by the recipe, marked, and under fresh keys."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from core import prepared
from core.arrays import array, hashes
from core.models import Owner
from core.vault import SealedAnew, keys_of, seal_each
from ledger.entries import record
from retention.anonymise import Recipe
from retention.anonymise_rows import BY, MARK, Held
from retention.models import Run
from subjects import items, names
from subjects.corrections import STATEMENT
from subjects.models import NameToken, PersonalDataItem

# Under fresh keys: in a dump that was made before, the old values cannot be opened without the old ones.
CHANGE = """
WITH new AS MATERIALIZED (
    SELECT * FROM unnest(%(ids)s::bigint[], %(uuids)s::uuid[], %(sealed)s::bytea[], %(wrapped)s::bytea[])
      AS new (id, uuid, sealed, wrapped)
), key AS (
    UPDATE core_datakey AS key SET master_key = %(master)s, wrapped = new.wrapped
    FROM new WHERE key.owner = %(owner)s AND key.owner_id = new.uuid
), item AS (
    UPDATE subjects_personaldataitem AS item SET sealed = new.sealed FROM new WHERE item.id = new.id RETURNING item.id
)
SELECT count(*) FROM item
"""


def change_contents(fresh: list[Held], by: Recipe, name: str) -> None:
    """By the recipe, where they stand and under fresh keys, in the caller's transaction. `name` is the rule's."""
    left = [_less(item, by) for item in fresh]
    stated = [UUID(item.uuid) for item in fresh if item.has_statement]
    said = keys_of(Owner.ITEM, stated) if stated else {}
    written = json.JSONEncoder(ensure_ascii=False).encode
    contents = [(item.uuid, written({MARK: value, BY: name}).encode()) for item, value in zip(fresh, left, strict=True)]
    anew = seal_each(Owner.ITEM, items.FIELD, contents)
    store_anew([item.pk for item in fresh], [item.uuid for item in fresh], anew)
    _follow(zip(fresh, left, strict=True))
    if said:
        _seal_statements(said)


def store_anew(ids: Iterable[int], uuids: Iterable[str], anew: SealedAnew) -> None:
    """Items' contents and the keys that they are under by now, in the order of `ids` and `uuids`."""
    arrays = {"ids": array(ids), "uuids": f"{{{','.join(uuids)}}}"}
    values = {"sealed": hashes(anew.sealed), "wrapped": hashes(anew.wrapped), "master": anew.master_key}
    prepared.fetch_bulk(CHANGE, {**arrays, **values, "owner": Owner.ITEM.value})


def note_pseudonymised(
    fresh: list[Held], *, rule: str, version: int, purpose: str, run: Run | None, actor: str, now: datetime
) -> None:
    uuids = sorted(bytes.fromhex(item.uuid.replace("-", "")) for item in fresh)
    record(
        kind="retention.pseudonymised",
        at=now,
        actor=actor,
        object=run.uuid if run else None,
        purpose=purpose,
        data={"rule": rule, "version": version, "items": len(fresh)}
        | {"items_sha256": sha256(b"".join(uuids)).hexdigest()},
    )


def _less(item: Held, by: Recipe) -> Any:
    """An item's content after the recipe: what it removes leaves nothing."""
    new = {name: by.columns[name](value.strip()) for name, value in item.values.items() if name in by.columns}
    if len(item.values) == 1 and item.category in item.values:
        return new.get(item.category, "")
    return {name.partition(".")[2]: value for name, value in new.items()}


def _follow(changed: Iterable[tuple[Held, Any]]) -> None:
    """The words to find a name by become those of what is left."""
    named = {item.pk: value for item, value in changed if item.category == names.CATEGORY}
    if not named:
        return
    NameToken.objects.filter(item__in=list(named)).delete()
    rows = PersonalDataItem.objects.filter(pk__in=list(named))
    words = [word for item in rows for word in names.tokens(item, json.dumps(named[item.pk]))]
    NameToken.objects.bulk_create(words, ignore_conflicts=True)


def _seal_statements(old: Mapping[UUID, Any]) -> None:
    """What the person said beside an item stays readable, under the key that it has now."""
    new = keys_of(Owner.ITEM, old)
    for item in PersonalDataItem.objects.filter(uuid__in=list(old)).exclude(statement=None):
        said = old[item.uuid].open(STATEMENT, bytes(item.statement or b""))
        PersonalDataItem.objects.filter(pk=item.pk).update(statement=new[item.uuid].seal(STATEMENT, said))
