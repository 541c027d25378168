"""Which privacy notices have been published, and since when each applies. An app above publishes them and says so here.

Art 7(1) asks what people were told: a form, and whoever sends us an answer, may only name a notice that exists.
"""

from collections.abc import Callable, Mapping
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from core.errors import Text

# Each version with the day from which it applies.
Source = Callable[[], Mapping[str, date]]
_sources: list[Source] = []


def register(source: Source) -> None:
    """Ask `source` which versions there are. Registering again replaces it."""
    _sources[:] = [source]


def published() -> Mapping[str, date]:
    """Empty where nobody publishes notices here: then there is nothing to check against."""
    return _sources[0]() if _sources else {}


def fault(version: str) -> Text | None:
    """Why this version cannot be what somebody was shown."""
    known = published()
    if not known or version in known:
        return None
    return _("No privacy notice “%(version)s” has been published. The newest is “%(newest)s”.") % {
        "version": version[:20],
        "newest": max(known, key=lambda one: known[one]),
    }


def in_force(on: date) -> str:
    """The version that applies on this day; empty before the first."""
    begun = {version: since for version, since in published().items() if since <= on}
    return max(begun, key=lambda one: begun[one], default="")


def fault_between(version: str, first: date, last: date) -> Text | None:
    """Why nobody can have been told of this version when something was collected in these days.

    Of days before the first notice nothing is known, so the first may be named. A page that was opened on the evening
    before a change still names the former one.
    """
    known = published()
    if not known or version not in known:
        return fault(version)
    begins = known[version]
    ends = min((since for since in known.values() if since > begins), default=date.max)
    if (begins <= last or begins == min(known.values())) and first <= ends:
        return None
    return _("The privacy notice “%(version)s” was not in force then. On %(day)s it was “%(right)s”.") % {
        "version": version,
        "day": date_format(first, "j F Y"),
        "right": in_force(first) or min(known, key=lambda one: known[one]),
    }
