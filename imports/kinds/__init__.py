"""The kinds of files that can be taken in, by their short names."""

from imports.fields import Kind
from imports.kinds import cases, people, register, suppressions

KINDS: dict[str, Kind] = {kind.slug: kind for kind in (people.KIND, cases.KIND, suppressions.KIND, register.KIND)}
