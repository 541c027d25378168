"""Which of this app's fields are about people, as plain data: the registry that reads it lies above."""

# Field → how what it holds goes.
PERSONAL = {
    "core.User.username": "Staff only; removed by an administrator when the person leaves.",
    "core.User.first_name": "Staff only; removed by an administrator when the person leaves.",
    "core.User.last_name": "Staff only; removed by an administrator when the person leaves.",
    "core.User.email": "Staff only; removed by an administrator when the person leaves.",
    "core.User.password": "Staff only; removed by an administrator when the person leaves.",
    "core.User.last_login": "Staff only; removed by an administrator when the person leaves.",
    "core.Outbox.payload": "Sealed; gone on delivery, and by core.outbox.forget() when the person is erased.",
    "core.Outbox.about": "A random id; the row goes 30 days after delivery or with the person.",
}

NOT_PERSONAL = {
    *(f"core.User.{name}" for name in ("id", "uuid", "is_superuser", "is_staff", "is_active", "date_joined")),
    *(
        f"core.Controller.{name}"
        for name in (
            *("id", "name", "address", "website", "dpo_contact", "phone", "jurisdiction", "division", "time_zone"),
            *("regulator_name", "regulator_url", "regulator_address", "languages", "backup_days"),
        )
    ),
    *(f"core.DataKey.{name}" for name in ("id", "owner", "owner_id", "master_key", "wrapped")),
    *(
        f"core.ApiKey.{name}"
        for name in (
            *("id", "uuid", "name", "kind", "prefix", "digest", "scopes", "origins", "system"),
            *("created_at", "expires_at", "revoked_at", "last_used_at"),
        )
    ),
    *(
        f"core.Idempotency.{name}"
        for name in ("id", "api_key", "method", "path", "key", "body_mac", "object_id", "created_at")
    ),
    *(
        f"core.Outbox.{name}"
        for name in (
            *("id", "uuid", "schema_version", "kind", "created_at", "due_at", "attempts", "lease", "leased_until"),
            *("sent_at", "dead_at", "error"),
        )
    ),
    *(
        f"core.RuleSet.{name}"
        for name in ("id", "jurisdiction", "slug", "effective_from", "effective_to", "params", "source")
    ),
    *(f"core.Heartbeat.{name}" for name in ("name", "at")),
    *(f"core.BankHoliday.{name}" for name in ("id", "date", "division", "title", "source")),
}
