"""The register says what is done with data about people and holds none. The field walk reads this."""

# A role answers for an activity and a company receives data; neither field may name a person.
NOT_PERSONAL = {
    *(f"processing.DataCategory.{field}" for field in ("id", "slug", "label", "description")),
    *(f"processing.System.{field}" for field in ("id", "slug", "name", "connector", "description", "location")),
    *(f"processing.Recipient.{field}" for field in ("id", "slug", "name", "role", "ground", "contract", "country")),
    *(f"processing.Recipient.{field}" for field in ("transfer_mechanism", "notify", "address", "contact")),
    *(f"processing.DecisionSystem.{field}" for field in ("id", "slug", "name", "purpose", "logic", "consequences")),
    *(f"processing.DecisionSystem.{field}" for field in ("by_computer_alone", "human_involvement", "in_use")),
    *(f"processing.ProcessingActivity.{field}" for field in ("id", "slug", "title", "owner", "security")),
    *(f"processing.Purpose.{field}" for field in ("id", "uuid", "slug", "activity")),
    *(f"processing.PurposeVersion.{field}" for field in ("id", "purpose", "number", "status", "title", "description")),
    *(f"processing.PurposeVersion.{field}" for field in ("basis", "interests", "art9_condition", "sources")),
    *(f"processing.PurposeVersion.{field}" for field in ("subject_categories", "categories", "recipients", "systems")),
    *(f"processing.PurposeVersion.{field}" for field in ("direct_marketing", "channels", "is_service_message")),
    *(f"processing.PurposeVersion.{field}" for field in ("retention_summary", "effective_from", "effective_to")),
    *(f"processing.VersionCategory.{field}" for field in ("id", "version", "category")),
    *(f"processing.VersionRecipient.{field}" for field in ("id", "version", "recipient")),
    *(f"processing.VersionSystem.{field}" for field in ("id", "version", "system")),
}
