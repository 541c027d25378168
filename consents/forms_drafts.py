"""Drafts of consent forms: one for each form and language, written over until it is published or thrown away.

Saving what is on show already makes nothing: a version exists only where something differs.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from consents import forms
from consents.forms_checklist import is_period
from consents.models import ConsentForm, ConsentFormVersion
from core.errors import Invalid, NotFound, Text
from ledger import entries

SETTINGS = ("double_opt_in", "grace_days", "valid_for")
LONGEST_GRACE = 365


class NoDraft(NotFound):
    code = "no-draft"
    message = _("There is no draft of this form in this language.")


@transaction.atomic
def create(slug: str, *, settings: Mapping[str, Any], actor: str, now: datetime) -> ConsentForm:
    """A new form that asks nothing yet. Raises Invalid when the name is taken."""
    _check(settings)
    form, is_new = ConsentForm.objects.get_or_create(slug=slug, defaults={name: settings[name] for name in SETTINGS})
    if not is_new:
        raise Invalid(fields={"slug": _("Another form has this name.")})
    entries.record(kind="form.created", at=now, actor=actor, object=form.uuid, data=dict(settings))
    return form


@transaction.atomic
def change_settings(form: ConsentForm, *, settings: Mapping[str, Any], actor: str, now: datetime) -> bool:
    """How answers are taken from now on; returns whether anything differed. What was answered keeps its own terms."""
    _check(settings)
    form = ConsentForm.objects.select_for_update().get(pk=form.pk)
    changed = {name: settings[name] for name in SETTINGS if getattr(form, name) != settings[name]}
    if changed:
        for name, value in changed.items():
            setattr(form, name, value)
        form.save(update_fields=list(changed))
        entries.record(kind="form.changed", at=now, actor=actor, object=form.uuid, data=changed)
    return bool(changed)


def draft_of(form: ConsentForm, locale: str) -> ConsentFormVersion | None:
    return form.versions.filter(locale=locale, published_at=None).first()


def get(form: ConsentForm, locale: str) -> ConsentFormVersion:
    """The draft. Raises NoDraft."""
    found = draft_of(form, locale)
    if found is None:
        raise NoDraft
    return found


def edited(form: ConsentForm, locale: str, content: Mapping[str, Any]) -> ConsentFormVersion:
    """The draft with this content, not saved: what a preview shows."""
    draft = draft_of(form, locale) or ConsentFormVersion(form=form, locale=locale, number=_next(form, locale))
    for name in (*forms.CONTENT, "declared"):
        setattr(draft, name, content[name])
    draft.controls = forms.completed(draft.controls)
    return draft


@transaction.atomic
def save(form: ConsentForm, locale: str, content: Mapping[str, Any]) -> ConsentFormVersion | None:
    """Keep a draft; None, and no draft left, when it says what is on show already."""
    ConsentForm.objects.select_for_update().get(pk=form.pk)
    draft = edited(form, locale, content)
    current = forms.on_show(form, locale)
    if current and forms.is_same(current, draft):
        discard(form, locale)
        return None
    draft.save()
    return draft


def discard(form: ConsentForm, locale: str) -> None:
    """Throw the draft away. What was published is not touched."""
    form.versions.filter(locale=locale, published_at=None).delete()


def start(form: ConsentForm, locale: str) -> ConsentFormVersion | None:
    """What an editor begins with: the draft, else what is on show there, else the words in another language."""
    return draft_of(form, locale) or forms.on_show(form, locale) or form.versions.order_by("-pk").first()


def _next(form: ConsentForm, locale: str) -> int:
    newest = form.versions.filter(locale=locale).order_by("-number").values_list("number", flat=True).first()
    return (newest or 0) + 1


def _check(settings: Mapping[str, Any]) -> None:
    errors: dict[str, Text] = {}
    if not is_period(settings["valid_for"]):
        errors["valid_for"] = _("Say how long consent lasts as an ISO 8601 period, such as P24M.")
    if not 0 <= settings["grace_days"] <= LONGEST_GRACE:
        errors["grace_days"] = _("Give between 0 and 365 days.")
    if errors:
        raise Invalid(fields=errors)
