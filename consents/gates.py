"""What a purpose needs from this app before it may go live: a form to consent by, or an assessment to rely on."""

from datetime import date, datetime
from uuid import uuid5

from django.utils import timezone
from django.utils.translation import gettext as _

from consents import assessments, forms
from consents.assessments import Cause
from consents.assessments_facts import facts, is_same
from core.models import Controller
from processing import gates
from processing.models import Basis, Purpose, PurposeVersion


def register() -> None:
    gates.register(Basis.CONSENT, form_missing)
    gates.register(Basis.LEGITIMATE_INTEREST, assessment_missing)
    gates.register(Basis.RECOGNISED, recognition_missing)
    gates.follow(weigh_again)


def form_missing(purpose: Purpose) -> str | None:
    if forms.asks_for(purpose):
        return None
    return _("No published form asks for consent to this purpose.")


def assessment_missing(purpose: Purpose) -> str | None:
    if assessments.in_date(purpose, _today()):
        return None
    return _("No approved legitimate-interest assessment of this purpose is in date.")


def recognition_missing(purpose: Purpose) -> str | None:
    """An interest that the law recognises is not weighed, but that it is necessary must be on record (Art 6(1)(ea))."""
    if assessments.in_date(purpose, _today(), Basis.RECOGNISED):
        return None
    return _("No approved short form says which recognised interest this purpose is necessary for.")


def weigh_again(version: PurposeVersion, now: datetime, actor: str) -> None:
    """What went live differs from what was assessed: other data, people, sources or recipients change the balance."""
    governing = assessments.governing(version.purpose, version.basis)
    if governing is None or (governing.facts and is_same(governing.facts, facts(version))):
        return
    if governing.facts or version.number > 1:
        cause = uuid5(version.purpose.uuid, f"version {version.number}")
        assessments.require_review(version.purpose, caused_by=cause, cause=Cause.PURPOSE, now=now, actor=actor)


def _today() -> date:
    return timezone.now().astimezone(Controller.current().zone).date()
