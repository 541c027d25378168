"""What a new version of a consent form changes, in the words of whoever decides about it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from consents.models import ConsentFormVersion
from core.errors import Text

TEXTS: dict[str, Text] = {
    "title": _("Title"),
    "intro": _("Introduction"),
    "controllers": _("Organisations that rely on it"),
    "withdrawal": _("How to withdraw"),
    "minimum_age": _("Age from which children answer alone"),
    "notice_version": _("Privacy notice"),
    "network_reason": _("Why the network is kept from which somebody answers"),
}


@dataclass(frozen=True)
class Difference:
    """One thing that differs. `key` names the control it is about."""

    what: Text
    before: str
    after: str
    key: str = ""


def differences(former: ConsentFormVersion | None, version: ConsentFormVersion) -> list[Difference]:
    """Everything that differs between two versions; all of it is new when there was none."""
    return [*_texts(former, version), *_controls(former, version)]


def _texts(former: ConsentFormVersion | None, version: ConsentFormVersion) -> Iterator[Difference]:
    for name, label in TEXTS.items():
        before, after = _said(former, name), _said(version, name)
        if before != after:
            yield Difference(label, before, after)


def _said(version: ConsentFormVersion | None, name: str) -> str:
    value = getattr(version, name) if version else None
    if isinstance(value, list):
        return ", ".join(value)
    return "" if value is None else str(value)


def _controls(former: ConsentFormVersion | None, version: ConsentFormVersion) -> Iterator[Difference]:
    before = {_asked(control): control for control in (former.controls if former else [])}
    after = {_asked(control): control for control in version.controls}
    for asked, control in after.items():
        old = before.get(asked)
        if old is None:
            yield Difference(_("New box"), "", _words(control), control["key"])
        elif _words(old) != _words(control):
            yield Difference(_("Box"), _words(old), _words(control), control["key"])
    for asked, control in before.items():
        if asked not in after:
            yield Difference(_("Box that goes"), _words(control), "", control["key"])


def _asked(control: Mapping[str, str]) -> tuple[str, str]:
    return control["purpose"], control.get("channel", "")


def _words(control: Mapping[str, str]) -> str:
    return "\n".join(text for text in (control["label"], control.get("hint", "")) if text)
