"""What the register says about the purpose that is assessed: not asked a second time, kept with the answers."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from consents.models import AssessmentVersion
from core.errors import Text
from processing.models import Basis, Channel, DataCategory, Purpose, PurposeVersion, Recipient, Source, Status

ASSESSED = (Basis.LEGITIMATE_INTEREST.value, Basis.RECOGNISED.value)
# A new title is no new processing. Everything else may shift the balance.
WEIGHED = (
    *("basis", "description", "interests", "subject_categories", "categories", "sources", "recipients", "systems"),
    *("direct_marketing", "channels", "retention_summary"),
)
LABELS: dict[str, Text] = {
    "title": _("Purpose"),
    "description": _("What is done"),
    "interests": _("Interest"),
    "subject_categories": _("People"),
    "categories": _("Data"),
    "sources": _("Sources"),
    "recipients": _("Recipients"),
    "direct_marketing": _("Direct marketing"),
    "retention_summary": _("How long"),
}


def newest(purpose: Purpose) -> PurposeVersion | None:
    """What is to be assessed: the draft that is to go live, else what is live."""
    return purpose.versions.exclude(status=Status.RETIRED).order_by("-number").first()


def facts(version: PurposeVersion) -> dict[str, Any]:
    content = version.content()
    return {"version": version.number, "title": content["title"]} | {name: content[name] for name in WEIGHED}


def is_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether both describe the same processing."""
    return all(one.get(name) == other.get(name) for name in WEIGHED)


def differs(version: AssessmentVersion) -> bool:
    """Whether the register has moved on since this was submitted."""
    current = newest(version.assessment.purpose)
    return current is None or not is_same(version.facts, facts(current))


def in_words(found: Mapping[str, Any]) -> list[tuple[Text, str]]:
    """As a person reads them. A slug that the register no longer knows stands as it is."""
    return [(label, said) for name, label in LABELS.items() if (said := _said(name, found))]


def _said(name: str, found: Mapping[str, Any]) -> str:
    value = found.get(name)
    if name == "direct_marketing":
        channels = dict(Channel.choices)
        return ", ".join(str(channels.get(one, one)) for one in found.get("channels", [])) if value else ""
    if not isinstance(value, list):
        return str(value or "")
    return ", ".join(_named(name).get(one, one.replace("-", " ")) for one in value)


def _named(name: str) -> dict[str, str]:
    if name == "categories":
        return dict(DataCategory.objects.values_list("slug", "label"))
    if name == "recipients":
        return dict(Recipient.objects.values_list("slug", "name"))
    return {value: str(label) for value, label in Source.choices} if name == "sources" else {}
