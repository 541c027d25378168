"""Which of this app's fields are about people. A message is sealed, and goes with its case or after its own time."""


def fields_of(model: str, names: str) -> list[str]:
    return [f"inbox.{model}.{name}" for name in names.split()]


PERSONAL = {
    "inbox.Mail.raw": "The message as it came, sealed; gone with its case or breach, or after MAILBOX_KEEP_DAYS.",
    "inbox.Mail.digest": "What was read out of it, sealed; goes with the message.",
    "inbox.Mail.fingerprint": "A keyed hash of the message, so that it is not taken in twice; goes with the row.",
    "inbox.Mail.case": "The case it belongs to; the case file has its own term.",
    "inbox.Mail.complaint": "The complaint it makes; goes with its case.",
}
NOT_PERSONAL = {
    *fields_of("Mail", "id uuid schema_version box arrived_at taken_at size is_partial automatic is_forwarded"),
    *fields_of("Mail", "suggested rights reasons state kind settled_at settled_by holder holder_id breach bounced"),
    *fields_of("Location", "id mail place uid_validity uid"),
    *fields_of("Poll", "name lease leased_until tried_at done_at error"),
}
