"""Proof that one entry is in the ledger, for somebody who does not trust us: a path to a root that we signed."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, NotFound
from ledger import merkle
from ledger.leaves import leaves
from ledger.models import Entry, Seal
from ledger.seals import public


class NotSealed(DomainError):
    code = "not-sealed-yet"
    message = _("This entry is not sealed yet: ask again in a few minutes.")


def proof(entry: UUID) -> dict[str, Any]:
    """The entry's exact text, its place, the path (RFC 9162 2.1.3) and the seal. ledger/merkle.py checks it."""
    row = Entry.objects.filter(uuid=entry).first()
    if row is None:
        raise NotFound
    seal = Seal.objects.filter(epoch=row.epoch, xid_from__lte=row.xid, xid_to__gt=row.xid).first()
    if seal is None:
        raise NotSealed
    index = _index(row, seal)
    hashes = (leaf.hash for leaf in leaves(seal.epoch, seal.xid_from, seal.xid_to))
    path = merkle.inclusion_path(hashes, index, seal.count)
    return {
        "entry": str(row.uuid),
        "body": row.body,
        "leaf": merkle.leaf(row.body.encode()).hex(),
        "index": index,
        "size": seal.count,
        "path": [sibling.hex() for sibling in path],
        "seal": public(seal),
    }


def _index(row: Entry, seal: Seal) -> int:
    found = (n for n, leaf in enumerate(leaves(seal.epoch, seal.xid_from, seal.xid_to)) if leaf.entry == row.pk)
    return next(found)
