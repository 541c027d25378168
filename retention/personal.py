"""Nothing in this app is about a person: rules are policy; runs, batches and tombstones hold ids, counts and hashes."""


def _fields(model: str, names: str) -> list[str]:
    return [f"retention.{model}.{name}" for name in names.split()]


NOT_PERSONAL = {
    # Policy. Approvers are named by the id of their account.
    *_fields(
        "RetentionRule",
        "id slug version status purpose category trigger period action legal_reason approved_by approved_at",
    ),
    *_fields(
        "Run",
        "id uuid rule request as_of cutoff status started_at heartbeat_at finished_at held indeterminate entry",
    ),
    *_fields("Batch", "id run at needs items keys identifiers subjects relationships restricted entry"),
    # Keyed hashes that recognise, and say nothing; they expire with the last backup.
    *_fields("Tombstone", "id schema_version scope hash hash_key run erased_at expires_on"),
}
