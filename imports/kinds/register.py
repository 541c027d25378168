"""The register of processing from a spreadsheet: every row is a purpose and becomes a draft (UK GDPR Art 30)."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid
from core.models import Controller
from imports.fields import Field, Kind, Reader, Values, tidy, words_of
from processing.models import Basis, Channel, DataCategory, Ground, ProcessingActivity, Recipient, Source, System
from processing.register import Loaded, load
from processing.vocabulary import REFUSED_CATEGORIES

BASES = words_of(
    Basis,
    contractual="b", performance_of_contract="b", law="c", legal="c", legal_duty="c", statutory="c",
    legitimate_interest="f", interests="f", li="f", vital_interest="d", public_interest="e",
)  # fmt: skip
BASES |= {f"{prefix} {basis}": basis for basis in ("a", "b", "c", "d", "e", "f") for prefix in ("art 6 1", "6 1")}
SOURCES = words_of(Source, data_subject="correspondence", person="correspondence", web="website", partner="third_party")
ROLES = words_of(Recipient.Role, joint="joint_controller", public_authority="authority")
NAMES = {"retention_summary": "retention", "datacategory": "categories", "system": "systems", "recipient": "recipients"}
FIELDS = [
    Field("activity", _("Processing activity"), is_needed=True, guesses=("activity", "process", "processing activity")),
    Field("owner", _("Who answers for it"), hint=_("A role, not a person."), is_needed=True,
          guesses=("owner", "department", "responsible")),
    Field("security", _("Security measures"), is_needed=True, guesses=("security", "measures", "toms")),
    Field("title", _("Purpose"), is_needed=True, guesses=("purpose", "purpose of processing", "title"), is_own=True),
    Field("slug", _("Short name of the purpose"), guesses=("slug",), is_own=True,
          hint=_("Left out, it is made from the purpose.")),
    Field("description", _("Description, for the person"), guesses=("description", "details"), is_own=True),
    Field("basis", _("Lawful basis"), is_needed=True, guesses=("basis", "legal basis", "lawful basis")),
    Field("interests", _("Legitimate interests pursued"), guesses=("interests", "legitimate interests")),
    Field("subjects", _("Kinds of people"), is_needed=True,
          guesses=("data subjects", "subjects", "categories of data subjects")),
    Field("categories", _("Kinds of data"), is_needed=True,
          guesses=("data", "data categories", "categories of data", "categories of personal data", "personal data")),
    Field("recipients", _("Recipients"),
          hint=_("New ones with their role in brackets: Acme Hosting (processor); abroad also the country and the"
                 " transfer mechanism: Acme Inc (processor, US, IDTA)."),
          guesses=("recipient", "recipients", "shared with")),
    Field("systems", _("Systems"), is_needed=True, guesses=("system", "systems", "software", "storage")),
    Field("sources", _("Where the data comes from"), is_needed=True, guesses=("source", "sources")),
    Field("retention", _("How long it is kept"), is_needed=True,
          guesses=("retention", "retention period", "retention summary", "storage period")),
    Field("direct_marketing", _("Direct marketing"), hint=_("Yes or no."), guesses=("marketing", "direct marketing")),
    Field("channels", _("Marketing channels"), guesses=("channels",)),
]  # fmt: skip


def read(values: Values, *, now: datetime) -> dict[str, Any]:
    """One purpose and what has to be made for it. Raises Invalid."""
    reader = Reader(values, today=now.astimezone(Controller.current().zone).date())
    title = reader.text("title", needed=True)
    activity = reader.text("activity", needed=True)
    found: dict[str, Any] = {
        "slug": slugify(reader.text("slug", longest=50) or title)[:50],
        "title": title,
        "activity": _known(ProcessingActivity, activity, "title"),
        "owner": reader.text("owner", longest=100, needed=True),
        "security": reader.text("security", longest=2000, needed=True),
        "description": reader.text("description", longest=2000) or title,
        "basis": reader.choice("basis", BASES, needed=True),
        "interests": reader.text("interests", longest=2000),
        "subjects": [slugify(name)[:40] for name in reader.many("subjects", needed=True)],
        "categories": _categories(reader),
        "recipients": _recipients(reader),
        "systems": dict(_known(System, name, "name") for name in reader.many("systems", needed=True)),
        "sources": reader.choices("sources", SOURCES, needed=True),
        "retention": reader.text("retention", needed=True),
        "direct_marketing": reader.flag("direct_marketing"),
        "channels": reader.choices("channels", words_of(Channel)),
    }
    if found["direct_marketing"] and found["basis"] not in ("a", "f"):
        reader.errors["basis"] = _("Direct marketing rests on consent or on legitimate interests.")
    if title and not found["slug"]:
        reader.errors["slug"] = _("Give a short name of Latin letters.")
    reader.done()
    return found


def store(read: Mapping[str, Any], *, actor: str, now: datetime) -> Loaded:
    """Through the register's own loader. What the register knows already is left as it stands there."""
    activity, title = read["activity"]
    new = {
        "activities": _new(ProcessingActivity, [(activity, {"title": title, **_of(read, "owner", "security")})]),
        "categories": _new(DataCategory, [(slug, {"label": label}) for slug, label in read["categories"].items()]),
        "systems": _new(System, [(slug, {"name": name}) for slug, name in read["systems"].items()]),
        "recipients": _new(Recipient, read["recipients"].items()),
    }
    purpose = {
        **_of(read, "slug", "title", "description", "basis", "interests", "subjects", "sources", "retention"),
        **_of(read, "direct_marketing", "channels"),
        "activity": activity,
        "categories": list(read["categories"]),
        "recipients": list(read["recipients"]),
        "systems": list(read["systems"]),
    }
    try:
        return load({**new, "purposes": [purpose]})
    except DomainError as error:
        error.fields = {NAMES.get(name, name): text for name, text in error.fields.items()}
        raise


def about(values: Values) -> str:
    """A purpose is described once in a file: the second row would silently replace the first."""
    return slugify(values.get("slug") or values.get("title", ""))[:50]


def _of(read: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: read[name] for name in names}


def _new(model: type[models.Model], rows: Iterable[tuple[str, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    given = dict(rows)
    known = set(model._default_manager.filter(slug__in=list(given)).values_list("slug", flat=True))
    return [{"slug": slug, **fields} for slug, fields in given.items() if slug not in known]


def _known(model: type[models.Model], text: str, label: str) -> tuple[str, str]:
    """(slug, label) of what the register calls so, or of what it will."""
    for slug, name in model._default_manager.values_list("slug", label):
        if tidy(text) in (tidy(slug), tidy(name)):
            return slug, name
    return slugify(text)[:50] or "unnamed", text


def _categories(reader: Reader) -> dict[str, str]:
    found = dict(_known(DataCategory, name, "label") for name in reader.many("categories", needed=True))
    if refused := [label for slug, label in found.items() if slug in REFUSED_CATEGORIES]:
        sentence = _("This register holds no special categories of data (Art 9): %(names)s.")
        reader.errors["categories"] = sentence % {"names": ", ".join(refused)}
    return {slug: label[:100] for slug, label in found.items()}


def _recipients(reader: Reader) -> dict[str, dict[str, Any]]:
    """Known ones by name; a new one says in brackets what it is."""
    found: dict[str, dict[str, Any]] = {}
    text = reader.text("recipients", longest=2000)
    for part in filter(None, (part.strip() for part in re.split(r"[;|\n]|,(?![^(]*\))", text))):
        name, _bracket, rest = part.partition("(")
        slug, label = _known(Recipient, name.strip(), "name")
        try:
            found[slug] = _recipient(slug, label, rest.strip().rstrip(")"))
        except Invalid as error:
            reader.errors["recipients"] = error.message
    return found


def _recipient(slug: str, label: str, rest: str) -> dict[str, Any]:
    if Recipient.objects.filter(slug=slug).exists():
        return {"name": label}
    role, country, mechanism = [part.strip() for part in [*rest.split(",", 2), "", ""][:3]]
    known = ROLES.get(tidy(role))
    if known is None:
        sentence = _("%(name)s is not in the register yet: say in brackets whether it is a processor or a controller.")
        raise Invalid(sentence % {"name": label})
    country = country.upper() or "GB"
    if not re.fullmatch(r"[A-Z]{2}", country) or (country != "GB" and not mechanism):
        sentence = _("%(name)s: give the country as two letters and, abroad, the transfer mechanism.")
        raise Invalid(sentence % {"name": label})
    ground = Ground.INSTRUCTION if known == Recipient.Role.PROCESSOR else Ground.CONSENT
    if known == Recipient.Role.AUTHORITY:
        ground = Ground.LAW
    return {
        "name": label[:200],
        "role": known,
        "ground": ground.value,
        "country": country,
        "transfer_mechanism": mechanism[:60],
    }


KIND = Kind(
    slug="register",
    label=_("Register of processing"),
    teaser=_(
        "The record of processing activities. Each row becomes a draft purpose, which you publish when it is right."
    ),
    permission="processing.change_purposeversion",
    fields=lambda: FIELDS,
    read=read,
    store=store,
    about=about,
)
