"""Suppression lists: people who said no elsewhere. Only a keyed hash is kept; an import never lifts a "no"."""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from django.utils.translation import gettext_lazy as _

from consents.withdraw import ALL_MARKETING, Withdrawal, withdraw
from core.errors import DomainError, Invalid
from core.models import Controller
from imports.fields import Field, Kind, Reader, Values, tidy
from processing.models import Basis, PurposeVersion
from subjects.identifiers import Claim

NAMES = ("email", "phone", "customer_number")
FIELDS = [
    Field("email", _("E-mail address"), guesses=("email", "e mail", "mail", "address", "email address"), is_own=True),
    Field("phone", _("Telephone number"), guesses=("phone", "telephone", "mobile", "number"), is_own=True),
    Field("customer_number", _("Customer number"), guesses=("customer no", "customer id"), is_own=True),
    Field("purpose", _("Purpose"), hint=_("Empty means all direct marketing."), guesses=("purpose", "list", "scope")),
    Field("since", _("Since"), hint=_("When they said no. Empty means today."),
          guesses=("since", "date", "opted out", "unsubscribed", "unsubscribed on")),
]  # fmt: skip


def read(values: Values, *, now: datetime) -> dict[str, Any]:
    """One "no": whose, to what, since when. Raises Invalid."""
    reader = Reader(values, today=now.astimezone(Controller.current().zone).date())
    claims = []
    for name in NAMES:
        if value := reader.text(name, longest=254):
            claims.append(_claim(reader, name, value))
    if not claims:
        reader.errors["email"] = _("Give an e-mail address, a telephone number or a customer number.")
    found = {"claims": claims, "purpose": _purpose(reader), "since": reader.day("since")}
    reader.done()
    return found


def store(read: Mapping[str, Any], *, actor: str, now: datetime) -> Withdrawal:
    """The same "no" as if the person had said it here on that day: states, suppression, evidence and journal."""
    zone, day = Controller.current().zone, read["since"]
    since = datetime.combine(day, time(), tzinfo=zone) if day else None
    purposes = [read["purpose"]] if read["purpose"] else ALL_MARKETING
    try:
        return withdraw(read["claims"], purposes=purposes, now=now, actor=actor, collected_by="import", since=since)
    except DomainError as error:
        error.fields = dict.fromkeys(["purpose"], next(iter(error.fields.values()), error.message))
        raise


def _claim(reader: Reader, name: str, value: str) -> Claim:
    claim = Claim(name, value)
    try:
        claim.normalised  # noqa: B018 - raises Invalid when impossible
    except Invalid as error:
        reader.errors[name] = next(iter(error.fields.values()))
    return claim


def _purpose(reader: Reader) -> str:
    """Only what can be refused: consent and direct marketing."""
    words = {"all": "", "all marketing": "", "marketing": ""}
    versions = PurposeVersion.objects.exclude(status="draft").select_related("purpose").order_by("number")
    for version in versions:
        if version.basis == Basis.CONSENT or version.direct_marketing:
            slug = version.purpose.slug
            words |= {tidy(slug): slug, tidy(version.title): slug}
    value = reader.text("purpose")
    if value and tidy(value) not in words:
        known = ", ".join(sorted({slug for slug in words.values() if slug})) or "all"
        reader.errors["purpose"] = _("This must be empty or one of: %(choices)s.") % {"choices": known}
    return words.get(tidy(value), "")


KIND = Kind(
    slug="suppressions",
    label=_("Suppression list"),
    teaser=_("Addresses and numbers of people who said no. They are kept as keyed hashes, and a no is never lifted."),
    permission="consents.add_suppression",
    fields=lambda: FIELDS,
    read=read,
    store=store,
)
