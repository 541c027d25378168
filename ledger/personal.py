"""Which of this app's fields are about people, as plain data: the registry that reads it lies above."""

# Pseudonymous by construction: ids, hashes, counts and codes. Entries have their own purpose (evidence-ledger) and
# retention; the ids lead nowhere once the person is erased.
PERSONAL = {
    "ledger.Entry.subject": "A random id: after erasure it leads nowhere; goes with the entry's retention.",
    "ledger.Entry.body": "Ids, hashes, counts and codes only; goes with the entry's retention.",
}

NOT_PERSONAL = {
    *(f"ledger.Entry.{name}" for name in ("id", "xid", "epoch", "uuid", "kind", "at", "object", "purpose")),
    *(f"ledger.Pruned.{name}" for name in ("id", "entry", "epoch", "xid", "leaf", "run")),
    *(
        f"ledger.Seal.{name}"
        for name in (*("id", "body", "jws", "hash", "epoch", "xid_from", "xid_to", "count", "root", "prev", "at"),)
    ),
    *(f"ledger.Head.{name}" for name in ("id", "epoch", "horizon")),
}
