"""What is left out of a copy, item by item: named, reasoned, approved, explained in the letter or kept silent."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.urls import reverse

from core.errors import DomainError, Invalid
from ledger.models import Entry
from requests import answer, exempting, exemptions, leaving_out, letters, package
from requests.leaving_out import Weighed, Why
from requests.models import Exemption, Right
from subjects.models import PersonalDataItem
from tests import make_office as make
from tests import make_subjects

pytestmark = pytest.mark.django_db
OTHER = "user:00000000-0000-4000-8000-000000000002"
LATER = make.NOW + timedelta(minutes=5)
PRIVILEGE = Why("privilege", "Advice of our solicitor about her claim.")
WEIGHED = Weighed(consent="refused", confidence="Told in confidence", is_reasonable=False)
ABOUT_BOB = Why("others-information", "Bob said this about his own illness.", WEIGHED)


@pytest.fixture
def access(mailoutbox):
    make.register()
    subject = make.person("newsletter")
    for text in ("ADVICE-OF-COUNSEL", {"from": "Bob Builder", "text": "BOB BUILDER says that he is ill.", "n": 4711}):
        make_subjects.item(subject, "contract-administration", content=text, now=make.NOW - timedelta(days=3))
    return make.confirmed("access", mailbox=mailoutbox).requests.get()


@pytest.fixture
def officer(client):
    client.force_login(make.staff())
    return client


def item(position):
    return PersonalDataItem.objects.order_by("pk")[position].uuid


def leave(access, position, why, *words, actor=make.OFFICER):
    return leaving_out.record_out(access, item(position), why, words=words, actor=actor, now=make.NOW)


def sent(access):
    """Every file of the released copy as one text, and the letter's parts."""
    answer.prepare_access(access, actor=make.OFFICER, now=LATER)
    answer.release_access(access, actor=make.OFFICER, now=LATER)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(package.contents(access.package))))
    files = {name: archive.read(name).decode() for name in archive.namelist()}
    return files, letters.parts_of(letters.read(letters.latest(access))["html"])


def test_a_record_goes_from_every_file_and_the_letter_says_why(access):
    leave(access, 1, PRIVILEGE)
    files, parts = sent(access)
    assert "ADVICE-OF-COUNSEL" not in "".join(files.values())
    assert "Bob Builder" in files["index.html"]
    for text in (parts["withheld"], letters.parts_of(files["index.html"])["withheld"]):
        assert "1 record" in text
        assert "legal professional privilege" in text
        assert "¶19" in text
    assert "solicitor" not in parts["withheld"]
    assert {"complain-to-us", "complain-to-commissioner", "court"} <= set(parts)
    assert access.state == "partly_fulfilled"


def test_under_the_law_of_the_union_it_is_the_rights_of_others_or_nothing(access):
    access.case.rule_set.jurisdiction = "EU"
    with pytest.raises(Invalid) as refusal:
        leave(access, 1, PRIVILEGE)
    assert list(refusal.value.fields) == ["code"]
    leave(access, 2, Why("others-copy", "Bob said this about his own illness.", WEIGHED))
    assert [row["article"] for row in exempting.report(access)] == ["Art 15(4)"]


def test_words_go_black_in_every_file_whatever_their_case(access):
    leave(access, 2, ABOUT_BOB, "bob builder", "4711")
    files, parts = sent(access)
    everything = "".join(files.values())
    assert "bob builder" not in everything.lower()
    assert "4711" not in everything
    assert "says that he is ill" in everything
    held = json.loads(files["data/what-we-hold-about-you.json"])
    assert held[2]["content"]["text"] == f"{leaving_out.BLACK} says that he is ill."
    assert "Words in 1 place" in parts["withheld"]


def test_silence_is_kept_everywhere(access):
    leave(access, 1, Why("privilege", "She must not learn that we ask for advice.", is_silent=True))
    files, parts = sent(access)
    assert "ADVICE-OF-COUNSEL" not in "".join(files.values())
    assert "withheld" not in parts
    assert "privilege" not in "".join(files.values())
    assert {"complain-to-us", "complain-to-commissioner", "court"} <= set(parts)
    assert access.state == "fulfilled"


@pytest.mark.parametrize(
    ("why", "words", "field"),
    [
        (Why("privilege", " "), (), "why"),
        (Why("goodwill", "x"), (), "code"),
        (Why("negotiations", "x", is_silent=True), (), "silent"),
        (Why("privilege", "x", is_silent=True), ("Bob",), "silent"),
        (Why("privilege", "x"), ("Carol",), "words"),
        (Why("others-information", "x"), (), "consent"),
        (Why("others-information", "x", Weighed("given", is_reasonable=False)), (), "consent"),
        (Why("others-information", "x", Weighed("not-asked", is_reasonable=False)), (), "steps"),
        (Why("others-information", "x", Weighed("refused")), (), "reasonable"),
        (Why("others-information", "x", Weighed("refused", is_reasonable=True)), (), "reasonable"),
    ],
)
def test_a_reason_must_hold(access, why, words, field):
    with pytest.raises(DomainError) as refusal:
        leave(access, 2, why, *words)
    assert field in refusal.value.fields
    assert not Exemption.objects.exists()


def test_nobody_elses_record_can_be_named(access):
    make.person("newsletter", email="other@example.com")
    with pytest.raises(DomainError) as refusal:
        leave(access, 3, PRIVILEGE)
    assert refusal.value.code == "not-found"


def test_a_copy_made_before_is_stale(access):
    answer.prepare_access(access, actor=make.OFFICER, now=make.NOW - timedelta(minutes=1))
    made = leave(access, 1, PRIVILEGE)
    with pytest.raises(answer.StaleCopy):
        answer.release_access(access, actor=make.OFFICER, now=LATER)
    answer.prepare_access(access, actor=make.OFFICER, now=LATER)
    leaving_out.remove(made, actor=make.OFFICER, now=LATER + timedelta(minutes=1))
    with pytest.raises(answer.StaleCopy):
        answer.release_access(access, actor=make.OFFICER, now=LATER + timedelta(minutes=2))


def test_two_people_where_the_rule_is_on(access, settings):
    settings.TWO_PERSON_RELEASE = True
    made = leave(access, 1, PRIVILEGE)
    with pytest.raises(leaving_out.Unapproved):
        answer.prepare_access(access, actor=make.OFFICER, now=LATER)
    with pytest.raises(DomainError) as refusal:
        leaving_out.approve(made, actor=make.OFFICER, now=LATER)
    assert refusal.value.code == "two-people-needed"
    leaving_out.approve(made, actor=OTHER, now=make.NOW)
    answer.prepare_access(access, actor=make.OFFICER, now=LATER)
    with pytest.raises(DomainError) as refusal:
        answer.release_access(access, actor=make.OFFICER, now=LATER)
    assert refusal.value.code == "two-people-needed"


def test_a_sole_officer_says_why(access, settings):
    settings.TWO_PERSON_RELEASE = settings.SOLE_OFFICER = True
    made = leave(access, 1, PRIVILEGE)
    with pytest.raises(DomainError):
        leaving_out.approve(made, actor=make.OFFICER, now=LATER)
    leaving_out.approve(made, actor=make.OFFICER, exception="sole-officer", now=LATER)
    assert Exemption.objects.get().exception == "sole-officer"


def test_the_reason_is_sealed(access):
    made = leave(access, 2, ABOUT_BOB, "Bob Builder")
    assert b"Bob" not in bytes(made.sealed)
    assert leaving_out.reasons_of(made)["weighed"]["consent"] == "refused"
    body = Entry.objects.get(kind="exemption.made").body
    assert "Bob" not in body
    assert str(made.uuid) in body


def test_marketing_objections_and_general_messages_have_few_exemptions():
    assert {code.code for code in exemptions.for_right(Right.GENERAL)} == set()
    assert {code.code for code in exemptions.for_right(Right.WITHDRAWAL)} == set()
    assert "others-information" not in {code.code for code in exemptions.for_right(Right.ERASURE)}


def test_over_http(officer, access):
    page = reverse("admin:rights-records", args=[access.uuid])
    assert officer.get(page).status_code == 405
    assert "ADVICE-OF-COUNSEL" in officer.post(page).content.decode()
    assert Entry.objects.filter(kind="case.viewed").count() == 1
    leave_out = reverse("admin:rights-leave-out", args=[access.uuid, item(2)])
    typed = {"code": "others-information", "why": "TYPED-BEFORE", "consent": "refused", "page": "1"}
    shown = officer.post(leave_out, typed).content.decode()
    assert "Say whether it would be reasonable" in shown
    assert "TYPED-BEFORE" in shown
    officer.post(leave_out, {**typed, "reasonable": "no", "words": "Bob Builder\n"})
    made = Exemption.objects.get()
    case = officer.get(reverse("admin:rights-request", args=[access.uuid])).content.decode()
    assert "Words in a record" in case
    assert "TYPED-BEFORE" not in case
    assert "Bob Builder" not in case
    officer.post(reverse("admin:rights-take-back-exemption", args=[access.uuid, made.uuid]))
    assert not Exemption.objects.exists()


def test_what_an_earlier_copy_went_without_is_a_hint_in_the_next(officer, access, mailoutbox):
    leave(access, 1, PRIVILEGE)
    leave(access, 2, ABOUT_BOB, "Bob Builder")
    sent(access)
    again = make.confirmed("access", mailbox=mailoutbox).requests.get()
    place = reverse("admin:rights-request", args=[again.uuid])
    page = " ".join(officer.get(place).text.split())
    assert "2 left out before" in page
    assert f'<a href="{access.page}">{access.reference}</a> A whole record: Legal professional privilege' in page
    assert f'<a href="{access.page}">{access.reference}</a> Words in a record' in page
    records = officer.post(reverse("admin:rights-records", args=[again.uuid])).text
    assert records.count("Left out of an earlier answer:") == 2
    # What is left out again is no longer a hint, nor what has gone; and nothing is left out by itself.
    assert not again.exemptions.exists()
    leave(again, 1, PRIVILEGE)
    assert "1 left out before" in officer.get(place).text
    remaining = PersonalDataItem.objects.get(uuid=item(2))
    PersonalDataItem.objects.filter(pk=remaining.pk).update(subject=make.person("newsletter", email="x@example.com"))
    assert "was left out of an earlier answer" not in officer.get(place).text


def test_no_hint_before_it_is_approved_answered_or_of_the_same_person(officer, access, mailoutbox, settings):
    settings.TWO_PERSON_RELEASE = True
    leave(access, 1, PRIVILEGE)
    again = make.confirmed("access", mailbox=mailoutbox).requests.get()
    assert "was left out of an earlier answer" not in officer.get(again.page).text
    leaving_out.approve(access.exemptions.get(), actor=OTHER, now=LATER)
    assert "was left out of an earlier answer" not in officer.get(again.page).text
