"""Consent forms: what must be true before one may be published, and which published version answers may come from."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any
from uuid import UUID

import isodate
import rfc8785
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from consents.models import ConsentForm, ConsentFormVersion
from core import prepared
from core.errors import DomainError, Invalid, NotFound, Text
from core.recall import Recall
from ledger import entries
from processing.models import Basis, Channel, Purpose, PurposeVersion, Status

SCHEMA_VERSION = 1
DEFAULT_LOCALE = "en-GB"
# A control that carries anything else ("checked", "default", "required") could be ticked before the person came.
CONTROL_FIELDS = {"key", "purpose", "channel", "label", "hint"}
KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")


class UnknownForm(NotFound):
    code = "unknown-form"
    message = _("There is no published form with this name.")


class NotPublishable(DomainError):
    """The form does not meet what consent must be (UK GDPR Arts 4(11) and 7)."""

    code = "form-not-publishable"
    message = _("This form cannot be published yet.")


def shown(version: ConsentFormVersion) -> dict[str, Any]:
    """Exactly what a person sees: the only thing that the hash of a version covers."""
    return {
        "schema_version": SCHEMA_VERSION,
        "slug": version.form.slug,
        "version": version.number,
        "locale": version.locale,
        "title": version.title,
        "intro": version.intro,
        "controls": version.controls,
        "controllers": version.controllers,
        "notice_version": version.notice_version,
    }


def digest(version: ConsentFormVersion) -> str:
    """SHA-256 over the canonical JSON (RFC 8785) of what is shown."""
    return sha256(rfc8785.dumps(shown(version))).hexdigest()


def publish(version: ConsentFormVersion, *, now: datetime, actor: str) -> ConsentFormVersion:
    """Put a draft on show and supersede the version before it. Raises NotPublishable with every fault found."""
    with transaction.atomic():
        # The lock on the form makes two publications wait for each other.
        form = ConsentForm.objects.select_for_update().get(pk=version.form_id)
        version = ConsentFormVersion.objects.select_for_update(of=["self"]).select_related("form").get(pk=version.pk)
        if version.published_at:
            raise NotPublishable(_("This version has been published already."))
        version.controls = _complete(version.controls)
        if faults := _faults(form, version):
            raise NotPublishable(fields=faults)
        former = ConsentFormVersion.objects.filter(
            form=form, locale=version.locale, published_at__isnull=False, superseded_at=None
        )
        former.update(superseded_at=now)
        version.published_at, version.sha256 = now, digest(version)
        version.save(update_fields=["controls", "published_at", "sha256"])
        entries.record(
            kind="form.published",
            at=now,
            actor=actor,
            object=form.uuid,
            data={"version": version.number, "locale": version.locale, "sha256": version.sha256},
        )
    return version


def _complete(controls: object) -> object:
    """Controls with their optional hint spelt out, so that the hash covers one spelling only."""
    if not isinstance(controls, list):
        return controls
    return [{"hint": "", "channel": "", **control} if isinstance(control, Mapping) else control for control in controls]


def _faults(form: ConsentForm, version: ConsentFormVersion) -> dict[str, Text]:
    faults: dict[str, Text] = {}
    if not _is_period(form.valid_for):
        faults["valid_for"] = _("Say how long consent lasts as an ISO 8601 period, such as P24M.")
    if not version.title.strip():
        faults["title"] = _("Say in the title what is being asked.")
    if not [name for name in version.controllers if name.strip()]:
        faults["controllers"] = _("Name every organisation that relies on this consent.")
    if not version.notice_version.strip():
        faults["notice_version"] = _("Name the version of the privacy notice that is shown with this form.")
    if not isinstance(version.controls, list) or not version.controls:
        faults["controls"] = _("A form asks at least one question.")
        return faults
    shapes = (_shape_fault(control) for control in version.controls)
    if fault := next((fault for fault in shapes if fault), None) or _choice_fault(version.controls):
        faults["controls"] = fault
    return faults


def _is_period(text: str) -> bool:
    try:
        isodate.parse_duration(text)
    except isodate.ISO8601Error:
        return False
    return True


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


def _choice_fault(controls: Iterable[Mapping[str, str]]) -> Text | None:
    """One control per purpose and channel (granular), each for a purpose that may rely on consent."""
    controls = list(controls)
    if max(Counter(control["key"] for control in controls).values()) > 1:
        return _("Two controls have the same key.")
    if max(Counter((control.get("purpose"), control["channel"]) for control in controls).values()) > 1:
        return _("Each purpose and channel has exactly one control.")
    for control in controls:
        purpose = _latest(control.get("purpose", ""))
        if purpose is None:
            return _("A control names a purpose that does not exist.")
        if purpose.basis != Basis.CONSENT and not purpose.direct_marketing:
            return _("A control asks for consent to a purpose that does not rely on consent.")
        if purpose.direct_marketing and not control["channel"]:
            return _("Consent to marketing is asked for each channel by itself.")
    return None


def _latest(slug: str) -> PurposeVersion | None:
    versions = PurposeVersion.objects.filter(purpose__slug=slug).exclude(status=Status.RETIRED)
    return versions.order_by("-number").first()


def current(slug: str, locale: str = DEFAULT_LOCALE) -> ConsentFormVersion:
    """The version on show in this language, or in the default one. Raises UnknownForm."""
    on_show = ConsentFormVersion.objects.select_related("form").filter(
        form__slug=slug, published_at__isnull=False, superseded_at=None
    )
    by_locale = {version.locale: version for version in on_show}
    found = by_locale.get(locale) or by_locale.get(DEFAULT_LOCALE)
    if found is None:
        raise UnknownForm
    return found


@dataclass(frozen=True)
class Shown:
    """A published version as the capture needs it: what was shown, and the purposes behind the controls by slug."""

    key: int
    slug: str
    number: int
    locale: str
    controls: list[dict[str, str]]
    notice_version: str
    sha256: str
    published_at: datetime
    superseded_at: datetime | None
    grace: timedelta
    valid_for: str
    double_opt_in: bool
    purposes: dict[str, Purpose]
    # Of both rows, as in core/recall.py: the statement that records the answer proves that neither has changed.
    versions: str

    def valid_until(self, given_at: datetime) -> datetime:
        until: datetime = given_at + _period(self.valid_for)
        return until


@lru_cache(maxsize=64)
def _period(text: str) -> Any:
    return isodate.parse_duration(text)


_recall: Recall[Shown] = Recall()
# The version and its purposes at once. One row.
SHOWN = """
SELECT version.id, form.slug, version.number, version.locale, version.controls::text, version.notice_version,
       version.sha256, version.published_at, version.superseded_at, form.grace_days, form.valid_for,
       form.double_opt_in,
       (SELECT jsonb_agg(jsonb_build_array(purpose.slug, purpose.id, purpose.uuid))::text
          FROM processing_purpose purpose
         WHERE purpose.slug IN (SELECT control ->> 'purpose' FROM jsonb_array_elements(version.controls) control)),
       version.xmin || ' ' || version.ctid || ' ' || form.xmin || ' ' || form.ctid
FROM consents_consentformversion version JOIN consents_consentform form ON form.id = version.form_id
WHERE form.slug = %s AND version.number = %s AND version.locale = %s AND version.published_at IS NOT NULL
"""


def accepted(slug: str, number: int, locale: str, *, now: datetime, recalled: bool = False) -> Shown:
    """The version that an answer names, if it is on show or was until a short while ago. Raises Invalid.

    A cached page may still show the version before: it is accepted for the form's grace period. One query, or none
    for whoever takes what was `recalled` and proves it.
    """
    shown = _recall.get((slug, number, locale)) if recalled else None
    if shown is None or shown.superseded_at:
        shown = _shown(slug, number, locale)
    if shown is None:
        if ConsentForm.objects.filter(slug=slug, versions__published_at__isnull=False).exists():
            never = _("This version of the form was never published in this language.")
            raise Invalid(fields={"version": never, "locale": never})
        raise Invalid(fields={"form": _("There is no published form with this name.")})
    if shown.superseded_at and now > shown.superseded_at + shown.grace:
        raise Invalid(fields={"version": _("This version of the form has been replaced. Show the current one.")})
    return shown


def _shown(slug: str, number: int, locale: str) -> Shown | None:
    row = prepared.fetch_one(SHOWN, [slug, number, locale])
    if row is None:
        return None
    (
        key,
        slug,
        number,
        locale,
        controls,
        notice,
        sha,
        published,
        superseded,
        days,
        valid_for,
        double,
        found,
        versions,
    ) = row
    purposes = [Purpose(pk=pk, slug=name, uuid=UUID(uuid)) for name, pk, uuid in json.loads(found)]
    shown = Shown(
        key=key,
        slug=slug,
        number=number,
        locale=locale,
        controls=json.loads(controls),
        notice_version=notice,
        sha256=sha,
        published_at=published,
        superseded_at=superseded,
        grace=timedelta(days=days),
        valid_for=valid_for,
        double_opt_in=double,
        purposes={purpose.slug: purpose for purpose in purposes},
        versions=versions,
    )
    return _recall.keep((slug, number, locale), shown)


def asks_for(purpose: Purpose) -> bool:
    """Whether a form on show asks for this purpose: without one, nobody can have consented to it."""
    return ConsentFormVersion.objects.filter(
        published_at__isnull=False, superseded_at=None, controls__contains=[{"purpose": purpose.slug}]
    ).exists()


def public(version: ConsentFormVersion) -> dict[str, Any]:
    """What a site needs to show the form and to answer it."""
    return {
        "slug": version.form.slug,
        "version": version.number,
        "locale": version.locale,
        "sha256": version.sha256,
        "title": version.title,
        "intro": version.intro,
        "controls": version.controls,
        "controllers": version.controllers,
        "notice": {"version": version.notice_version, "url": f"{settings.BASE_URL}/policy/"},
        "double_opt_in": version.form.double_opt_in,
    }
