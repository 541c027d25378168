"""Which of this app's fields are about people, as plain data: the registry that reads it lies above."""

# The key is an HMAC of an account and an address of staff; rows go after a day.
PERSONAL: dict[str, str] = {}

NOT_PERSONAL = {f"staff.Attempt.{name}" for name in ("key", "began_at", "count")}
