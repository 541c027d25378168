"""Builders for the office: a register, a person known to it, and cases that were confirmed."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from django.contrib.auth.models import Group

from consents import projection
from consents.models import ConsentEvent
from core.models import Controller, User
from ledger.entries import record
from processing.models import DataCategory, Purpose, Recipient
from requests import asking_where, intake, searching, systems
from subjects import people
from subjects.identifiers import Claim
from subjects.models import Disclosure
from tests import make_register, make_requests, make_subjects

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
OFFICER = "user:00000000-0000-4000-8000-000000000001"
EMAIL = "grace@example.com"
SEARCH = searching.Log(terms="Grace Hopper, grace@example.com", places="Contacts and tickets")


def controller():
    told = {
        "name": "Kraken IM",
        "address": "Boho 5\nMiddlesbrough\nTS2 1NY",
        "dpo_contact": "privacy@kraken.im",
        "regulator_address": "Wycliffe House\nWilmslow\nSK9 5AF",
        "backup_days": 35,
    }
    if not Controller.objects.filter(pk=1).update(**told):
        return Controller.objects.create(pk=1, **told)
    return Controller.objects.get(pk=1)


def register(*, manual=False):
    """Consent, marketing interest, contract, law: one purpose of each kind."""
    controller()
    systems_ = ("kraken-privacy", "crm") if manual else ("kraken-privacy",)
    if manual:
        make_register.system("crm", "manual")
    every = ("email", "name", "invoice")
    common = {"categories": every, "systems": systems_}
    marketing = {"direct_marketing": True, "channels": ["email"]}
    kinds = {
        "newsletter": {"basis": "a", **marketing},
        "direct-sales": {"basis": "f", **marketing},
        "contract-administration": {"basis": "b"},
        "statutory-accounts": {"basis": "c"},
        "rights-requests": {"basis": "c"},
    }
    made = make_register.live({slug: {**common, **kind} for slug, kind in kinds.items()})
    return {purpose.slug: purpose for purpose in made}


def person(*slugs, email=EMAIL, token="Grace", now=NOW):
    """A person with one item for these purposes each, whose content carries the token."""
    subject = people.find_or_create([Claim("email", email)], now=now, actor="test:office")
    for slug in slugs:
        category = "invoice" if slug == "statutory-accounts" else "name"
        make_subjects.item(
            subject, slug, content=f"{token} for {slug}", category=category, now=now - timedelta(days=40)
        )
    return subject


def consent(subject, slug="newsletter", status="given", now=NOW):
    entry = record(kind=f"consent.{status}", at=now, actor="test:office", subject=subject.uuid)
    projection.append(
        [
            ConsentEvent(
                consent=uuid4(),
                subject=subject.uuid,
                purpose=Purpose.objects.get(slug=slug).uuid,
                channel="email",
                status=status,
                effective_at=now - timedelta(days=9),
                recorded_at=now,
                origin="direct",
                collected_by="api",
                actor="test:office",
                entry=entry,
            )
        ]
    )


def confirmed(*rights, email=EMAIL, now=NOW, mailbox, details="Please send me everything.", **given):
    """A case whose mailbox was shown."""
    case = make_requests.case(*rights, email=email, now=now, details=details, **given)
    return intake.confirm(make_requests.token_in(mailbox, now=now), now=now) and case.__class__.objects.get(pk=case.pk)


def looked(rights_request, *, now=NOW):
    """The request says itself where else to look, so that "nothing found" may be said."""
    asking_where.complete(rights_request, actor=OFFICER, now=now)
    return rights_request


def answered(rights_request, *, outcome="nothing_found", now=NOW, **given):
    """Every manual system answers, and says how it was searched."""
    given.setdefault("searched", SEARCH)
    for task in rights_request.tasks.exclude(system__connector="builtin"):
        systems.answer(task, outcome=outcome, actor=OFFICER, now=now, **given)


def disclosed(subject, slug=None, *, to="printer", notify="", category="name"):
    """Somebody received data of this person, for one purpose or for none in particular."""
    recipient, _new = Recipient.objects.get_or_create(
        slug=to, defaults={"name": f"{to.capitalize()} Ltd", "role": "processor", "notify": notify}
    )
    made = Disclosure.objects.create(
        subject=subject,
        recipient=recipient,
        purpose=Purpose.objects.get(slug=slug) if slug else None,
        ground="instruction",
        disclosed_at=NOW,
    )
    made.categories.add(DataCategory.objects.get(slug=category))
    return recipient


def staff(name="officer", *, group="dpo", password="a long enough password"):
    user = User.objects.create_user(name, password=password, is_staff=True)
    if group:
        user.groups.add(Group.objects.get(name=group))
    return user
