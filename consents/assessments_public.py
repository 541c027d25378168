"""What the public reads about a purpose on a legitimate interest: words written for it, and nothing of the rest."""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext_lazy as _

from consents import assessments
from consents import assessments_questions as form
from consents.models import AssessmentVersion
from core.errors import NotFound, Text
from processing.models import Basis, PurposeVersion, Status


class NoSummary(NotFound):
    code = "no-assessment-summary"
    message = _("We do nothing under this name that rests on a legitimate interest.")


@dataclass(frozen=True)
class Summary:
    """One purpose for the public. Without an assessment in date only what the register says is left."""

    register: PurposeVersion
    version: AssessmentVersion | None

    @property
    def is_recognised(self) -> bool:
        return self.register.basis == Basis.RECOGNISED

    @property
    def condition(self) -> Text:
        return form.CONDITIONS.get(self._answer(form.CONDITION.key), "") if self.is_recognised else ""

    @property
    def paragraphs(self) -> list[tuple[Text, str]]:
        headings = (_("What we want to achieve"), _("Why we need data for it"), _("Why we think it is fair"))
        keys = (form.WHAT.key, form.WHY.key, form.FAIR.key)
        return [(heading, said) for heading, key in zip(headings, keys, strict=True) if (said := self._answer(key))]

    @property
    def safeguards(self) -> list[Text]:
        chosen = self.version.answers.get(form.MEASURES.key, []) if self.version else []
        return [words for key, words in form.SAFEGUARDS.items() if key in chosen]

    @property
    def had_dpia(self) -> bool:
        return bool(self.version and self.version.screening == AssessmentVersion.Screening.NEEDED)

    def _answer(self, key: str) -> str:
        return str(self.version.answers.get(key, "")) if self.version else ""


def summaries(on: date) -> list[Summary]:
    """Every purpose that is live on a legitimate interest, by its title."""
    live = PurposeVersion.objects.filter(status=Status.LIVE, basis__in=form.FORMS).select_related("purpose")
    return [_summary(register, on) for register in live.order_by("title")]


def summary(slug: str, on: date) -> Summary:
    """Raises NoSummary, also for a purpose that rests on something else."""
    live = PurposeVersion.objects.filter(status=Status.LIVE, basis__in=form.FORMS, purpose__slug=slug)
    register = live.select_related("purpose").first()
    if register is None:
        raise NoSummary
    return _summary(register, on)


def _summary(register: PurposeVersion, on: date) -> Summary:
    return Summary(register, assessments.in_date(register.purpose, on, register.basis))
