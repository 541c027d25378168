"""An exemption of DPA 2018 Sch 2 works item by item against every right that it reaches, and the letter keeps to it."""

import io
import json
import zipfile
from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from consents.permission import may_process
from consents.withdraw import object_to
from core import outbox
from core.errors import DomainError
from core.models import Outbox
from ledger.models import Entry
from processing.models import Purpose
from requests import (
    decisions,
    exempting,
    exemptions,
    leaving_out,
    letters,
    objecting,
    package,
    porting,
    proposing,
    restricted_use,
    status,
    ways,
)
from requests.models import Exemption, Package, Right
from retention.lines_again import do_again
from subjects import items, relationships
from subjects.models import PersonalDataItem, RestrictedUse, Restriction
from tests import make_consents, make_register, make_subjects
from tests import make_office as make

pytestmark = pytest.mark.django_db
BY = {"actor": make.OFFICER, "now": make.NOW}
CRIME = {"code": "crime-and-tax", "why": "HARM: the police asked us on Friday to keep it."}
OTHER = "user:00000000-0000-4000-8000-000000000002"
LISTED = {Right.ACCESS, Right.RECTIFICATION, Right.ERASURE, Right.RESTRICTION, Right.PORTABILITY, Right.OBJECTION}


@pytest.fixture
def subject():
    register = make.register()
    register["fraud-screening"] = make_register.purpose("fraud-screening", "f", categories=("name",))
    make_consents.assessment(register["fraud-screening"], approved=make.NOW - timedelta(days=30))
    subject = make.person("newsletter", "fraud-screening")
    make.consent(subject)
    relationships.establish(
        subject, register["fraud-screening"], role="prospect", ground="met", now=make.NOW, actor="x"
    )
    for slug in ("newsletter", "fraud-screening"):
        make_subjects.item(subject, slug, content=f"SECRET-{slug}", category="name", now=make.NOW - timedelta(days=9))
    return subject


@pytest.fixture
def officer(client):
    client.force_login(make.staff())
    return client


def ask(right, mailbox):
    return make.confirmed(right, mailbox=mailbox).requests.get()


def secret(subject, slug):
    return PersonalDataItem.objects.filter(subject=subject, needs__purpose__slug=slug).order_by("-pk")[0]


def other(subject, slug):
    return PersonalDataItem.objects.filter(subject=subject, needs__purpose__slug=slug).order_by("pk")[0]


def leave(officer, found, item, **given):
    there = reverse("admin:rights-leave-out", args=[found.uuid, item.uuid])
    return officer.post(there, {**CRIME, "page": "1", **given}).content.decode()


def grant(found, code):
    for line in decisions.lines(found, now=make.NOW):
        decisions.decide(found, line.purpose, "grant", code, "", **BY)


def answer(officer, found):
    """Through the button; returns the letter's parts."""
    ways.release(found, **BY)
    found.refresh_from_db()
    return letters.parts_of(letters.read(letters.latest(found))["html"])


def usable(slug, **by):
    return set(PersonalDataItem.objects.usable_for(Purpose.objects.get(slug=slug), **by))


def test_an_exempt_record_survives_the_erasure_and_the_letter_says_so(subject, officer, mailoutbox):
    found, kept = ask("erasure", mailoutbox), secret(subject, "newsletter")
    page = officer.post(reverse("admin:rights-records", args=[found.uuid])).content.decode()
    assert "deleted, unless an exemption" in page
    assert "Only these words" not in page
    assert "Left as it is" in leave(officer, found, kept)
    grant(found, "right-applies")
    assert "1 of 2 records" in officer.get(reverse("admin:rights-request", args=[found.uuid])).content.decode()
    parts = answer(officer, found)
    assert list(PersonalDataItem.objects.filter(subject=subject)) == [kept]
    assert items.contents([kept])[kept.pk] == '"SECRET-newsletter"'
    assert found.state == "partly_fulfilled"
    assert "1 record" in parts["kept"]
    assert "Sch 2 ¶2" in parts["kept"]
    assert "Newsletter" in parts["erased"]
    assert "HARM" not in "".join(parts.values())
    # What marketing there was has ended: a consent is not switched off.
    assert not may_process(subject, "newsletter", "email", now=make.NOW).allowed


def test_a_purpose_of_which_all_is_exempt_is_not_reported_as_deleted(subject, officer, mailoutbox):
    found = ask("erasure", mailoutbox)
    for item in PersonalDataItem.objects.filter(needs__purpose__slug="fraud-screening"):
        leave(officer, found, item)
    grant(found, "right-applies")
    parts = answer(officer, found)
    assert "Fraud screening" not in parts["erased"]
    assert "2 records" in parts["kept"]
    assert subject.relationships.filter(purpose__slug="fraud-screening").exists()
    assert not subject.relationships.filter(purpose__slug="newsletter").exists()


def test_what_is_kept_in_silence_is_not_denied_either(subject, officer, mailoutbox):
    found = ask("erasure", mailoutbox)
    for item in PersonalDataItem.objects.filter(subject=subject):
        leave(officer, found, item, silent="yes")
    grant(found, "right-applies")
    parts = answer(officer, found)
    assert PersonalDataItem.objects.filter(subject=subject).count() == 4
    assert {"erased", "kept"}.isdisjoint(parts)
    assert "nothing about you that the law has us delete" in parts["outcome"]
    assert "Sch 2" not in "".join(parts.values())
    assert found.state == "fulfilled"


def test_beside_what_is_deleted_a_purpose_that_is_wholly_silent_is_neither_named_nor_denied(
    subject, officer, mailoutbox
):
    """As in a copy, which does not name it either. Nothing that the letter or the page says is untrue then."""
    found = ask("erasure", mailoutbox)
    for item in PersonalDataItem.objects.filter(needs__purpose__slug="fraud-screening"):
        leave(officer, found, item, silent="yes")
    grant(found, "right-applies")
    parts = answer(officer, found)
    assert "Newsletter" in parts["erased"]
    assert "what the law gives you the right to have deleted" in parts["erased"]
    assert "as far as the law gives you the right" in parts["outcome"]
    assert "kept" not in parts
    said = "".join(parts.values()).lower()
    for words in ("fraud", "sch 2", "all your data", "all the data", "everything"):
        assert words not in said
    assert found.state == "fulfilled"
    told = str(status.lines(found.case, now=make.NOW)[0].now)
    assert "what you asked" not in told


def test_what_is_listed_as_kept_is_not_said_to_be_all_that_is(subject, officer, mailoutbox):
    found = ask("erasure", mailoutbox)
    leave(officer, found, secret(subject, "newsletter"))
    for item in PersonalDataItem.objects.filter(needs__purpose__slug="fraud-screening"):
        leave(officer, found, item, silent="yes")
    grant(found, "right-applies")
    parts = answer(officer, found)
    assert "What is listed below we have to keep for now" in parts["outcome"]
    assert "1 record" in parts["kept"]
    assert "Fraud" not in "".join(parts.values())


def test_a_restored_backup_spares_it_again(subject, officer, mailoutbox):
    found, kept = ask("erasure", mailoutbox), secret(subject, "newsletter")
    leave(officer, found, kept)
    grant(found, "right-applies")
    ways.release(found, **BY)
    journal = Outbox.objects.get(uuid=found.result["journal"]) if found.result.get("journal") else None
    assert journal is None or journal.sent_at
    back = make.person("newsletter")
    line = {"action": "erase", "at": make.NOW.isoformat()}
    data = {
        **{"request": str(found.uuid), "run": str(uuid4()), "subject": str(back.uuid), "purposes": ["newsletter"]},
        **{"items": [], "people": [], "identifiers": [], "spared": [str(kept.uuid)]},
    }
    assert do_again({**line, "data": data}, uuid4(), now=make.NOW, actor="system:restore")
    assert list(PersonalDataItem.objects.filter(subject=back)) == [kept]


def test_an_exempt_record_may_be_used_while_the_rest_is_restricted(subject, officer, mailoutbox):
    found, free = ask("restriction", mailoutbox), secret(subject, "fraud-screening")
    leave(officer, found, free)
    grant(found, "unlawful-kept")
    parts = answer(officer, found)
    assert usable("fraud-screening") == {free}
    assert usable("newsletter") == set()
    verdict = may_process(subject, "fraud-screening", now=make.NOW)
    assert (verdict.allowed, verdict.partly_restricted) == (True, True)
    assert "1 record" in parts["not-limited"]
    assert found.state == "partly_fulfilled"


def test_a_part_of_an_article_that_an_exemption_does_not_list(subject, officer, mailoutbox):
    """Sch 2 ¶26 lists Art 18(1)(a), (b) and (d)."""
    found = ask("restriction", mailoutbox)
    leave(officer, found, secret(subject, "newsletter"), code="journalism-and-arts")
    grant(found, "kept-for-your-claim")
    with pytest.raises(exempting.NotThisGround):
        ways.draft(found, now=make.NOW)
    grant(found, "unlawful-kept")
    assert ways.draft(found, now=make.NOW)


def test_an_exempt_record_stays_out_of_an_upheld_objection(subject, officer, mailoutbox):
    found, free = ask("objection", mailoutbox), secret(subject, "fraud-screening")
    # Marketing ends when it is said, whatever is exempt.
    leave(officer, found, secret(subject, "newsletter"))
    leave(officer, found, free)
    for line in decisions.lines(found, now=make.NOW):
        code = "objection-stops" if line.purpose.slug == "fraud-screening" else "marketing-stops"
        decisions.decide(found, line.purpose, decisions.reason(code).outcome, code, "", **BY)
    parts = answer(officer, found)
    # What comes later is not exempt, nor is the purpose.
    make_subjects.item(subject, "fraud-screening", content="NEW", category="name", now=make.NOW)
    use = RestrictedUse.objects.get()
    assert usable("fraud-screening") == set()
    assert usable("fraud-screening", use=use, now=make.NOW) == {free}
    assert may_process(subject, "fraud-screening", now=make.NOW).reason == "objected"
    spared = may_process(subject, "fraud-screening", use=use.uuid, now=make.NOW)
    assert (spared.allowed, spared.reason, spared.evidence) == (True, "restricted-use", use.uuid)
    assert spared.partly_restricted
    assert spared.valid_until <= use.until
    assert may_process(subject, "newsletter", "email", use=use.uuid, now=make.NOW).reason == "objected"
    # Whoever objects again is heard, whatever was spared before.
    later = make.NOW + timedelta(hours=1)
    object_to(subject, purposes=["fraud-screening"], now=later, actor=make.OFFICER)
    assert may_process(subject, "fraud-screening", use=use.uuid, now=later).reason == "objected"
    assert not may_process(subject, "newsletter", "email", now=make.NOW).allowed
    assert subject.relationships.get(purpose__slug="fraud-screening").ended_on
    stopped = Restriction.objects.get(lifted_at=None)
    assert (stopped.ground, stopped.item) == ("objected", None)
    assert "Fraud screening" in parts["upheld"]
    assert "1 record" in parts["not-upheld"]
    assert found.state == "partly_fulfilled"


def test_what_is_let_through_outlives_the_answer_about_another_purpose(subject, officer, mailoutbox):
    register = make_register.purpose("contact-enquiries", "f", categories=("name",))
    relationships.establish(subject, register, role="prospect", ground="met", now=make.NOW, actor="x")
    make_subjects.item(subject, "contact-enquiries", content="Q", category="name", now=make.NOW)
    found = ask("objection", mailoutbox)
    leave(officer, found, secret(subject, "fraud-screening"), code="legal-proceedings")
    codes = {"fraud-screening": "objection-stops", "contact-enquiries": "compelling-grounds"}
    for line in decisions.lines(found, now=make.NOW):
        code = codes.get(line.purpose.slug, "marketing-stops")
        decisions.decide(found, line.purpose, decisions.reason(code).outcome, code, "WORDS", **BY)
    answer(officer, found)
    outbox.deliver_due(now=make.NOW)
    assert objecting.lift_answered(now=make.NOW) == 1
    use = RestrictedUse.objects.get()
    assert (use.ground, use.ended_at) == ("claims", None)
    words = restricted_use.read(found, use.uuid, **BY)
    assert "Sch 2 ¶5(3)" in words.evidence


@pytest.mark.parametrize("right", ["restriction", "objection", "rectification"])
def test_a_letter_does_not_give_away_what_is_left_out_in_silence(subject, officer, mailoutbox, right):
    """Nothing in it, and no number, differs from the letter that goes out without the exemption."""
    found = ask(right, mailoutbox)
    slug = "newsletter" if right == "rectification" else "fraud-screening"
    if right == "rectification":
        proposing.propose(found, kind="item", about=other(subject, slug).uuid, new="RIGHT", **BY)
        proposing.decide(found.corrections.get(), "inaccurate", "", **BY)
    else:
        for line in decisions.lines(found, now=make.NOW):
            code = {"restriction": "unlawful-kept", "objection": "objection-stops"}[right]
            decisions.decide(found, line.purpose, "grant", code, "", **BY)
    kind, before = ways.draft(found, now=make.NOW)
    expected = letters.parts_of(letters.render(kind, found, before, now=make.NOW))
    leave(officer, found, secret(subject, slug), silent="yes")
    assert Exemption.objects.get().is_silent
    found.refresh_from_db()
    kind, drafted = ways.draft(found, now=make.NOW)
    assert letters.parts_of(letters.render(kind, found, drafted, now=make.NOW)) == expected
    assert answer(officer, found) == expected
    assert found.state == "fulfilled"


def test_what_is_left_out_aloud_beside_what_is_silent_is_counted(subject, officer, mailoutbox):
    found = ask("restriction", mailoutbox)
    make_subjects.item(subject, "fraud-screening", content="3", category="name", now=make.NOW)
    leave(officer, found, other(subject, "fraud-screening"), silent="yes")
    leave(officer, found, secret(subject, "fraud-screening"))
    grant(found, "unlawful-kept")
    parts = answer(officer, found)
    assert "2 records of it" in parts["limited"]
    assert "1 record" in parts["not-limited"]
    assert usable("fraud-screening") == {other(subject, "fraud-screening"), secret(subject, "fraud-screening")}


def test_what_has_been_corrected_is_not_exempt_afterwards(subject, officer, mailoutbox):
    found, item = ask("rectification", mailoutbox), other(subject, "newsletter")
    proposing.propose(found, kind="item", about=item.uuid, new="RIGHT", **BY)
    proposing.decide(found.corrections.get(), "inaccurate", "", **BY)
    found.corrections.update(applied_at=make.NOW)
    assert "has been corrected already" in leave(officer, found, item)
    assert not Exemption.objects.exists()
    assert ways.draft(found, now=make.NOW)


def test_an_exempt_record_is_not_corrected(subject, officer, mailoutbox):
    found, kept = ask("rectification", mailoutbox), secret(subject, "newsletter")
    for item in (kept, other(subject, "newsletter")):
        proposing.propose(found, kind="item", about=item.uuid, new="RIGHT", **BY)
    leave(officer, found, kept)
    for row in found.corrections.all():
        proposing.decide(row, "inaccurate", "", **BY)
    with pytest.raises(DomainError) as refusal:
        ways.draft(found, now=make.NOW)
    assert refusal.value.code == "exempt-and-accepted"
    proposing.drop(found.corrections.get(about=kept.uuid), **BY)
    parts = answer(officer, found)
    assert items.contents([kept])[kept.pk] == '"SECRET-newsletter"'
    assert "RIGHT" in parts["corrected"]
    assert "1 record" in parts["denied"]
    assert found.state == "partly_fulfilled"


def test_an_exempt_record_does_not_go_along(subject, officer, mailoutbox):
    found = ask("portability", mailoutbox)
    porting.prepare(found, actor=make.OFFICER, now=make.NOW - timedelta(minutes=1))
    leave(officer, found, secret(subject, "newsletter"))
    found.refresh_from_db()
    with pytest.raises(exempting.StaleSet):
        ways.draft(found, now=make.NOW)
    porting.prepare(found, actor=make.OFFICER, now=timezone.now() + timedelta(hours=1))
    made = Package.objects.select_related("request__case").get(request=found)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(package.contents(made))))
    everything = "".join(archive.read(name).decode() for name in archive.namelist())
    assert "Grace for newsletter" in everything
    assert "SECRET" not in everything
    assert "1 record" in answer(officer, found)["withheld"]
    assert found.state == "partly_fulfilled"


@pytest.mark.parametrize("right", ["erasure", "restriction", "objection", "portability", "rectification"])
def test_nothing_goes_out_before_a_second_person_approved_it(subject, officer, mailoutbox, settings, right):
    settings.TWO_PERSON_RELEASE = True
    found = ask(right, mailoutbox)
    leave(officer, found, secret(subject, "newsletter"))
    made = Exemption.objects.get()
    if right in ("erasure", "restriction", "objection"):
        codes = {"erasure": "right-applies", "restriction": "unlawful-kept", "objection": "objection-stops"}
        grant(found, codes[right])
    act = (
        (lambda: porting.prepare(found, **BY)) if right == "portability" else (lambda: ways.draft(found, now=make.NOW))
    )
    with pytest.raises(leaving_out.Unapproved):
        act()
    page = officer.get(reverse("admin:rights-request", args=[found.uuid])).content.decode()
    assert "Somebody else must approve this" in page
    officer.post(reverse("admin:rights-approve-exemption", args=[found.uuid, made.uuid]))
    made.refresh_from_db()
    assert made.approved_at is None
    leaving_out.approve(made, actor=OTHER, now=make.NOW)
    exempting.ready(found)


def test_once_it_is_done_nothing_is_exempt_any_more(subject, officer, mailoutbox):
    found = ask("erasure", mailoutbox)
    kept = secret(subject, "newsletter")
    leave(officer, found, kept)
    made = Exemption.objects.get()
    found.result = {"executed_at": make.NOW.isoformat()}
    found.save(update_fields=["result"])
    assert "carried out" in leave(officer, found, other(subject, "newsletter"))
    with pytest.raises(leaving_out.CarriedOut):
        leaving_out.remove(made, **BY)


def test_a_refusal_keeps_what_was_typed(subject, officer, mailoutbox):
    found = ask("erasure", mailoutbox)
    for wrong in ({"code": "privilege"}, {"words": "Grace"}, {"why": " "}):
        shown = leave(officer, found, secret(subject, "newsletter"), **wrong)
        assert 'role="alert"' in shown
        assert wrong.get("why") or "HARM" in shown
    assert not Exemption.objects.exists()


def test_the_ledger_has_codes_and_no_words(subject, officer, mailoutbox):
    found = ask("erasure", mailoutbox)
    leave(officer, found, secret(subject, "newsletter"))
    body = json.loads(Entry.objects.get(kind="exemption.made").body)
    assert body["data"]["code"] == "crime-and-tax"
    assert "HARM" not in json.dumps(body)
    grant(found, "right-applies")
    ways.release(found, **BY)
    assert json.loads(Entry.objects.get(kind="erasure.executed").body)["data"]["spared"] == 1


@pytest.mark.parametrize("right", Right)
def test_only_listed_provisions_have_exemptions(right):
    """Sch 2 ¶¶1, 6, 18 and 26 to 28: never direct marketing, a withdrawal or a decision by a computer."""
    codes = {code.code for code in exemptions.for_right(right)}
    assert bool(codes) == exemptions.reaches(right) == (right in LISTED)
    if right != Right.ACCESS:
        assert "others-information" not in codes
        assert "privilege" not in codes
    assert ("archiving" in codes) == (right in LISTED - {Right.ERASURE})
