"""A request for access that is about exam marks: it may wait for the results (DPA 2018 Sch 2 paragraph 25(2) and (3)).

Staff note the day of the results, announced or expected, and how they know it. Noted anew when it changes, and taken
back when it was a mistake. Which of it is left out of the copy is another matter (requests/exemptions.py).
"""

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from requests.asking import begin, choose, count, in_force, lock, note, text
from requests.facts import Facts, read_date
from requests.models import Asking, Right, RightsRequest
from requests.models_identity import Ended, Kind

REASONS = {
    "announced": _("It is about exam marks. The results were announced on this day."),
    "expected": _("It is about exam marks. The results are expected on this day."),
}


class NoExamTime(DomainError):
    code = "no-exam-time"
    message = _("Only a request for access under UK law has the time of exam marks.")


def may_be(rights_request: RightsRequest) -> bool:
    return rights_request.right == Right.ACCESS and Facts.from_json(rights_request.facts).regime == "UK"


@transaction.atomic
def record(rights_request: RightsRequest, *, reason: str, day: date, why: str, actor: str, now: datetime) -> Asking:
    """Note that it is about exam marks, and the day of the results; what was noted before does not count any more."""
    lock(rights_request)
    if not may_be(rights_request):
        raise NoExamTime
    choose("reason", reason, REASONS)
    read_date("day", day.isoformat())
    why = text("why", why, _("Say which exam it is and how you know the day, in up to 4,000 characters."))
    if before := in_force(rights_request, Kind.EXAM):
        before.end(Ended.TAKEN_BACK, now=now)
    made = begin(rights_request, Kind.EXAM, reason, {"why": why}, actor=actor, now=now)
    made.give(day)
    note("exam.recorded", made, actor=actor, now=now, day=day.isoformat())
    count(made, because="exam.recorded", actor=actor, now=now)
    return made
