"""The certificate of a finished run: what was erased, under which rule, and what of it is left where; signed.

A compact JWS (like a receipt) over JSON. It holds the ledger's text about every batch, so a reader can add up the
counts, hash the texts to the Merkle root, and with the proof find the run in a seal that others keep copies of. Counts,
codes, dates and hashes only: nobody is named. docs/certificates.md says how to check one without us.
"""

import json
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.models import Outbox
from ledger import merkle, proofs, signing
from ledger.entries import instant
from ledger.models import Entry
from retention import progress, shares, systems
from retention.models import Approval, Run

TYPE = "application/erasure-certificate+jwt"
VERSION = 2
# What a system answered, and how the certificate says it. No answer is never more than "told".
SAID = {"done": "confirmed", "nothing_found": "held-nothing", "retained": "kept-there", "failed": "not-erased-there"}
COUNTS = ("batches", "needs", "items", "keys", "identifiers", "subjects", "relationships", "restricted")


class NotFinished(DomainError):
    code = "run-not-finished"
    message = _("The run is still under way: its certificate is there when it has finished.")
    status = 409


def signed(run: Run) -> str:
    """A compact JWS. Raises NotFinished."""
    return signing.sign(json.dumps(certificate(run), separators=(",", ":")).encode(), typ=TYPE)


def file(run: Run) -> str:
    """What is downloaded: the certificate to read, and the same signed."""
    token = signed(run)
    shown = json.loads(signing.verify(token, typ=TYPE))
    return json.dumps({"certificate": shown, "jws": token}, indent=2) + "\n"


def certificate(run: Run) -> dict[str, Any]:
    """Everything comes from the ledger's texts, which the transactions wrote that did the work."""
    if run.status not in (Run.Status.FINISHED, Run.Status.STOPPED) or run.finished_at is None or run.entry is None:
        raise NotFinished
    total = Entry.objects.get(uuid=run.entry)
    batches = _bodies(run)
    data = json.loads(total.body)["data"]
    return {
        "schema_version": VERSION,
        "iss": settings.BASE_URL,
        "jti": str(run.uuid),
        "iat": int(run.finished_at.timestamp()),
        "cause": _cause(run),
        # Who looked at this very set and let it go; `approved_by` in the cause put the rule in force.
        "let_go": _let_go(run),
        "as_of": run.as_of.isoformat(),
        "cutoff": run.cutoff.isoformat() if run.cutoff else None,
        "started_at": instant(run.started_at),
        "finished_at": instant(run.finished_at),
        "counts": {name: data[name] for name in COUNTS},
        "case_files": data.get("case_files", 0),
        # Records whose values were changed where they stand: of nobody's that went, so of no batch.
        "changed": _changed(run, data),
        "held": data["held"],
        "indeterminate": data["indeterminate"],
        "failures": data.get("failures", {}),
        # Why it ended before it had done all; nothing when it had.
        "stopped": data.get("stopped", ""),
        "stores": _stores(run, data),
        "batches": batches,
        "batches_root": merkle.root_of(merkle.leaf(body.encode()) for body in batches).hex(),
        "run_entry": total.body,
        "ledger": _proof(total),
    }


def _bodies(run: Run) -> list[str]:
    """The ledger's text of every batch, in their order."""
    entries = list(run.batches.order_by("pk").values_list("entry", flat=True))
    texts = dict(Entry.objects.filter(uuid__in=entries).values_list("uuid", "body"))
    return [texts[entry] for entry in entries]


def _cause(run: Run) -> dict[str, Any]:
    if run.rule is None:
        return {"request": str(run.request)}
    rule = run.rule
    return {
        "rule": rule.slug,
        "version": rule.version,
        "action": rule.action,
        "purpose": rule.purpose.slug,
        "category": rule.category.slug if rule.category else None,
        "trigger": rule.trigger,
        "period": rule.period,
        "grace": rule.grace,
        "approved_by": rule.approved_by,
    }


def let_go(run: Run) -> Approval | None:
    """The approval of this run; nothing where nobody had to look (guard.apply)."""
    return Approval.objects.filter(run=run).exclude(why="").first()


def _let_go(run: Run) -> dict[str, str] | None:
    by = let_go(run)
    return {"by": by.approved_by, "at": instant(by.approved_at)} if by else None


def _changed(run: Run, data: dict[str, Any]) -> int:
    return progress.changed(run) if "anonymised" in data else 0


def _stores(run: Run, data: dict[str, Any]) -> list[dict[str, Any]]:
    """Per store what really happened, and not what was asked for."""
    gone = data["items"] + data["identifiers"] + data["relationships"] + data["subjects"]
    files, changed = data.get("case_files", 0), _changed(run, data)
    stores: list[dict[str, Any]] = [
        {"store": "database", "outcome": "rows-deleted", "rows": gone},
        {"store": "keys", "outcome": "destroyed", "keys": data["keys"]},
        # A rule is held row by row, an erasure that was asked for by purpose.
        {"store": "database", "outcome": "kept-under-hold", "rows" if run.rule else "purposes": data["held"]},
    ]
    if files:
        stores.append({"store": "case-files", "outcome": "forgotten", "files": files})
    if changed:
        stores.append({"store": "database", "outcome": "values-changed", "rows": changed})
    if "anonymised" in data:
        kept = data["anonymised"]
        stores.append({"store": "anonymous-rows", "outcome": kept["status"], "rows": kept["rows"]})
    if progress.is_in_backups(data, files=files, changed=changed):
        until = data.get("backups_until")
        stores += [
            # The keys of these rows are in another dump, and go on the same day.
            {"store": "dumps", "outcome": "still-in-until", "until": until},
            {"store": "physical-backups", "outcome": "still-in-until", "until": until},
            {"store": "journal", "outcome": "ids-kept" if is_in_journal(run) else "not-yet"},
        ]
    if gone:
        # Keyed hashes, so that nothing of it comes back.
        stores.append({"store": "tombstones", "outcome": "hashes-kept-until", "until": data.get("backups_until")})
    if gone or data["needs"]:
        stores += _elsewhere(run, data)
    if shares.sealed(run):
        # For them to find their records by, and for nobody else; the key goes with the answer.
        stores.append({"store": "ids-for-systems", "outcome": "sealed-until-answered", "systems": shares.sealed(run)})
    return stores


def is_in_journal(run: Run) -> bool:
    """Whether all that was to be written there while the run was at work is: on a full disk it waits."""
    # Clocks of several workers are not one.
    until = (run.finished_at or run.heartbeat_at) + timedelta(minutes=1)
    meanwhile = {"created_at__gte": run.started_at, "created_at__lte": until}
    return not Outbox.objects.filter(kind=Outbox.Kind.JOURNAL, sent_at=None, **meanwhile).exists()


def _elsewhere(run: Run, data: dict[str, Any]) -> list[dict[str, Any]]:
    """They were told in the change feed. That they erased too is theirs to say: the receipt is the ledger's entry."""
    slugs, said = data["systems"] if "systems" in data else _systems_today(run), systems.receipts(run)
    told: list[dict[str, Any]] = [
        {"store": slug, "outcome": "told-not-confirmed", "people": data["subjects"]} for slug in slugs
    ]
    for store in told:
        if receipt := said.get(store["store"]):
            store |= {"outcome": SAID[receipt.outcome], "answered_at": receipt.at, "receipt": receipt.entry}
            store |= {"reason": receipt.reason} if receipt.reason else {}
    return told


def _systems_today(run: Run) -> list[str]:
    """Runs that finished before the ledger kept it: as the register has it now."""
    return [one.slug for one in systems.elsewhere([run.rule.purpose])] if run.rule else []


def _proof(entry: Entry) -> dict[str, Any] | None:
    """Where the ledger has the run. Nothing until it is sealed, some minutes after the end."""
    try:
        return proofs.proof(entry.uuid)
    except proofs.NotSealed:
        return None
