"""The script that a site puts into its pages: what visitors are told, and the code that keeps to what they choose.

One file with both, so that nothing more has to be fetched before a choice can be kept to. The code is in
cookies/script/.
"""

import json
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from cookies.models import Kind, SiteVersion

CODE = Path(__file__).with_name("script")
PARTS = ("keep.js", "obey.js", "show.js", "begin.js")
# What could end the script element or the line it stands in, where a copy is put into a page.
ESCAPES = {"<": "\\u003c", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def script(version: SiteVersion) -> str:
    told = {**configuration(version), "css": (CODE / "banner.css").read_text("utf-8")}
    text = json.dumps(told, separators=(",", ":"), ensure_ascii=False)
    for char, escape in ESCAPES.items():
        text = text.replace(char, escape)
    return f"{_code()}({text}, document.currentScript);\n"


def configuration(version: SiteVersion) -> dict[str, Any]:
    """What the script, and a site that builds its own banner, needs to know."""
    told = version.content
    slug = version.site.slug
    return {
        "site": slug,
        "name": version.site.cookie_name,
        "version": version.number,
        "sha256": version.sha256,
        "domain": told["domain"],
        "valid_days": told["valid_days"],
        "quiet_days": told["quiet_days"],
        "page": settings.BASE_URL + reverse("cookies:page", args=[slug]),
        "api": settings.BASE_URL + reverse("cookies-choices", args=[slug]),
        "purposes": [_group(group) for group in told["purposes"]],
        "texts": {"intro": told["intro"], **_texts(told["name"])},
    }


def _group(group: dict[str, Any]) -> dict[str, Any]:
    names = ("id", "title", "description", "need", "since", "google")
    return {**{name: group[name] for name in names}, "cookies": [_line(line) for line in group["cookies"]]}


def _line(line: dict[str, Any]) -> dict[str, Any]:
    """Whether a script of the site can delete it is said with it."""
    stored = line["kind"] in (Kind.COOKIE, Kind.LOCAL, Kind.SESSION)
    return {
        "kind": line["kind"],
        "label": str(Kind(line["kind"]).label),
        "pattern": line["pattern"],
        "what_for": line["what_for"],
        "provider": line["provider"],
        "duration": line["duration"],
        "stored": stored,
        "deletable": stored and not line["domain"] and not line["http_only"],
    }


def _texts(site: str) -> dict[str, str]:
    return {
        "title": _("Cookies on %(site)s") % {"site": site},
        "more": _("Every cookie, in a list"),
        "reject": _("Reject all"),
        "accept": _("Accept all"),
        "choose": _("Choose"),
        "save": _("Save my choice"),
        "close": _("Close"),
        "settings": _("Cookie settings"),
        "always": _("Always on"),
        "list": _("What is used"),
        "undeletable": _("We cannot delete this one: your browser can, in its settings."),
        "done": _("Your choice is saved. You can change it at any time."),
        "rejected": _("Everything that is not needed is off."),
        "queued": _("We could not be reached to record your choice. Until then everything that asks for a yes is off."),
        "elsewhere": _("What you took back elsewhere is off in this browser, too."),
        "left": _("We cannot delete these, they belong to another site or to its server: {names}. Your browser can."),
        "running": _("What was allowed before may still run on this page until it is loaded again."),
        "reload": _("Load this page again"),
        "hide": _("Hide this message"),
        "gpc": _("Your browser asks not to be followed (Global Privacy Control), so what you had allowed is off."),
        "embed": _("This comes from {host} and may use cookies for: {purpose}."),
        "allow": _("Allow “{purpose}” and show it"),
        "open": _("Open it at {host} instead"),
    }


@lru_cache(maxsize=1)
def revision() -> str:
    """Changes with the code, so that no browser keeps an older one than ours."""
    return sha256(_code().encode()).hexdigest()[:16]


@lru_cache(maxsize=1)
def _code() -> str:
    parts = "".join((CODE / part).read_text("utf-8") for part in PARTS)
    return f'(function (config, tag) {{\n"use strict";\n{parts}}})'
