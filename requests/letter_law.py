"""Letters under the law of the Union: they name the Regulation itself, and nothing of the British Act.

What staff or the person wrote stays as it was written: only the words of our templates and codes are looked at.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.html import escape

from requests.models import CaseFile

# What is missing, when a letter names it: requests/letter_parts.py says it in words.
PART = "law"
_ACT = ("DPA 2018", "Data Protection Act")
_BRITISH, _SHIELDED = "UK GDPR", "UK\ue000GDPR"
# The members of a context that hold sentences of ours.
_OURS = {"ground", "sentence", "article"}


def is_of_the_union(case: CaseFile) -> bool:
    """Whether the case is under the law of the Union: so is its controller when it comes in."""
    return case.rule_set.jurisdiction != "UK"


def shielded(context: Mapping[str, Any]) -> dict[str, Any]:
    """The context, with what people wrote marked, so that `renamed` leaves it as it is."""
    return {name: _shielded(value, name) for name, value in context.items()}


def renamed(html: str) -> str:
    """The articles that letters name have the same numbers in the Regulation itself."""
    return html.replace(_BRITISH, "GDPR").replace(_SHIELDED, _BRITISH)


def names_the_act(html: str, context: Mapping[str, Any]) -> bool:
    """Whether the letter itself names the British Act, and nobody who wrote into it."""
    for text in _words(context):
        if any(act in text for act in _ACT):
            for line in filter(None, map(str.strip, text.splitlines())):
                html = html.replace(escape(line), "")
    return any(act in html for act in _ACT)


def _shielded(value: Any, name: str) -> Any:
    if isinstance(value, str):
        return value if name in _OURS else value.replace(_BRITISH, _SHIELDED)
    if isinstance(value, Mapping):
        return shielded(value)
    return [_shielded(one, name) for one in value] if isinstance(value, list | tuple) else value


def _words(value: Any, name: str = "") -> Iterator[str]:
    """Everything in a context that people wrote."""
    if isinstance(value, str):
        if name not in _OURS:
            yield value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _words(one, key)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _words(one, name)
