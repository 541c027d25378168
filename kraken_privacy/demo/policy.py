"""The demo's register, forms, assessments, notice and retention rules: all that holds before the first person."""

from datetime import date, datetime
from typing import Any

from dateutil.relativedelta import relativedelta
from django.utils.formats import date_format

from consents import assessments, assessments_drafts, forms
from consents.assessments_questions import BEGUN, FORMS
from consents.forms_checklist import Declaration
from consents.models import ConsentForm, ConsentFormVersion
from core.errors import DomainError
from core.models import Controller
from kraken_privacy.demo.files import ACTOR, DIRECTOR, NOTICE, REGISTER, read
from notices import published, writing
from processing import register
from processing.models import DataCategory, Purpose
from retention import rules
from retention.models import RetentionRule

# How long ago the demo's company began: consents of its people have had time to run out.
MONTHS = 36
# When assessments were approved, in months before the demo: reviewed each year, the last one still in date.
APPROVALS = (36, 25, 14, 3)
WITHDRAWAL = (
    "You can withdraw your consent at any time, as easily as you give it: through the link in each message, or on our "
    "privacy pages. What was done until then stays lawful."
)
# The day from which notices must name the right to complain to the controller (DPA 2018 s.164A).
NOTICE_FROM = date(2026, 6, 19)


def load(*, now: datetime) -> None:
    """In the order in which each needs the one before: a purpose goes live once its form or assessment exists."""
    began = now - relativedelta(months=MONTHS)
    register.load(REGISTER)
    for row in read("forms"):
        _form(row, now=began)
    written = read("assessments")
    common = written.pop("common")
    for slug, answers in written.items():
        _assessment(slug, {**common, **answers}, now=now)
    if refused := register.publish_drafts(now=began, actor=ACTOR):
        raise DomainError(" ".join(f"{slug}: {reason}" for slug, reason in refused.items()), code="demo-incomplete")
    text = writing.write(version=NOTICE, effective_from=date_format(NOTICE_FROM, "j F Y"))
    published.publish(version=NOTICE, html=text, effective_from=NOTICE_FROM, now=now, actor=ACTOR)
    for row in read("retention"):
        _rule(row, now=now)


def _form(row: dict, *, now: datetime) -> None:
    form = ConsentForm.objects.create(slug=row["slug"], valid_for=row["valid_for"])
    version = ConsentFormVersion.objects.create(
        form=form,
        number=1,
        title=row["title"],
        intro=row["intro"],
        controls=row["controls"],
        controllers=[Controller.current().name, *row.get("controllers", [])],
        notice_version=NOTICE,
        withdrawal=WITHDRAWAL,
        declared=Declaration.values,
    )
    forms.publish(version, now=now, actor=ACTOR)


def _assessment(slug: str, answers: dict[str, Any], *, now: datetime) -> None:
    purpose = Purpose.objects.get(slug=slug)
    for months in APPROVALS:
        at = now - relativedelta(months=months)
        # The first is written before anything begins, the others while it goes on.
        said = answers if months == APPROVALS[0] else {**answers, BEGUN.key: "yes"}
        version = assessments_drafts.begin(purpose, now=at, actor=ACTOR)
        for part in FORMS[version.basis]:
            given = {question.key: said.get(question.key) for question in part.questions}
            assessments_drafts.save(purpose, part.slug, given, now=at, actor=ACTOR)
        assessments.approve(assessments_drafts.submit(purpose, now=at, actor=ACTOR), approver=DIRECTOR, now=at)


def _rule(row: dict, *, now: datetime) -> None:
    category = DataCategory.objects.get(slug=row["category"]) if "category" in row else None
    rule = RetentionRule.objects.create(
        slug=row["slug"],
        purpose=Purpose.objects.get(slug=row["purpose"]),
        category=category,
        trigger=row["trigger"],
        period=row["period"],
        legal_reason=row["legal_reason"],
    )
    rules.activate(rule, approved_by=DIRECTOR, now=now)
