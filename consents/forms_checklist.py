"""What a consent form must be before it may ask anybody: UK GDPR Arts 4(11), 7 and 8, in the words of its faults.

What a program can see is looked for; what only a person can judge, its author must stand for.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import isodate
from django.conf import settings
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from consents import notice_versions
from consents.models import ConsentForm, ConsentFormVersion
from core.errors import Text
from core.models import Controller
from processing.models import Basis, Channel, PurposeVersion, Recipient, Status

# A control that carries anything else ("checked", "default", "required") could be ticked before the person came.
CONTROL_FIELDS = {"key", "purpose", "channel", "label", "hint"}
KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")
# Organisations must be named. A category names nobody, so nobody can rely on it.
VAGUE = re.compile(
    r"((our|selected|trusted|carefully|chosen|other|certain|some|associated|business|marketing|all|the|and|its|of)\s+)*"
    r"(partners?|third[- ]part(y|ies)|affiliates?|sponsors?|advertisers?|"
    r"group compan(y|ies)|suppliers?|others?|etc\.?)(\s+(who|whom|whose|that|which|like|such as)\b.*)?",
    re.IGNORECASE,
)
# A box that must be left empty to say no is silence, and silence is no consent (Planet49, C-673/17).
BACKWARDS = re.compile(r"\b(do not|don['\u2019]t|untick|opt[- ]?out|unless|rather not)\b", re.IGNORECASE)
TERMS = re.compile(r"\bterms\b|\bconditions\b", re.IGNORECASE)
OLDEST_CHILD = 16


class Declaration(TextChoices):
    """What the author of a form stands for, because no program can see it."""

    FREE = "free", _("Nobody loses anything by saying no, and nobody here depends on us, as our own employees would.")
    SPECIFIC = "specific", _("Each box asks one thing, and says what we do and why.")
    SEPARATE = "separate", _("The form stands apart from terms and conditions, and no contract hangs on it.")
    PLAIN = "plain", _("Somebody who has never heard of us understands every sentence.")


def faults(form: ConsentForm, version: ConsentFormVersion) -> dict[str, Text]:
    """Everything that keeps this version from being published, by the field it is about."""
    found: dict[str, Text] = {}
    if not is_period(form.valid_for):
        found["valid_for"] = _("Say how long consent lasts as an ISO 8601 period, such as P24M.")
    if not version.title.strip():
        found["title"] = _("Say in the title what is being asked.")
    if not version.notice_version.strip():
        found["notice_version"] = _("Name the version of the privacy notice that is shown with this form.")
    elif fault := notice_versions.fault(version.notice_version):
        found["notice_version"] = fault
    if not version.withdrawal.strip():
        found["withdrawal"] = _("Say before anybody consents that they can withdraw at any time, and how.")
    if fault := _age_fault(version.minimum_age):
        found["minimum_age"] = fault
    if set(Declaration.values) - set(version.declared):
        found["declared"] = _("Somebody must stand for each of the points that a program cannot check.")
    if fault := _controls_fault(version.controls):
        found["controls"] = fault
    if fault := _controllers_fault(version):
        found["controllers"] = fault
    return found


def is_period(text: str) -> bool:
    try:
        isodate.parse_duration(text)
    except (isodate.ISO8601Error, ValueError):
        return False
    return True


def _age_fault(age: int | None) -> Text | None:
    """Art 8 with DPA 2018 s.9: 13 in the UK; EU states have set up to 16."""
    least = settings.CONSENT_AGE
    if age is None or least <= age <= OLDEST_CHILD:
        return None
    return _("The age from which children answer for themselves lies between %(least)s and %(most)s.") % {
        "least": least,
        "most": OLDEST_CHILD,
    }


def _controllers_fault(version: ConsentFormVersion) -> Text | None:
    """Art 4(11) with recital 42: who asks, and everybody who relies on the answer, by name."""
    named = [name.strip() for name in version.controllers if name.strip()]
    if not named:
        return _("Name every organisation that relies on this consent.")
    if vague := next((name for name in named if VAGUE.fullmatch(name)), None):
        return _("“%(name)s” names nobody. Give the name of each organisation.") % {"name": vague}
    ours = Controller.objects.filter(pk=1).values_list("name", flat=True).first()
    if ours and ours not in named:
        return _("%(name)s asks, so it is named first.") % {"name": ours}
    if missing := sorted({one.name for one in _relying(version.controls)} - set(named)):
        return _("%(names)s receive the data as controllers, so they are named.") % {"names": ", ".join(missing)}
    others = set(named) - {ours or named[0]}
    known = Recipient.objects.filter(name__in=others).exclude(address="").exclude(contact="")
    if unreached := sorted(others - set(known.values_list("name", flat=True))):
        # Receipts have no other place to take it from (ISO/IEC TS 27560 party_address, party_contact).
        return _(
            "Receipts tell where the organisations are reached that rely on this. Enter %(names)s under Recipients,"
            " by this name and with address and contact."
        ) % {"names": ", ".join(unreached)}
    return None


def _relying(controls: object) -> list[Recipient]:
    """Other controllers to whom a purpose of this form gives data, as the register has them."""
    named = [control for control in controls if isinstance(control, Mapping)] if isinstance(controls, list) else []
    latest = [version for control in named if (version := latest_of(str(control.get("purpose"))))]
    roles = [Recipient.Role.CONTROLLER, Recipient.Role.JOINT]
    return list(Recipient.objects.filter(purpose_versions__in=latest, role__in=roles, ground="consent"))


def _controls_fault(controls: object) -> Text | None:
    if not isinstance(controls, list) or not controls:
        return _("A form asks at least one question.")
    faults = (_shape_fault(control) for control in controls)
    return next((fault for fault in faults if fault), None) or _words_fault(controls) or _choice_fault(controls)


def _shape_fault(control: object) -> Text | None:
    if not isinstance(control, Mapping) or not all(isinstance(value, str) for value in control.values()):
        return _("Each control is an object with the texts key, purpose, channel, label and hint.")
    if set(control) - CONTROL_FIELDS:
        return _("A control says what is asked and nothing else: it can be neither pre-ticked nor required.")
    if not KEY.fullmatch(control.get("key", "")):
        return _("Each control has a key of lower-case letters, digits, hyphens and underscores.")
    if not control.get("label", "").strip():
        return _("Each control has a label in plain words.")
    if control["channel"] not in {"", *Channel.values}:
        return _("A control names a channel that does not exist.")
    return None


def _words_fault(controls: Sequence[Mapping[str, str]]) -> Text | None:
    """An act of the person, told apart from everything else (Arts 4(11) and 7(2))."""
    for control in controls:
        if BACKWARDS.search(control["label"]):
            return _("“%(label)s” reads backwards. To tick a box is to say yes.") % {"label": control["label"]}
        if TERMS.search(control["label"]):
            return _("“%(label)s” mixes consent with terms. Ask for them elsewhere.") % {"label": control["label"]}
    labels = Counter(control["label"].strip().casefold() for control in controls)
    if max(labels.values()) > 1:
        return _("Two boxes read alike, so nobody can tell them apart.")
    return None


def _choice_fault(controls: Iterable[Mapping[str, str]]) -> Text | None:
    """One control per purpose and channel (granular), each for a purpose that may rely on consent."""
    controls = list(controls)
    if max(Counter(control["key"] for control in controls).values()) > 1:
        return _("Two controls have the same key.")
    if max(Counter((control.get("purpose"), control["channel"]) for control in controls).values()) > 1:
        return _("Each purpose and channel has exactly one control.")
    for control in controls:
        purpose = latest_of(control.get("purpose", ""))
        if purpose is None:
            return _("A control names a purpose that does not exist.")
        if purpose.basis != Basis.CONSENT and not purpose.direct_marketing:
            return _("A control asks for consent to a purpose that does not rely on consent.")
        if purpose.direct_marketing and not control["channel"]:
            return _("Consent to marketing is asked for each channel by itself.")
    return None


def latest_of(slug: str) -> PurposeVersion | None:
    versions = PurposeVersion.objects.filter(purpose__slug=slug).exclude(status=Status.RETIRED)
    return versions.order_by("-number").first()
