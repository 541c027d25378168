"""Where the assessment of each purpose stands, and what is due. The register is small: it is read whole."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from consents import assessments
from consents.assessments_facts import ASSESSED
from consents.models import AssessmentReview, AssessmentVersion
from core.errors import Text
from processing.models import Purpose, PurposeVersion, Status

AHEAD = timedelta(days=60)


class Standing(StrEnum):
    """In the order of what wants doing first."""

    OVERDUE = "overdue"
    MISSING = "missing"
    AGAIN = "again"
    REFUSED = "refused"
    SOON = "soon"
    FINE = "fine"


SENTENCES: dict[Standing, Text] = {
    Standing.OVERDUE: _("The review is overdue: relying on it has ended"),
    Standing.MISSING: _("Not assessed yet: it cannot go live"),
    Standing.AGAIN: _("To be weighed again"),
    Standing.REFUSED: _("It may not be relied on"),
    Standing.SOON: _("The review is due soon"),
    Standing.FINE: _("In date"),
}
LIVE_AND_MISSING: Text = _("Live without an assessment: permission checks say no")


@dataclass(frozen=True)
class Line:
    """One purpose: what the register says, what governs it, what is in the making."""

    register: PurposeVersion
    governing: AssessmentVersion | None
    making: AssessmentVersion | None
    reviews: tuple[AssessmentReview, ...]
    standing: Standing

    @property
    def purpose(self) -> Purpose:
        return self.register.purpose

    @property
    def sentence(self) -> Text:
        if self.standing is Standing.MISSING and self.register.status == Status.LIVE:
            return LIVE_AND_MISSING
        return SENTENCES[self.standing]

    @property
    def is_late(self) -> bool:
        return self.standing in (Standing.OVERDUE, Standing.MISSING, Standing.AGAIN, Standing.REFUSED)


def lines(on: date) -> list[Line]:
    """Every purpose that needs an assessment, what is due first on top."""
    order = list(Standing)
    made = _lines(PurposeVersion.objects.exclude(status=Status.RETIRED), on)
    return sorted(made, key=lambda one: (order.index(one.standing), one.register.title))


def line(purpose: Purpose, on: date) -> Line | None:
    """One purpose; None when it needs no assessment."""
    return next(iter(_lines(purpose.versions.exclude(status=Status.RETIRED), on)), None)


def _lines(versions: QuerySet[PurposeVersion], on: date) -> list[Line]:
    newest = {version.purpose_id: version for version in versions.select_related("purpose").order_by("number")}
    registers = [version for version in newest.values() if version.basis in ASSESSED]
    purposes = [register.purpose for register in registers]
    rounds: dict[int, list[AssessmentVersion]] = defaultdict(list)
    for one in AssessmentVersion.objects.filter(assessment__purpose__in=purposes).select_related("assessment__purpose"):
        rounds[one.assessment.purpose_id].append(one)
    reviews: dict[int, list[AssessmentReview]] = defaultdict(list)
    for review in assessments.open_reviews().filter(assessment__purpose__in=purposes):
        reviews[review.assessment.purpose_id].append(review)
    return [_line(one, rounds[one.purpose_id], tuple(reviews[one.purpose_id]), on) for one in registers]


def _line(
    register: PurposeVersion, rounds: list[AssessmentVersion], reviews: tuple[AssessmentReview, ...], on: date
) -> Line:
    governing = assessments.newest_of(rounds, register.basis)
    making = next((one for one in rounds if not one.approved_at), None)
    return Line(register, governing, making, reviews, _standing(governing, reviews, on))


def _standing(governing: AssessmentVersion | None, reviews: tuple[AssessmentReview, ...], on: date) -> Standing:
    if governing is None:
        return Standing.MISSING
    if not governing.relies:
        return Standing.REFUSED
    if not assessments.is_in_date(governing, on):
        return Standing.OVERDUE
    if reviews:
        return Standing.AGAIN
    return Standing.FINE if assessments.is_in_date(governing, on + AHEAD) else Standing.SOON
