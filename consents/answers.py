"""Reading an answer to a consent form: everything is checked, and every fault named by its field, before any work."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from consents import forms, guardians, notice_versions
from core.errors import Invalid, Text
from core.network import shortened
from subjects.identifiers import Claim, parse_identity

MEMBERS = {
    *("form", "version", "locale", "notice", "identity", "choices", "source", "given_at", "test"),
    *guardians.MEMBERS,
}
LONGEST_NOTICE = 20
# How far the clock of a sending system may be ahead of ours.
SKEW = timedelta(minutes=2)


@dataclass(frozen=True)
class Answer:
    """A valid answer: who said yes or no to what, when, and what they were shown."""

    shown: forms.Shown
    claims: list[Claim]
    # Each control of the form, by key. A box left empty is a "no" (Planet49, C-673/17): silence never consents.
    choices: dict[str, bool]
    given_at: datetime
    is_test: bool
    # As typed, with the place it was typed at. Only ever stored sealed.
    proof: dict[str, Any]
    # Who answers for a child that may not consent alone.
    guardian: guardians.Guardian | None = None
    # They go on with what they agreed to before (consents/renewing.py).
    renews: bool = False

    def only(self, choices: Mapping[str, bool]) -> "Answer":
        """The same about these controls alone."""
        controls = [control for control in self.shown.controls if control["key"] in choices]
        return replace(self, shown=replace(self.shown, controls=controls), choices=dict(choices))


def read(
    data: object,
    *,
    now: datetime,
    recalled: bool = False,
    address: Callable[[], str] | None = None,
    signed: bool = False,
    unproven: bool = False,
) -> Answer:
    """Raises Invalid naming every field at fault. `recalled` as in forms.accepted, `signed` as in guardians.read.

    `unproven` as in capture.capture: whoever has shown no address to be theirs joins none to another.

    `address` tells from where the person answers, and is asked only where the form says why it is kept. Without it
    somebody else brings the answer, who may say it as `source.ip`.
    """
    if not isinstance(data, Mapping):
        raise Invalid(_("Send a JSON object."))
    errors: dict[str, Text] = {name: _("This field is unknown.") for name in data if name not in MEMBERS}
    shown = _collect(errors, lambda: _form(data, now, recalled))
    claims = _collect(errors, lambda: _claims(data.get("identity") or {}, unproven))
    given_at = _collect(errors, lambda: _given_at(data.get("given_at"), now, shown))
    choices = _collect(errors, lambda: _choices(data.get("choices"), shown))
    source = _collect(errors, lambda: _source(data.get("source"), may_say=address is None))
    says_yes = any((choices or {}).values())
    guardian = _collect(
        errors, lambda: guardians.read(data, shown, claims or [], says_yes=says_yes, signed=signed, now=now)
    )
    notice = _collect(errors, lambda: _notice(data.get("notice")))
    is_test = data.get("test", False)
    if not isinstance(is_test, bool):
        errors["test"] = _("Say true or false.")
    if errors or not (shown and claims and given_at and choices and source):
        raise Invalid(fields=errors)
    ip = source.pop("ip", "")
    proof = {"identity": data["identity"], "source": source}
    if shown.keeps_network and (network := shortened(address() if address else ip)):
        proof["network"] = network
    if notice:
        proof["notice"] = notice
    if guardian:
        proof["guardian"] = data["guardian"]
    return Answer(shown, claims, choices, given_at, bool(is_test), proof, guardian)


def _collect(errors: dict[str, Text], part: Any) -> Any:
    try:
        return part()
    except Invalid as error:
        errors.update(error.fields)
        return None


def _form(data: Mapping[str, Any], now: datetime, recalled: bool) -> forms.Shown:
    slug, number, locale = data.get("form"), data.get("version"), data.get("locale", forms.DEFAULT_LOCALE)
    errors: dict[str, Text] = {}
    if not isinstance(slug, str) or not slug:
        errors["form"] = _("Name the form.")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 32768:
        errors["version"] = _("Give the number of the version that was shown.")
    if not isinstance(locale, str) or not locale:
        errors["locale"] = _("Name the language that was shown.")
    if errors or not isinstance(slug, str) or not isinstance(number, int) or not isinstance(locale, str):
        raise Invalid(fields=errors)
    return forms.accepted(slug, number, locale, now=now, recalled=recalled)


def _claims(identity: Any, unproven: bool) -> list[Claim]:
    claims = parse_identity(identity)
    if unproven and len(claims) > 1:
        sentence = _("A key for browsers answers for one address: send the e-mail address alone.")
        raise Invalid(fields={"identity": sentence})
    return claims


def _given_at(text: object, now: datetime, shown: forms.Shown | None) -> datetime:
    if text is None:
        return now
    try:
        given_at = parse_datetime(text) if isinstance(text, str) else None
    except ValueError:
        given_at = None
    if given_at is None or given_at.tzinfo is None:
        raise Invalid(fields={"given_at": _("Give date, time and time zone as in 2026-11-22T09:00:00Z.")})
    if given_at > now + SKEW:
        raise Invalid(fields={"given_at": _("This lies in the future.")})
    if shown and given_at < shown.published_at:
        raise Invalid(fields={"given_at": _("This version of the form was not published yet.")})
    return min(given_at, now)


def _choices(choices: object, shown: forms.Shown | None) -> dict[str, bool]:
    if not isinstance(choices, Mapping) or not choices:
        raise Invalid(fields={"choices": _("Give true or false for the controls of the form.")})
    keys = [control["key"] for control in shown.controls] if shown else list(choices)
    errors: dict[str, Text] = {}
    for key, choice in choices.items():
        if key not in keys:
            errors[f"choices.{key}"[:80]] = _("The form has no such control.")
        elif not isinstance(choice, bool):
            errors[f"choices.{key}"] = _("Say true or false.")
    if errors:
        raise Invalid(fields=errors)
    return {key: choices.get(key, False) for key in keys}


def _notice(notice: object) -> str:
    """The version of the privacy notice that the page showed, or the object that the form has; empty if not said."""
    version = notice.get("version") if isinstance(notice, Mapping) else notice
    if version is None:
        return ""
    if not isinstance(version, str) or not 0 < len(version) <= LONGEST_NOTICE:
        raise Invalid(fields={"notice": _("Give the version as text of up to 20 characters.")})
    if fault := notice_versions.fault(version):
        raise Invalid(fields={"notice": fault})
    return version


def _source(source: object, *, may_say: bool) -> dict[str, str]:
    if not isinstance(source, Mapping) or set(source) - ({"channel", "url", "ip"} if may_say else {"channel", "url"}):
        raise Invalid(fields={"source": _("Give an object with channel and url.")})
    channel, url, ip = source.get("channel"), source.get("url") or "", source.get("ip") or ""
    errors: dict[str, Text] = {}
    if not isinstance(channel, str) or not 0 < len(channel) <= 40:
        errors["source.channel"] = _("Say how the answer was given, such as website or phone.")
    if not isinstance(url, str) or len(url) > 2000:
        errors["source.url"] = _("Give the address of the page as text of up to 2,000 characters.")
    if not isinstance(ip, str) or (ip and not shortened(ip)):
        errors["source.ip"] = _("Give an IPv4 or IPv6 address, or leave it out.")
    if errors:
        raise Invalid(fields=errors)
    return {"channel": str(channel), "url": str(url), **({"ip": ip} if ip else {})}
