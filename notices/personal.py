"""What everybody is told is about nobody. The field walk (subjects/registry.py) reads this."""

NOT_PERSONAL = {
    f"notices.PrivacyNotice.{field}"
    for field in ("id", "version", "locale", "html", "sha256", "effective_from", "changes")
}
