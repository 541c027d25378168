"""Builders of choices: published forms, captured answers, approved assessments. All through the real doors."""

from datetime import UTC, date, datetime, timedelta

from consents import answers, assessments, assessments_drafts, capture, forms, permission
from consents.assessments_questions import all_questions
from consents.forms_checklist import Declaration
from consents.models import Assessment, AssessmentVersion, ConsentForm, ConsentFormVersion
from core import apikeys
from processing.models import Purpose
from tests import make_register

PUBLISHED = datetime(2026, 1, 5, 9, tzinfo=UTC)
NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
ACTOR = "test:consents"
SCOPES = ["forms:read", "consents:write", "consents:withdraw", "permissions:read"]


def days(number):
    return NOW + timedelta(days=number)


def live(slug="newsletter", basis="a", **fields):
    known = Purpose.objects.live().filter(slug=slug).first()
    marketing = {
        "direct_marketing": slug in ("newsletter", "partner-promotions", "direct-sales"),
        "channels": ["email"],
    }
    return known or make_register.purpose(slug, basis, **{**marketing, **fields})


def control(key="newsletter-email", purpose="newsletter", channel="email", **more):
    label = "E-mail me." if key == "newsletter-email" else f"Yes to {key}."
    return {"key": key, "purpose": purpose, "channel": channel, "label": label, "hint": "", **more}


def draft(slug="join", controls=None, *, locale="en-GB", **fields):
    form = ConsentForm.objects.get_or_create(slug=slug)[0]
    number = form.versions.filter(locale=locale).count() + 1
    fields = {
        "title": "Stay in touch",
        # A version that says what the one before it says is not published.
        "intro": "Choose." if number == 1 else f"Choose again ({number}).",
        "controllers": ["Example Ltd"],
        "notice_version": "1",
        "withdrawal": "You can withdraw at any time.",
        "declared": Declaration.values,
        **fields,
    }
    return ConsentFormVersion.objects.create(
        form=form, number=number, locale=locale, controls=controls or [control()], **fields
    )


def published(slug="join", controls=None, *, now=PUBLISHED, **fields):
    """A published form; its purposes are made live where they are not."""
    for one in controls or [control()]:
        live(one["purpose"])
    return forms.publish(draft(slug, controls, **fields), now=now, actor=ACTOR)


def body(email="ada@example.com", *, form="join", version=1, **fields):
    return {
        "form": form,
        "version": version,
        "locale": "en-GB",
        "identity": {"email": email},
        "choices": {"newsletter-email": True},
        "source": {"channel": "website", "url": "https://example.com/join"},
        **fields,
    }


def captured(email="ada@example.com", *, now=NOW, **fields):
    return capture.capture(answers.read(body(email, **fields), now=now), now=now, actor=ACTOR)


def reason(email="ada@example.com", purpose="newsletter", channel="email", *, now=NOW):
    """The reason of the verdict about this address, with a plus for yes."""
    verdict = permission.check(purpose, channel, "email", [email], now=now)[0]
    return ("+" if verdict.allowed else "") + verdict.reason


def assessed(basis="f", **answers):
    """Every question answered: nothing that needs a DPIA, and words for the rest."""
    known = [one for one in all_questions(basis) if one.key not in ("decision", "justification", "d19", "d20")]
    return {one.key: next(iter(one.choices)) if one.choices else "Yes." for one in known} | {
        **({"safeguards": ["opt-out"]} if basis == "f" else {"r1": "crime"}),
        **answers,
    }


def assessment(purpose, *, approved=NOW, due=None, decision="rely", basis="f", **fields):
    fields = {"answers": assessed(basis), "justification": "Fair.", "author": "user:a", **fields}
    owner = Assessment.objects.get_or_create(purpose=purpose)[0]
    version = AssessmentVersion.objects.create(
        assessment=owner, number=owner.versions.count() + 1, decision=decision, basis=basis, **fields
    )
    if not approved:
        return version
    assessments_drafts.submit(purpose, now=approved, actor=version.author)
    due = due or max(date(2026, 12, 31), approved.date())
    return assessments.approve(version, approver="user:b", review_due=due, now=approved)


def key(*scopes, **fields):
    """The header of a caller with these scopes (all of this app's if none)."""
    _row, text = apikeys.create("test", scopes or SCOPES, **fields)
    return {"headers": {"Authorization": f"Api-Key {text}"}}
