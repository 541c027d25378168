"""Checking everything again from the entries upwards, and saying which seal is wrong first."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Min, Q

from core.errors import DomainError
from ledger import signing
from ledger.leaves import leaves
from ledger.merkle import Tree
from ledger.models import Entry, Head, Seal
from ledger.seals import FIRST, TYP


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: a stable code, and the seal or entry it was found at."""

    code: str
    seal: int | None = None
    entry: int | None = None


@dataclass
class Report:
    seals: int = 0
    sealed: int = 0
    pruned: int = 0
    waiting: int = 0
    head: str = FIRST
    root: str = ""
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.findings

    def as_dict(self) -> dict[str, Any]:
        return {"ok": self.ok, **asdict(self)}


def verify(expect: str | None = None) -> Report:
    """Recompute every seal. `expect` is a root or hash noted earlier: without that seal the chain's end was cut."""
    report = Report()
    ends: dict[int, int] = {}
    with _frozen():
        for seal in Seal.objects.order_by("pk").iterator(chunk_size=500):
            report.findings += list(_check(seal, report, ends))
            report.seals += 1
            report.head, report.root, ends[seal.epoch] = seal.hash, seal.root, seal.xid_to
        report.findings += list(_check_rest(report, ends))
        if expect and not Seal.objects.filter(Q(root=expect) | Q(hash=expect)).exists():
            report.findings.append(Finding("expected-seal-missing"))
    return report


@contextmanager
def _frozen() -> Iterator[None]:
    """One snapshot for the whole check, so that a seal made meanwhile is all there or not at all."""
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _check(seal: Seal, report: Report, ends: dict[int, int]) -> Iterator[Finding]:
    """One seal: its own bytes, its place in the chain, and its entries."""
    body = seal.body.encode()
    if sha256(body).hexdigest() != seal.hash:
        yield Finding("seal-hash-wrong", seal.pk)
    if not _is_signed(seal.jws, body):
        yield Finding("seal-signature-wrong", seal.pk)
    if seal.prev != report.head:
        yield Finding("seal-chain-broken", seal.pk)
    if seal.xid_from != ends.get(seal.epoch, 0) or seal.xid_to <= seal.xid_from or seal.epoch < max(ends, default=0):
        yield Finding("seal-range-wrong", seal.pk)
    tree, first = Tree(), None
    for leaf in leaves(seal.epoch, seal.xid_from, seal.xid_to):
        tree.add(leaf.hash)
        first = leaf.entry if first is None else first
        report.pruned += leaf.is_pruned
    report.sealed += tree.size
    if tree.size != seal.count:
        yield Finding("entries-missing" if tree.size < seal.count else "entries-added", seal.pk, first)
    elif tree.root().hex() != seal.root:
        yield Finding("entries-changed", seal.pk, first)


def _check_rest(report: Report, ends: dict[int, int]) -> Iterator[Finding]:
    """What no seal covers: new entries wait at the end of the last epoch, anywhere else they do not belong."""
    head = Head.objects.filter(pk=1).first() or Head(epoch=0, horizon=-1)
    last = max(ends, default=0)
    if head.horizon != ends.get(head.epoch, 0) or head.epoch < max(last, 1):
        yield Finding("head-wrong")
    covered = Q(pk__in=[])
    for epoch, end in ends.items():
        covered |= Q(epoch=epoch, xid__lt=end)
    waiting = Q(epoch__gte=head.epoch)
    report.waiting = Entry.objects.filter(waiting).exclude(covered).count()
    stray = Entry.objects.exclude(waiting).exclude(covered).aggregate(first=Min("pk"), number=Count("pk"))
    if stray["number"]:
        yield Finding("entries-outside-seals", entry=stray["first"])


def _is_signed(jws: str, body: bytes) -> bool:
    try:
        return signing.verify(jws, typ=TYP) == body
    except DomainError:
        return False
