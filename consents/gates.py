"""What a purpose needs from this app before it may go live: a form to consent by, or an assessment to rely on."""

from django.utils import timezone
from django.utils.translation import gettext as _

from consents import assessments, forms
from core.models import Controller
from processing import gates
from processing.models import Basis, Purpose


def register() -> None:
    gates.register(Basis.CONSENT, form_missing)
    gates.register(Basis.LEGITIMATE_INTEREST, assessment_missing)


def form_missing(purpose: Purpose) -> str | None:
    if forms.asks_for(purpose):
        return None
    return _("No published form asks for consent to this purpose.")


def assessment_missing(purpose: Purpose) -> str | None:
    today = timezone.now().astimezone(Controller.current().zone).date()
    if assessments.in_date(purpose, today):
        return None
    return _("No approved legitimate-interest assessment of this purpose is in date.")
