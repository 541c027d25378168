"""Which of this app's fields are about people. A breach may name staff and people in what is written about it."""


def fields_of(model: str, names: str) -> list[str]:
    return [f"breaches.{model}.{name}" for name in names.split()]


PERSONAL = {
    "breaches.Breach.sealed": "Sealed under the breach's own key; gone six years after it was closed.",
}
NOT_PERSONAL = {
    *fields_of("Breach", "id uuid schema_version aware_at notify_by occurred_from occurred_to effects categories"),
    *fields_of("Breach", "people_estimate records_estimate risk is_notifiable decided_at decided_by notified_at"),
    *fields_of("Breach", "regulator_reference people_told_at exemption logged_at logged_by closed_at"),
}
