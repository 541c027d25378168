"""A person's choices on one page: every topic and channel we may ask about, as it stands, and changed in one go.

Who holds a link that we mailed has the mailbox it was mailed to, so a "yes" given here is as good as a confirmed one.
It is recorded as an answer to the form in force, whose words stand beside the box. A "no" needs no form.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from consents import address_mail, answers, capture, forms, suppression, unsubscribe
from consents.forms import DEFAULT_LOCALE
from consents.models import ConsentFormVersion
from consents.states import states_of
from consents.unsubscribe import Recipient
from consents.withdraw import withdraw
from core.models import Controller
from processing.models import Basis, PurposeVersion, Status
from subjects import people
from subjects.identifiers import Claim
from subjects.models import DataSubject, Identifier, Relationship


@dataclass(frozen=True)
class Box:
    """One control: a purpose on a channel, in the words of its form."""

    name: str
    purpose: str
    label: str
    hint: str
    is_on: bool


@dataclass(frozen=True)
class Topic:
    """One purpose that the person decides about."""

    slug: str
    title: str
    description: str
    boxes: list[Box]


@dataclass(frozen=True)
class Choices:
    """What the page shows: what is asked for, marketing that needs no consent, and what cannot be switched off."""

    topics: list[Topic]
    marketing: list[Topic]
    necessary: list[str]


def of(recipient: Recipient, *, now: datetime) -> Choices:
    """The choices of this address as they stand. An address that nobody has gets the same page, with nothing on."""
    live = list(
        PurposeVersion.objects.filter(status=Status.LIVE).select_related("purpose").order_by("title", "purpose_id")
    )
    subject = people.find([recipient.claim])
    given = _given(subject, now)
    boxes: dict[str, list[Box]] = {}
    for control in _controls():
        purpose, channel = control["purpose"], control["channel"]
        is_on = bool({(purpose, channel), (purpose, "")} & given)
        name = f"{control['form']}:{control['key']}"
        boxes.setdefault(purpose, []).append(Box(name, purpose, control["label"], control["hint"], is_on))
    consents = [version for version in live if version.basis == Basis.CONSENT]
    return Choices(
        topics=[_topic(version, boxes[version.purpose.slug]) for version in consents if version.purpose.slug in boxes],
        marketing=[_opt_out(version, recipient.claim, subject) for version in live if _is_opt_out(version)],
        necessary=[
            v.title for v in live if v.basis in (Basis.CONTRACT, Basis.LEGAL_OBLIGATION) and not v.direct_marketing
        ],
    )


@transaction.atomic
def save(recipient: Recipient, wanted: Mapping[str, bool], *, now: datetime) -> int:
    """Make the choices what was ticked; returns how many topics changed. What is not in `wanted` stays as it is."""
    before = of(recipient, now=now)
    changed = 0
    for topic in before.topics:
        asked = {box: wanted.get(box.name, box.is_on) for box in topic.boxes}
        different = {box.name: is_on for box, is_on in asked.items() if is_on != box.is_on}
        if not different:
            continue
        changed += 1
        if any(asked.values()):
            for form in sorted({name.partition(":")[0] for name in different}):
                _answer(recipient, {n: on for n, on in different.items() if n.startswith(f"{form}:")}, now=now)
        else:
            _no(recipient, topic.slug, now=now)
    for topic in before.marketing:
        if topic.boxes[0].is_on and not wanted.get(topic.boxes[0].name, True):
            changed += 1
            _no(recipient, topic.slug, now=now)
    return changed


@transaction.atomic
def send_link(email: str, *, now: datetime, locale: str = DEFAULT_LOCALE) -> None:
    """Mail the link that opens the choices of this address. Raises Invalid for what is none; else says nothing.

    Sent to whoever asks for it, known or not: the page behind it is the same.
    """
    claim = Claim(Identifier.Type.EMAIL, email)
    recipient = Recipient(claim.normalised, "")
    if address_mail.is_enough(claim, now=now):
        return
    controller = Controller.current()
    link = f"{settings.BASE_URL}{reverse('consents:preferences', args=[unsubscribe.seal(recipient)])}"
    with translation.override(locale):
        text = render_to_string("consents/mail/preferences.txt", {"link": link, "controller": controller})
        subject = _("Your choices at %(name)s") % {"name": controller.name}
    address_mail.post(claim, subject=subject, text=text, now=now)


def _controls() -> list[dict[str, str]]:
    """Every control of the forms in force, each purpose and channel once."""
    versions = ConsentFormVersion.objects.filter(published_at__isnull=False, superseded_at=None, locale=DEFAULT_LOCALE)
    controls: dict[tuple[str, str], dict[str, str]] = {}
    for version in versions.select_related("form").order_by("form__slug"):
        for control in version.controls:
            key = (control["purpose"], control["channel"])
            hint = " ".join(part for part in (control["hint"], _only_from(version.minimum_age)) if part)
            controls.setdefault(key, {**control, "hint": hint, "form": version.form.slug})
    return list(controls.values())


def _only_from(age: int | None) -> str:
    return _("Only if you are %(age)s or older.") % {"age": age} if age else ""


def _given(subject: DataSubject | None, now: datetime) -> set[tuple[str, str]]:
    """(purpose, channel) of every consent that stands."""
    return {
        (standing.purpose, standing.channel)
        for standing in (states_of(subject) if subject else [])
        if standing.is_valid(now)
    }


def _topic(version: PurposeVersion, boxes: list[Box]) -> Topic:
    return Topic(version.purpose.slug, version.title, version.description, boxes)


def _is_opt_out(version: PurposeVersion) -> bool:
    return version.direct_marketing and version.basis != Basis.CONSENT


def _opt_out(version: PurposeVersion, claim: Claim, subject: DataSubject | None) -> Topic:
    """Marketing that goes on until somebody objects. On only where there is somebody to write to."""
    stopped = suppression.is_suppressed([claim], version.purpose, marketing=True)
    known = subject and Relationship.objects.filter(subject=subject, purpose=version.purpose, ended_on=None).exists()
    slug = version.purpose.slug
    box = Box(f"stop:{slug}", slug, str(_("You may write to me about this")), "", bool(known) and not stopped)
    return _topic(version, [box])


def _answer(recipient: Recipient, changed: Mapping[str, bool], *, now: datetime) -> None:
    """Record the boxes that were changed as an answer to their form. The others were on the page as they stood before:
    leaving a ticked box alone renews nothing.
    """
    slug = next(iter(changed)).partition(":")[0]
    choices = {name.partition(":")[2]: is_on for name, is_on in changed.items()}
    version = forms.current(slug, DEFAULT_LOCALE)
    answer = answers.read(
        {
            "form": slug,
            "version": version.number,
            "locale": version.locale,
            "identity": {"email": recipient.email},
            "choices": choices,
            "source": {"channel": "preference-centre"},
            # Said beside the box; a parent or guardian is asked on the form's own page.
            **({"of_age": True} if version.minimum_age else {}),
        },
        now=now,
    )
    controls = [control for control in answer.shown.controls if control["key"] in choices]
    capture.capture(
        replace(answer, shown=replace(answer.shown, controls=controls), choices=choices),
        now=now,
        actor="public",
        collected_by="hosted_form",
    )


def _no(recipient: Recipient, purpose: str, *, now: datetime) -> None:
    withdraw([recipient.claim], purposes=[purpose], now=now, actor="public", collected_by="hosted_form")
