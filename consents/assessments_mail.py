"""Telling staff by mail that an assessment waits for them: to be approved, or to be looked at again.

Each is said once. That somebody was reminded of a review is in the ledger, and that is how it is known.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from consents.models import Assessment, AssessmentReview, AssessmentVersion
from core.models import Controller, User
from core.outbox import post_mail
from ledger import entries
from ledger.models import Entry
from processing.models import Basis, Purpose, Status

APPROVE = "consents.approve_assessmentversion"
REMINDED = "assessment.review-reminded"
# A month and a week before the day, and when it has passed.
STAGES = (timedelta(days=-30), timedelta(days=-7), timedelta(days=1))


def waiting(version: AssessmentVersion, *, now: datetime) -> None:
    """It was submitted: everybody who may approve it, and wrote none of it, is told. Nobody else could do anything."""
    wrote = {version.author, *version.writers}
    others = [one for one in User.objects.filter(is_active=True) if one.has_perm(APPROVE) and one.actor not in wrote]
    if others:
        _post("waiting", version.assessment.purpose, "admin:assessment-approve", others, now=now, version=version)


def opened(review: AssessmentReview, *, now: datetime) -> None:
    """Something happened: whoever wrote and approved what counts now is told."""
    purpose = review.assessment.purpose
    _post("review", purpose, "admin:assessment", _owners(_newest(review.assessment)), now=now, review=review)


def remind(*, now: datetime) -> int:
    """Tell of every review that is near or over, once at each stage; returns of how many. Twice is once."""
    today = now.astimezone(Controller.current().zone).date()
    live = Assessment.objects.filter(
        purpose__versions__status=Status.LIVE,
        purpose__versions__basis__in=[Basis.LEGITIMATE_INTEREST, Basis.RECOGNISED],
    )
    return sum(_remind(one, today, now=now) for one in live.select_related("purpose").order_by("pk"))


@transaction.atomic
def _remind(assessment: Assessment, today: date, *, now: datetime) -> bool:
    Assessment.objects.select_for_update().get(pk=assessment.pk)
    version = _newest(assessment)
    reached = [version.review_due + stage for stage in STAGES] if version and version.review_due else []
    stage = max((day for day in reached if day <= today), default=None)
    if version is None or stage is None or _was_reminded(assessment, stage):
        return False
    data = {"version": version.number, "review_due": str(version.review_due)}
    purpose = assessment.purpose
    entries.record(
        kind=REMINDED, at=now, actor="system:reviews", object=assessment.uuid, purpose=purpose.slug, data=data
    )
    is_over = version.review_due is not None and version.review_due < today
    _post("due", purpose, "admin:assessment", _owners(version), now=now, version=version, is_over=is_over)
    return True


def _was_reminded(assessment: Assessment, since: date) -> bool:
    zone = Controller.current().zone
    told = Entry.objects.filter(object=assessment.uuid, kind=REMINDED).order_by("-id").values_list("at", flat=True)
    return any(at.astimezone(zone).date() >= since for at in told[:1])


def _newest(assessment: Assessment) -> AssessmentVersion | None:
    return assessment.versions.filter(approved_at__isnull=False).order_by("-approved_at", "-number").first()


def _owners(version: AssessmentVersion | None) -> list[User]:
    actors = [version.author, version.approver] if version else []
    found: list[User] = []
    for kind, _colon, name in (actor.partition(":") for actor in actors):
        try:
            found += User.objects.filter(uuid=UUID(name), is_active=True) if kind == "user" else []
        except ValueError:
            continue
    return found


def _post(name: str, purpose: Purpose, page: str, people: Iterable[User], *, now: datetime, **told: object) -> None:
    """To each; to the privacy mailbox where there is nobody."""
    # What staff know it by, and what is done, is what is live: not a draft that may never be.
    live = purpose.versions.filter(status=Status.LIVE)
    register = live.first() or purpose.versions.order_by("-number").first()
    link = f"{settings.BASE_URL}{reverse(page, args=[purpose.slug])}"
    context = {"title": register.title if register else purpose.slug, "link": link, "register": register, **told}
    text = render_to_string(f"consents/mail/assessment_{name}.txt", context)
    subject, _blank, body = text.strip().partition("\n")
    addresses = sorted({one.email for one in people if one.email}) or [Controller.current().dpo_contact]
    for address in addresses:
        post_mail(to=address, subject=subject.strip(), text=body.strip() + "\n", about=None, now=now)
