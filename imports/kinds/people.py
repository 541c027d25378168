"""People: who they are, for whom they speak, why we may deal with them, and what we hold about them."""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.utils.dateformat import format as format_date
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid
from core.models import Controller
from imports.fields import Field, Kind, Reader, Values, tidy, words_of
from processing.models import DataCategory, PurposeVersion, Status, System
from subjects.identifiers import Claim, parse_identity
from subjects.intake import Parcel, Taken, collect
from subjects.late import PersonErased, brings_back
from subjects.models import Organisation, PersonalDataItem, Relationship

ITEM = "item:"
MUTUAL_INTEREST = "mutual-interest"
GROUND = ("ground_who", "ground_when", "ground_why")
CONTRACT = ("contract_started_on", "contract_ended_on")
SOURCES = words_of(
    PersonalDataItem.Source,
    email="correspondence", e_mail="correspondence", letter="correspondence", telephone="phone", call="phone",
    fair="in_person", event="in_person", meeting="in_person", linkedin="social_media", web="website", form="website",
    partner="third_party", referral="third_party", list="third_party", companies_house="public_source",
)  # fmt: skip
ROLES = words_of(Relationship.Role, customer="customer_contact", client="customer_contact", lead="prospect",
                 supplier="supplier_contact", candidate="applicant")  # fmt: skip
TYPES = words_of(Organisation.LegalType, ltd="company", limited="company", plc="company", llp="company")
NATURES = words_of(PersonalDataItem.Nature)
# What a name of the domain's is called in a file.
NAMES = {
    "identity.email": "email",
    "identity.phone": "phone",
    "identity.customer_number": "customer_number",
    "identity.external_id": "external_id",
    "identity.external_id.system": "external_system",
    "identity": "email",
    "organisation.name": "organisation",
    "organisation.legal_type": "organisation_type",
    "relationship.role": "role",
    "relationship.purpose": "purposes",
    "relationship.ground": "ground",
    "notice": "notice",
    "items": "purposes",
}
_PARTS = {"source_evidence": "evidence", "collected_at": "collected"}


def fields() -> list[Field]:
    items = [
        Field(
            f"{ITEM}{category.slug}",
            category.label,
            guesses=(category.slug, *_GUESSES.get(category.slug, ())),
            is_own=True,
        )
        for category in DataCategory.objects.order_by("label")
    ]
    return [*_IDENTITY, *items, *_ABOUT_ITEMS, *_RELATIONSHIP]


_GUESSES = {"name": ("full name", "contact", "contact name", "first name", "last name", "surname", "forename")}
_IDENTITY = [
    Field("email", _("E-mail address"), guesses=("email", "e mail", "mail", "email address"), is_own=True),
    Field("phone", _("Telephone number"), guesses=("phone", "telephone", "mobile", "tel"), is_own=True),
    Field(
        "customer_number", _("Customer number"), guesses=("customer no", "customer id", "account number"), is_own=True
    ),
    Field("external_id", _("Id in another system"), guesses=("external id", "crm id", "id"), is_own=True),
    Field("external_system", _("That system"), hint=_("Its short name in the register, for example crm.")),
    Field("organisation", _("Organisation"), guesses=("company", "company name", "employer name", "firm")),
    Field("organisation_type", _("Type of organisation"), hint=_("Company, sole trader, partnership or other.")),
    Field("contract_started_on", _("Contract since"), guesses=("contract start", "contract started", "customer since")),
    Field(
        "contract_ended_on",
        _("Contract ended"),
        guesses=("contract end", "contract end date", "customer until"),
        hint=_("Of the organisation: retention counts from it for every contact."),
    ),
]
_ABOUT_ITEMS = [
    Field("purposes", _("Purposes"), hint=_("Short names from the register, cut by semicolons."), is_needed=True,
          guesses=("purpose",)),
    Field("source", _("Where the data came from"), is_needed=True, guesses=("source", "origin", "data source")),
    Field("collected", _("Collected on"), is_needed=True,
          guesses=("date", "collected", "created", "date collected", "date added")),
    Field("evidence", _("Evidence id"), hint=_("Shows that a third party was allowed to share it (Art 14, 6(1)(f))."),
          guesses=("evidence", "source evidence")),
    Field("notice", _("Version of the privacy notice"), is_needed=True, guesses=("notice", "notice version")),
    Field("nature", _("Provided, observed or inferred"), guesses=("nature",)),
    Field("system", _("System that holds it"), guesses=("system",)),
    Field("record", _("Record it came from"), is_own=True,
          hint=_("So that a copy of it is recognised after an erasure.")),
]  # fmt: skip
_RELATIONSHIP = [
    Field("role", _("Relationship"), hint=_("Customer, prospect, applicant, supplier …"), guesses=("relationship",)),
    Field("ground", _("Ground"), hint=_("A short code. Left out, it is mutual-interest."), guesses=("basis",)),
    Field("ground_who", _("Ground: who established it"), guesses=("established by", "owner", "account manager")),
    Field("ground_when", _("Ground: when"), guesses=("established on", "ground date")),
    Field("ground_why", _("Ground: why"), guesses=("reason", "mutual interest", "why")),
]


def read(values: Values, *, now: datetime) -> dict[str, Any]:
    """One person as the domain takes them in. Raises Invalid."""
    reader = Reader(values, today=now.astimezone(Controller.current().zone).date())
    found: dict[str, Any] = {
        "organisation": reader.text("organisation"),
        **_contract(reader),
        "organisation_type": reader.choice("organisation_type", TYPES, default="other"),
        "items": {name.removeprefix(ITEM): reader.text(name, longest=5000) for name in values if name.startswith(ITEM)},
        "purposes": _purposes(reader),
        "source": reader.choice("source", SOURCES, needed=True),
        "collected": reader.day("collected", needed=True),
        "evidence": _evidence(reader),
        "notice": reader.text("notice", longest=40, needed=True),
        "nature": reader.choice("nature", NATURES, default="provided"),
        "system": reader.choice("system", _systems(), default="kraken-privacy"),
        "record": reader.text("record"),
        "role": reader.choice("role", ROLES, needed=any(values.get(name) for name in GROUND)),
        **_ground(reader),
    }
    found["claims"] = _claims(reader)
    found["items"] = {category: text for category, text in found["items"].items() if text}
    reader.done()
    return found


def store(read: Mapping[str, Any], *, actor: str, now: datetime) -> Taken:
    """Take one person in through the same function as the API's collect/. Raises DomainErrors by the names here."""
    at = datetime.combine(read["collected"], time(), tzinfo=Controller.current().zone)
    items = [
        {
            "category": category,
            "purposes": read["purposes"],
            "content": json.dumps(text, ensure_ascii=False),
            "source": read["source"],
            "nature": read["nature"],
            "collected_at": at,
            "system": read["system"],
            "source_evidence": read["evidence"],
            "source_record": read["record"] or None,
        }
        for category, text in read["items"].items()
    ]
    organisation = {
        "name": read["organisation"],
        "legal_type": read["organisation_type"],
        **{day: read[day] for day in CONTRACT},
    }
    parcel = Parcel(
        claims=read["claims"],
        notice=read["notice"],
        items=items,
        organisation=organisation if read["organisation"] else None,
        relationship=_relationship(read) if read["role"] else None,
        is_taken_over=True,
    )
    try:
        # Of a row with records `collect` asks for itself. A ground alone is of the day of its row, too.
        if not items and brings_back(parcel.claims, [at]):
            raise PersonErased
        return collect(parcel, now=now, actor=actor)
    except DomainError as error:
        error.fields = {_name(name, list(read["items"])): text for name, text in error.fields.items()}
        raise


def ground_note(who: str, when: date, why: str) -> str:
    """The ground in words: who established which mutual interest, and when."""
    said = {"who": who, "when": format_date(when, "j F Y"), "why": why}
    return gettext("Established by %(who)s on %(when)s: %(why)s") % said


def _relationship(read: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"role": read["role"], "source": read["source"]}
    if not read["items"]:
        found["purpose"] = read["purposes"][0]
    if read["ground"]:
        found["ground"] = read["ground"]
    if read["ground_why"]:
        found["note"] = ground_note(read["ground_who"], read["ground_when"], read["ground_why"])
        found["started_on"] = read["ground_when"]
    return found


def _contract(reader: Reader) -> dict[str, date | None]:
    """The dates of the contract, which is the organisation's."""
    days = {name: reader.day(name, may_lie_ahead=True) for name in CONTRACT}
    if any(days.values()) and not reader.values.get("organisation"):
        reader.errors["organisation"] = _("Name the organisation whose contract this is.")
    return days


def _ground(reader: Reader) -> dict[str, Any]:
    """A ground is who, when and why together: half of it proves nothing."""
    is_given = any(reader.values.get(name) for name in GROUND)
    return {
        "ground": reader.text("ground", longest=40) or (MUTUAL_INTEREST if is_given else ""),
        "ground_who": reader.text("ground_who", needed=is_given),
        "ground_when": reader.day("ground_when", needed=is_given),
        "ground_why": reader.text("ground_why", longest=1000, needed=is_given),
    }


def _purposes(reader: Reader) -> list[str]:
    live = PurposeVersion.objects.filter(status=Status.LIVE)
    words: dict[str, str] = {}
    for slug, title in live.values_list("purpose__slug", "title"):
        words |= {tidy(slug): slug, tidy(title): slug}
    return reader.choices("purposes", words, needed=True)


def _systems() -> dict[str, str]:
    return {tidy(slug): slug for slug in System.objects.values_list("slug", flat=True)}


def _evidence(reader: Reader) -> UUID | None:
    text = reader.text("evidence")
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        reader.errors["evidence"] = _("This is not the id of a piece of evidence (a UUID).")
        return None


def _claims(reader: Reader) -> list[Claim]:
    identity: dict[str, Any] = {
        name: reader.text(name, longest=254)
        for name in ("email", "phone", "customer_number")
        if reader.values.get(name)
    }
    if reader.values.get("external_id"):
        identity["external_id"] = {
            "system": reader.text("external_system", longest=50, needed=True),
            "id": reader.text("external_id"),
        }
    try:
        return parse_identity(identity)
    except Invalid as error:
        for name, text in error.fields.items():
            reader.errors.setdefault(NAMES.get(name, "email"), text)
        return []


def _name(name: str, categories: list[str]) -> str:
    """What the domain calls "items[2].source_evidence" stands in a column of the file."""
    found = re.fullmatch(r"items\[(\d+)\](?:\.(\w+))?", name)
    if found is None:
        return NAMES.get(name, name.rpartition(".")[2])
    part = found[2] or "category"
    if part in ("category", "content"):
        return f"{ITEM}{categories[int(found[1])]}"
    return _PARTS.get(part, part)


KIND = Kind(
    slug="people",
    label=_("People"),
    teaser=_("Contacts, customers, applicants: who they are, why we know them, what we hold about them."),
    permission="subjects.add_datasubject",
    fields=fields,
    read=read,
    store=store,
)
