"""Members that a call does not know. Ignored, a misspelt "test" would be a call about a real person."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from core.errors import Text


def unknown(serializer: serializers.BaseSerializer[Any], data: Any, field: str = "") -> dict[str, Text]:
    """Each member that no serializer names, as in "items[2].colour", with the sentence that says so."""
    return dict.fromkeys(_unknown(serializer, data, field), _("This field is unknown."))


def _unknown(part: Any, data: Any, field: str) -> Iterator[str]:
    if isinstance(part, serializers.ListSerializer) and isinstance(data, list):
        for number, inner in enumerate(data):
            yield from _unknown(part.child, inner, f"{field}[{number}]")
    elif isinstance(part, serializers.Serializer) and isinstance(data, Mapping):
        for name, inner in data.items():
            here = ".".join(filter(None, (field, str(name)[:80])))
            if name in part.fields:
                yield from _unknown(part.fields[name], inner, here)
            else:
                yield here
