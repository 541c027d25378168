"""Just enough of a name or an address to tell two people apart, and too little to write to either."""

from subjects.identifiers import reveal
from subjects.models import Identifier

DOTS = "•••"


def hint(type: str, value: str) -> str:
    """g•••@e•••.com, •••42."""
    if type == Identifier.Type.EMAIL:
        local, _at, domain = value.rpartition("@")
        name, _dot, last = domain.rpartition(".")
        return f"{local[:1]}{DOTS}@{name[:1]}{DOTS}.{last}"
    return f"{DOTS}{value[-2:]}" if len(value) > 4 else DOTS


def hints_of(identifiers: list[Identifier]) -> dict[int, str]:
    """By primary key, in one query."""
    values = reveal(identifiers)
    return {row.pk: hint(row.type, values[row.pk]) for row in identifiers if row.pk in values}
