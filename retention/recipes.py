"""A rule's recipe for whoever writes it, and in words for whoever puts it in force."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import Invalid
from processing.models import DataCategory, Purpose
from retention.anonymise_rows import values_of
from retention.anonymity import Thresholds
from subjects.items import contents
from subjects.models import ItemPurpose, PersonalDataItem

# Of the newest items of each kind: what comes in is of the same few forms.
SEEN = 200
# As JSON writes what no text in the database may hold.
NUL = rb"\u0000"
# What a strategy does (retention/strategies.py), and how it is written.
STRATEGIES = {
    "suppress": (gettext_lazy("leaves no column: it names somebody"), "{strategy: suppress}"),
    "free-text": (gettext_lazy("leaves no column: words that somebody wrote"), "{strategy: free-text}"),
    "unlink": (gettext_lazy("leaves no column: it links to another record"), "{strategy: unlink}"),
    "keep": (gettext_lazy("stays as it is"), "{strategy: keep}"),
    "date": (gettext_lazy("a day becomes its month, quarter, year or decade"), "{strategy: date, to: year}"),
    "postcode": (
        gettext_lazy("a postcode becomes its district (TS1) or area (TS)"),
        "{strategy: postcode, to: area}",
    ),
    "place": (
        gettext_lazy("a place becomes a larger one by your list"),
        "{strategy: place, table: {Middlesbrough: Teesside}, other: elsewhere}",
    ),
    "ip": (gettext_lazy("a network address loses its end"), "{strategy: ip, v4: 16, v6: 32}"),
    "bucket": (gettext_lazy("a number becomes a range"), "{strategy: bucket, width: 500, top: 5000}"),
    "top-code": (gettext_lazy("a number stays, but “80 or more” at its ends"), "{strategy: top-code, top: 80}"),
}


def read(text: str) -> dict[str, Any] | None:
    """A recipe written as YAML; None of nothing. Raises Invalid for what is none, or cannot be kept as JSON."""
    try:
        found = yaml.safe_load(text) if text.strip() else None
        kept = json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        sentence = _("This is not YAML: look at line %(line)d, and at the example below.") % {"line": line}
        raise Invalid(sentence, fields={"recipe": sentence}) from None
    except (TypeError, ValueError, RecursionError):
        kept = NUL
    if NUL in kept:
        sentence = _("A value in it cannot be kept. Write dates in quotes, and numbers as figures.")
        raise Invalid(sentence, fields={"recipe": sentence})
    if found is not None and not isinstance(found, dict):
        sentence = _("A recipe has fields, quasi and sensitive.")
        raise Invalid(sentence, fields={"recipe": sentence})
    return found


@dataclass(frozen=True)
class Line:
    """What becomes of one field, in words; `role` is empty where nothing of it stays."""

    name: str
    what: str
    options: str
    role: str


def lines(source: Mapping[str, Any]) -> list[Line]:
    """Of a recipe that was checked (retention.anonymise.recipe)."""
    roles = dict.fromkeys(map(str, source["quasi"]), _("could be known from elsewhere"))
    roles |= dict.fromkeys(map(str, source["sensitive"]), _("nobody should learn it"))
    return [
        Line(str(name), str(STRATEGIES[given["strategy"]][0]), _options(given), roles.get(str(name), ""))
        for name, given in source["fields"].items()
    ]


def thresholds(source: Mapping[str, Any]) -> Mapping[str, Any]:
    return vars(Thresholds()) | (source.get("thresholds") or {})


def _options(given: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_plain(value)}" for name, value in given.items() if name != "strategy")


def _plain(value: Any) -> str:
    return "; ".join(f"{one}: {other}" for one, other in value.items()) if isinstance(value, Mapping) else str(value)


def begun(purpose: Purpose, category: DataCategory | None) -> str:
    """Every field of what is held, of which none stays yet, as YAML; empty where nothing is held.

    By the names that a row has in a run. Of what is read for that only the names are told.
    """
    needs = ItemPurpose.objects.filter(purpose=purpose)
    kinds = [category] if category else DataCategory.objects.filter(pk__in=needs.values("category")).order_by("slug")
    names: dict[str, None] = {}
    for kind in kinds:
        newest = needs.filter(category=kind).order_by("-collected_on", "-pk").values("item")[:SEEN]
        for content in contents(PersonalDataItem.objects.filter(pk__in=newest)).values():
            names |= dict.fromkeys(values_of(kind.slug, content)[0])
    if not names:
        return ""
    start = {
        "fields": {name: {"strategy": "suppress"} for name in names},
        "quasi": [],
        "sensitive": [],
        "thresholds": vars(Thresholds()),
    }
    return text(start)


def text(source: Mapping[str, Any]) -> str:
    """As YAML, a line for each field."""
    return yaml.safe_dump(source, sort_keys=False, allow_unicode=True, default_flow_style=None, width=1000)
