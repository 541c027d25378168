"""Which of this app's fields are about people. A row waits sealed, 30 days at most, and goes when it is taken in."""


def fields_of(model: str, names: str) -> list[str]:
    return [f"imports.{model}.{name}" for name in names.split()]


PERSONAL = {
    "imports.Import.sealed": "Headings and fixed values, sealed; the key goes with the staging, after 30 days at most.",
    "imports.Row.sealed": "One row of a file, sealed; gone once it is taken in, after 30 days at most.",
    "imports.Row.errors": "What is wrong with a row, sealed; goes with the row.",
    "imports.Row.fingerprint": "A keyed hash of the whole row; goes with the staging.",
    "imports.Row.about": "A keyed hash of what the row is about; goes with the staging.",
    "imports.Seen.fingerprint": "A keyed hash of a whole row, so that it is not taken in twice; goes after two years.",
}
NOT_PERSONAL = {
    *fields_of("Import", "id uuid kind state encoding delimiter created_at created_by committed_by"),
    *fields_of("Import", "finished_at counts"),
    *fields_of("Row", "id job line state"),
    *fields_of("Seen", "id kind at"),
    *fields_of("Heading", "id kind heading field"),
}
