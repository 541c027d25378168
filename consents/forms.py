"""Consent forms: what must be true before one may be published, and which published version answers may come from."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Any
from uuid import UUID

import isodate
import rfc8785
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from consents import renewals
from consents.forms_checklist import faults
from consents.models import Change, ConsentForm, ConsentFormVersion
from core import prepared
from core.arrays import array, texts
from core.errors import DomainError, Invalid, NotFound
from core.recall import Recall, proof
from ledger import entries
from processing.models import Purpose

SCHEMA_VERSION = 1
DEFAULT_LOCALE = "en-GB"
# What differs between two versions when nothing does: their numbers, and what happened to them.
CONTENT = ("title", "intro", "controls", "controllers", "notice_version", "withdrawal", "minimum_age", "network_reason")

MARKED = ("affected", "outgrown", "outgrown_until")


class UnknownForm(NotFound):
    code = "unknown-form"
    message = _("There is no published form with this name.")


class Unchanged(DomainError):
    code = "form-unchanged"
    message = _("Nothing differs from the version on show, so there is nothing to publish.")


class NotPublishable(DomainError):
    """The form does not meet what consent must be (UK GDPR Arts 4(11) and 7)."""

    code = "form-not-publishable"
    message = _("This form cannot be published yet.")


def shown(version: ConsentFormVersion) -> dict[str, Any]:
    """Exactly what a person sees: the only thing that the hash of a version covers."""
    # Not in versions from before it was asked for: their hash stays what it was.
    later: dict[str, Any] = {"withdrawal": version.withdrawal} if version.withdrawal else {}
    if version.minimum_age is not None:
        later["minimum_age"] = version.minimum_age
    if version.network_reason:
        later["network_reason"] = version.network_reason
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
        **later,
    }


def digest(version: ConsentFormVersion) -> str:
    """SHA-256 over the canonical JSON (RFC 8785) of what is shown."""
    return sha256(rfc8785.dumps(shown(version))).hexdigest()


@transaction.atomic
def publish(
    version: ConsentFormVersion,
    *,
    now: datetime,
    actor: str,
    asks_again: Collection[str] = (),
    until: datetime | None = None,
) -> ConsentFormVersion:
    """Put a draft on show and supersede the version before it.

    A change is editorial unless `asks_again` names the controls (by key) whose consent it outgrows: whoever said yes to
    one of them is asked again, and their old "yes" counts no longer than `until` (consents/renewals.py).
    Raises NotPublishable with every fault found, or Unchanged.
    """
    # The lock on the form makes two publications wait for each other.
    form = ConsentForm.objects.select_for_update().get(pk=version.form_id)
    version = ConsentFormVersion.objects.select_for_update(of=["self"]).select_related("form").get(pk=version.pk)
    if version.published_at:
        raise NotPublishable(_("This version has been published already."))
    version.controls = completed(version.controls)
    former = on_show(form, version.locale)
    if former and is_same(former, version):
        raise Unchanged
    found = faults(form, version)
    if fault := renewals.fault(former, version, asks_again):
        found["change"] = fault
    if found:
        raise NotPublishable(fields=found)
    if former:
        ConsentFormVersion.objects.filter(pk=former.pk).update(superseded_at=now)
    version.change = Change.FIRST if not former else Change.MATERIAL if asks_again else Change.EDITORIAL
    version.affected = 0
    if asks_again:
        version.outgrown, version.outgrown_until = sorted(asks_again), until or now + timedelta(days=renewals.DAYS)
        version.affected = renewals.mark(version, asks_again, until=version.outgrown_until, now=now)
    version.published_at, version.sha256 = now, digest(version)
    version.save(update_fields=["controls", "change", *MARKED, "published_at", "sha256"])
    entries.record(
        kind="form.published",
        at=now,
        actor=actor,
        object=form.uuid,
        data={
            "version": version.number,
            "locale": version.locale,
            "sha256": version.sha256,
            "change": str(version.change),
            "affected": version.affected,
        },
    )
    return version


def on_show(form: ConsentForm, locale: str) -> ConsentFormVersion | None:
    return form.versions.filter(locale=locale, published_at__isnull=False, superseded_at=None).first()


def is_same(one: ConsentFormVersion, other: ConsentFormVersion) -> bool:
    """Whether two versions say the same to whoever reads them."""
    return all(getattr(one, name) == getattr(other, name) for name in CONTENT)


def completed(controls: object) -> object:
    """Controls with their optional hint spelt out, so that the hash covers one spelling only."""
    if not isinstance(controls, list):
        return controls
    return [{"hint": "", "channel": "", **control} if isinstance(control, Mapping) else control for control in controls]


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
    minimum_age: int | None
    keeps_network: bool
    purposes: dict[str, Purpose]
    # Of both rows, as in core/recall.py: the statement that records the answer proves that neither has changed.
    versions: str

    @cached_property
    def ordered(self) -> list[dict[str, str]]:
        """The controls in the order in which every writer of states locks them."""
        return sorted(self.controls, key=lambda control: (self.purposes[control["purpose"]].pk, control["channel"]))

    @cached_property
    def columns(self) -> dict[str, Any]:
        """What is the same in every answer, as the capture statement takes it."""
        purposes = [self.purposes[control["purpose"]] for control in self.ordered]
        of_version, of_form = self.versions.split("; ")
        return {
            "form_version": self.key,
            **proof("version", of_version),
            **proof("form", of_form),
            "purposes": array(purpose.pk for purpose in purposes),
            "purpose_uuids": array(purpose.uuid for purpose in purposes),
            "channels": texts(control["channel"] for control in self.ordered),
        }

    def valid_until(self, given_at: datetime) -> datetime:
        return lasts_until(self.valid_for, given_at)


def lasts_until(period: str, given_at: datetime) -> datetime:
    """The end of what is agreed to at this moment, by the period of its form."""
    return given_at + _length(period, given_at.date())


@lru_cache(maxsize=1024)
def _length(period: str, day: date) -> timedelta:
    """How long the period is from this day on: months and years differ."""
    start = datetime.combine(day, time.min)
    end: datetime = start + isodate.parse_duration(period)
    return end - start


_recall: Recall[Shown] = Recall()
# The version and its purposes at once, in the order of the fields of Shown. One row.
SHOWN = """
SELECT version.id, form.slug, version.number, version.locale, version.controls::text, version.notice_version,
       version.sha256, version.published_at, version.superseded_at, form.grace_days, form.valid_for,
       form.double_opt_in, version.minimum_age, version.network_reason <> '',
       (SELECT jsonb_agg(jsonb_build_array(purpose.slug, purpose.id, purpose.uuid))::text
          FROM processing_purpose purpose
         WHERE purpose.slug IN (SELECT control ->> 'purpose' FROM jsonb_array_elements(version.controls) control)),
       version.xmin || ' ' || version.ctid || '; ' || form.xmin || ' ' || form.ctid
FROM consents_consentformversion version JOIN consents_consentform form ON form.id = version.form_id
WHERE form.slug = %s AND version.number = %s AND version.locale = %s AND version.published_at IS NOT NULL
"""


def accepted(slug: str, number: int, locale: str, *, now: datetime, recalled: bool = False) -> Shown:
    """The version that an answer names, if it is on show or was until a short while ago. Raises Invalid.

    A cached page may still show the version before: it is accepted for the form's grace period, and what a material
    change outgrew is marked afterwards (consents/renewals.py). One query, or none for whoever takes what was
    `recalled` and proves it.
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
    given = dict(zip((field.name for field in fields(Shown)), row, strict=True))
    purposes = [Purpose(pk=pk, slug=name, uuid=UUID(uuid)) for name, pk, uuid in json.loads(given["purposes"])]
    given["purposes"] = {purpose.slug: purpose for purpose in purposes}
    given["controls"], given["grace"] = json.loads(given["controls"]), timedelta(days=given["grace"])
    shown = Shown(**given)
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
        "withdrawal": {"text": version.withdrawal, "url": f"{settings.BASE_URL}/preferences/"},
        "minimum_age": version.minimum_age,
        "network_reason": version.network_reason,
        "double_opt_in": version.form.double_opt_in,
    }
