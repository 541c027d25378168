"""Pseudonymised values, stored where they stood: changed by the recipe, marked, and under fresh keys."""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from core import prepared
from core.arrays import Bytes, array
from core.models import Owner
from core.vault import SealedAnew, keys_of, seal_each
from ledger.entries import record
from retention.anonymise_rows import Change
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
Params = Mapping[str, Any]


def sealed_anew(changes: Collection[Change]) -> Params:
    """What is to be stored, under fresh keys. Nothing is stored here."""
    anew = seal_each(Owner.ITEM, items.FIELD, [(item.uuid, item.content.encode()) for item in changes])
    return params([item.pk for item in changes], [item.uuid for item in changes], anew)


def params(ids: Iterable[int], uuids: Iterable[str], anew: SealedAnew) -> Params:
    """Of items' contents and the keys that they are under by now, in the order of `ids` and `uuids`."""
    arrays = {"ids": array(ids), "uuids": f"{{{','.join(uuids)}}}", "owner": Owner.ITEM.value}
    return arrays | {"sealed": Bytes(anew.sealed), "wrapped": Bytes(anew.wrapped), "master": anew.master_key}


def change_contents(changes: Collection[Change], anew: Params) -> None:
    """Where they stand, in the caller's transaction. `anew`: the same, sealed."""
    stated = [UUID(item.uuid) for item in changes if item.has_statement]
    said = keys_of(Owner.ITEM, stated) if stated else {}
    store_anew(anew)
    _follow([item for item in changes if item.category == names.CATEGORY])
    if said:
        _seal_statements(said)


def store_anew(anew: Params) -> None:
    prepared.fetch_bulk(CHANGE, anew)


def note_pseudonymised(
    fresh: Collection[Change], *, rule: str, version: int, purpose: str, run: Run | None, actor: str, now: datetime
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


def _follow(named: Collection[Change]) -> None:
    """The words to find a name by become those of what is left."""
    left = {item.pk: json.loads(item.content)[items.MARK] for item in named}
    if not left:
        return
    NameToken.objects.filter(item__in=list(left)).delete()
    rows = PersonalDataItem.objects.filter(pk__in=list(left))
    words = [word for item in rows for word in names.tokens(item, json.dumps(left[item.pk]))]
    NameToken.objects.bulk_create(words, ignore_conflicts=True)


def _seal_statements(old: Mapping[UUID, Any]) -> None:
    """What the person said beside an item stays readable, under the key that it has now."""
    new = keys_of(Owner.ITEM, old)
    for item in PersonalDataItem.objects.filter(uuid__in=list(old)).exclude(statement=None):
        said = old[item.uuid].open(STATEMENT, bytes(item.statement or b""))
        PersonalDataItem.objects.filter(pk=item.pk).update(statement=new[item.uuid].seal(STATEMENT, said))
