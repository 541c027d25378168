"""Decisions by computer alone: informed, heard, looked at by somebody who may change them, contested (Arts 22A-22D)."""

import pytest
from django.db import DatabaseError, transaction

from core.errors import Invalid
from processing import automated, register
from processing.gates import NotReady
from processing.models import Basis, DecisionSystem, Purpose
from requests import letters, questions, reviewing, rights, two_people
from requests.models import DecisionReview, Right
from tests import make_office as make
from tests import make_register

pytestmark = pytest.mark.django_db
BY = {"actor": make.OFFICER, "now": make.NOW}
ALL = list(reviewing.MEANINGFUL)


def decides(purpose="direct-sales", **given):
    fields = {"name": "Which offers you see", "logic": "Orders are counted.", "consequences": "You see fewer."}
    fields |= {"slug": "offers", "by_computer_alone": True, "purpose": Purpose.objects.get(slug=purpose), **given}
    return DecisionSystem.objects.create(**fields)


@pytest.fixture
def rights_request(mailoutbox):
    make.register()
    make.person("direct-sales")
    return make.confirmed("adm_review", mailbox=mailoutbox).requests.get()


def begin(rights_request, system="offers", **given):
    given = {"asked": ["human_review", "contest"], "decision": "No discount on 3 November.", **given}
    return reviewing.begin(rights_request, system=system, **given, **BY)


def conclude(row, outcome="changed", meant=ALL, reasons="You had ordered twice. You get it.", **given):
    return reviewing.conclude(row, outcome, reasons=reasons, meant=meant, **{**BY, **given})


def parts_of(rights_request):
    return letters.parts_of(letters.read(letters.latest(rights_request))["html"])


@pytest.mark.parametrize(("outcome", "sentence"), [("changed", "is changed"), ("confirmed", "decision stands")])
def test_a_review_informs_hears_and_decides(rights_request, outcome, sentence):
    decides()
    conclude(begin(rights_request, said="I order every month."), outcome)
    assert reviewing.release(rights_request, **BY).state == "fulfilled"
    parts = parts_of(rights_request)
    assert "Orders are counted." in parts["information"]
    assert "I order every month." in parts["representations"]
    assert "may decide otherwise" in parts["human-review"]
    assert sentence in parts["result"]
    assert "You had ordered twice." in parts["result"]
    assert "164A" in parts["complain-to-us"]


@pytest.mark.parametrize("missing", ALL)
def test_a_nod_is_no_review(rights_request, missing):
    decides()
    row = begin(rights_request)
    with pytest.raises(Invalid) as refusal:
        conclude(row, meant=[name for name in ALL if name != missing])
    assert "meant" in refusal.value.fields
    row.outcome, row.reviewed_by, row.reviewed_at = "confirmed", make.OFFICER, make.NOW
    with pytest.raises(DatabaseError), transaction.atomic():
        row.save()


def test_nothing_is_sent_before_a_person_looked(rights_request):
    decides()
    for _round in range(2):
        with pytest.raises(reviewing.Unreviewed):
            reviewing.release(rights_request, **BY)
        begin(rights_request)


def test_where_no_computer_decided_the_letter_says_how_it_was(rights_request):
    conclude(begin(rights_request, system=""), "none", meant=[], reasons="Two people read every application.")
    assert reviewing.release(rights_request, **BY).state == "refused"
    assert "Two people read" in parts_of(rights_request)["not-automated"]


def test_what_is_not_in_the_register_is_not_reviewed_as_if_it_were(rights_request):
    row = begin(rights_request, system="")
    with pytest.raises(Invalid):
        conclude(row, "confirmed")
    with pytest.raises(Invalid):
        begin(rights_request, system="made-up")
    with pytest.raises(Invalid):
        begin(rights_request, system="", asked=["everything"])


def test_never_on_a_recognised_interest(rights_request):
    assert rights.MATRIX[Right.ADM_REVIEW]["ea"] == "N"
    purpose = make_register.purpose("safeguarding", "ea")
    with pytest.raises(DatabaseError), transaction.atomic():
        decides("safeguarding")
    found = decides("safeguarding", by_computer_alone=False, human_involvement="A person reads each.")
    assert automated.decided_by_computer(purpose) is None
    found.purpose, found.by_computer_alone = Purpose.objects.get(slug="direct-sales"), True
    found.save()
    draft = make_register.draft("direct-sales", "ea")
    automated.register()
    with pytest.raises(NotReady) as refusal:
        draft.publish(**BY)
    assert "22B(4)" in str(refusal.value.message)
    row = begin(rights_request)
    make_register.draft("direct-sales", "ea")
    Purpose.objects.get(slug="direct-sales").versions.filter(status="live").update(status="suspended")
    draft.__class__.objects.filter(pk=draft.pk).update(status="live", effective_from=make.NOW)
    with pytest.raises(Invalid) as refusal:
        conclude(row, "confirmed")
    assert "22B(4)" in str(refusal.value.fields["outcome"])
    assert conclude(row, "changed").outcome == "changed"
    assert Basis.RECOGNISED == "ea"


def test_the_register_names_them(rights_request):
    row = {"slug": "spam", "purpose": "contact-enquiries", "name": "x", "logic": "y", "consequences": "z"}
    make_register.purpose("contact-enquiries", "f")
    for involvement in ("Somebody reads each.", "Two people read each."):
        register.load({"decision_systems": [{**row, "human_involvement": involvement}]})
    assert DecisionSystem.objects.get().human_involvement == "Two people read each."


def test_two_people_and_sealed_words(rights_request, settings):
    settings.TWO_PERSON_RELEASE = True
    decides()
    row = conclude(begin(rights_request))
    assert b"twice" not in bytes(DecisionReview.objects.get(pk=row.pk).sealed)
    with pytest.raises(two_people.TwoPeopleNeeded):
        reviewing.release(rights_request, **BY)
    other = "user:00000000-0000-4000-8000-000000000002"
    assert reviewing.release(rights_request, actor=other, now=make.NOW).letters.count() == 1


def test_silent_systems_make_a_part_answer(mailoutbox):
    make.register(manual=True)
    make.person("direct-sales")
    rights_request = make.confirmed("adm_review", mailbox=mailoutbox).requests.get()
    decides()
    conclude(begin(rights_request))
    assert reviewing.release(rights_request, **BY).state == "partly_answered"
    make.answered(rights_request, outcome="done")
    assert reviewing.release(rights_request, **BY).state == "fulfilled"


def test_staff_review_on_pages(rights_request, client):
    decides()
    client.force_login(make.staff())
    page = f"/admin/rights/{rights_request.uuid}/"
    assert "Which offers you see" in client.get(page).content.decode()
    client.post(f"{page}reviews/", {"system": "offers", "asked": ["contest"], "decision": "No discount."})
    row = rights_request.reviews.get()
    before = client.get(page).content.decode()
    assert "Look at 1 decision again, and record what you decide." in before
    assert "No discount." not in before
    assert "No discount." in client.post(f"{page}show/").content.decode()
    told = client.post(f"{page}reviews/{row.uuid}/", {"outcome": "confirmed", "reasons": "x"}, follow=True)
    assert "does not count" in told.content.decode()
    client.post(f"{page}reviews/{row.uuid}/", {"outcome": "confirmed", "reasons": "Right.", "meant": ALL})
    assert "No discount." in client.post(f"{page}review/").content.decode()
    client.post(f"{page}release/")
    rights_request.refresh_from_db()
    assert rights_request.state == "fulfilled"
    other = client.post(f"{page}reviews/{row.uuid}/drop/", follow=True).content.decode()
    assert "has been answered" in other


def test_the_form_asks_which_decision_is_meant_and_staff_find_it_chosen(client, mailoutbox):
    make.register()
    make.person("direct-sales")
    assert list(questions.DecisionForm().fields) == ["decision"]
    decides()
    decides(slug="old", name="How it was", in_use=False)
    form = questions.DecisionForm({"system": "offers", "decision": "No discount."})
    assert [value for value, _label in form.fields["system"].choices] == ["offers", "other"]
    assert form.is_valid()
    assert questions.DecisionForm({"decision": "No discount."}).errors
    told = "\n".join(form.in_words(form.cleaned_data))
    found = make.confirmed("adm_review", mailbox=mailoutbox, answers={"adm_review": told}).requests.get()
    client.force_login(make.staff())
    page = client.get(f"/admin/rights/{found.uuid}/").content.decode()
    assert '<option value="offers" selected>Which offers you see</option>' in page
