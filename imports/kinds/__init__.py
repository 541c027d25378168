"""The kinds of files that can be taken in, by their short names."""

from imports.fields import Kind
from imports.kinds import cases, choices, people, register, suppressions

ALL = (people.KIND, cases.KIND, suppressions.KIND, choices.KIND, register.KIND)
KINDS: dict[str, Kind] = {kind.slug: kind for kind in ALL}
