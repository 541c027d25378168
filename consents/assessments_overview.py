"""Where the assessment of each purpose stands, and what is due. The register is small: it is read whole."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from consents import assessments
from consents.assessments_facts import ASSESSED
from consents.models import AssessmentReview, AssessmentVersion
from consents.permission import assessment_grace
from core.errors import Text
from processing.models import Basis, Purpose, PurposeVersion, Status

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
    Standing.OVERDUE: _("The review is overdue: nothing goes live before a new version is approved"),
    Standing.MISSING: _("Not assessed yet: it cannot go live"),
    Standing.AGAIN: _("To be weighed again"),
    Standing.REFUSED: _("It may not be relied on"),
    Standing.SOON: _("The review is due soon"),
    Standing.FINE: _("In date"),
}
# What is live and overdue, as permission checks answer it (consents/verdicts.py).
IN_GRACE: Text = _("The review is overdue: marketing goes on until %(day)s, then it stops by itself")
STOPPED: Text = _("The review is overdue: marketing is stopped since %(day)s, permission checks say no")
GOES_ON: Text = _("The review is overdue: it goes on, and every permission check says that it is overdue")
RECOGNISED_GOES_ON: Text = _("The review is overdue: it goes on, because the law itself recognises the interest")
LIVE_AND_MISSING: Text = _("Live without an assessment: permission checks say no")


@dataclass(frozen=True)
class Line:
    """One purpose: what the register says newest, and what is live of it; what governs it, what is in the making."""

    register: PurposeVersion
    live: PurposeVersion | None
    governing: AssessmentVersion | None
    making: AssessmentVersion | None
    reviews: tuple[AssessmentReview, ...]
    standing: Standing
    on: date

    @property
    def purpose(self) -> Purpose:
        return self.register.purpose

    @property
    def sentence(self) -> Text:
        if self.standing is Standing.MISSING and self.register.status == Status.LIVE:
            return LIVE_AND_MISSING
        if self.standing is Standing.OVERDUE and self.live:
            return self._overdue(self.live)
        return SENTENCES[self.standing]

    def _overdue(self, live: PurposeVersion) -> Text:
        due = self.governing.review_due if self.governing else None
        if live.basis == Basis.RECOGNISED:
            return RECOGNISED_GOES_ON
        if due is None or not live.direct_marketing:
            return GOES_ON
        last = due + assessment_grace()
        day = last if self.on <= last else last + timedelta(days=1)
        sentence = IN_GRACE if self.on <= last else STOPPED
        return str(sentence) % {"day": date_format(day, "j F Y")}

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
    known = list(versions.select_related("purpose").order_by("number"))
    newest = {version.purpose_id: version for version in known}
    live = {version.purpose_id: version for version in known if version.status == Status.LIVE}
    registers = [version for version in newest.values() if version.basis in ASSESSED]
    purposes = [register.purpose for register in registers]
    rounds: dict[int, list[AssessmentVersion]] = defaultdict(list)
    for one in AssessmentVersion.objects.filter(assessment__purpose__in=purposes).select_related("assessment__purpose"):
        rounds[one.assessment.purpose_id].append(one)
    reviews: dict[int, list[AssessmentReview]] = defaultdict(list)
    for review in assessments.open_reviews().filter(assessment__purpose__in=purposes):
        reviews[review.assessment.purpose_id].append(review)
    made = []
    for register in registers:
        of_it, open_ones = rounds[register.purpose_id], tuple(reviews[register.purpose_id])
        governing = assessments.newest_of(of_it, register.basis)
        making = next((one for one in of_it if not one.approved_at), None)
        standing = _standing(governing, open_ones, on)
        made.append(Line(register, live.get(register.purpose_id), governing, making, open_ones, standing, on))
    return made


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
