"""Whoever reads a copy finds what they would find if nothing had been left out of an answer in silence."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.urls import reverse

from processing.models import System
from requests import (
    answer,
    decisions,
    expiry,
    leaving_out,
    letters,
    messages,
    package,
    porting,
    triage,
    untold,
    ways,
)
from requests.leaving_out import Why
from requests.models import Exemption, FoundDocument, RightsRequest
from subjects import relationships, restrictions
from subjects.models import Disclosure, ErasureBlock, PersonalDataItem, RestrictedUse, Restriction
from tests import make_consents, make_register, make_subjects
from tests import make_office as make

pytestmark = pytest.mark.django_db
BY = {"actor": make.OFFICER, "now": make.NOW}
LATER = make.NOW + timedelta(minutes=5)
SILENT = Why("crime-and-tax", "HARM: the police asked us on Friday.", is_silent=True)
ALOUD = Why("crime-and-tax", "HARM: the police asked us on Friday.")
TELLTALE = ("xemption", "Objected to", "public interest", "police", "Police", "SECRET", "HARM", "Third party")


@pytest.fixture
def subject():
    register = make.register()
    fraud = make_register.purpose("fraud-screening", "f", categories=("name",))
    make_consents.assessment(fraud, approved=make.NOW - timedelta(days=30))
    subject = make.person("contract-administration", "fraud-screening")
    relationships.establish(subject, fraud, role="prospect", ground="met", now=make.NOW, actor="x")
    relationships.establish(
        subject, register["contract-administration"], role="customer_contact", ground="met", now=make.NOW, actor="x"
    )
    return subject


def secret(subject, slug, text="SECRET", **given):
    made = make_subjects.item(subject, slug, content=text, category="name", now=make.NOW - timedelta(days=9))
    PersonalDataItem.objects.filter(pk=made.pk).update(**given)
    return made


def ask(right, mailbox, *, email=make.EMAIL):
    return make.confirmed(right, mailbox=mailbox, email=email).requests.get()


def carry_out(right, code, mailbox, *left):
    found = ask(right, mailbox)
    for item, why in left:
        leaving_out.record_out(found, item.uuid, why, **BY)
    for line in decisions.lines(found, now=make.NOW):
        fits = [one for one in decisions.for_right(right, "UK") if one.code == code]
        if line.version.basis == "f" or right == "restriction":
            decisions.decide(found, line.purpose, fits[0].outcome, code, "", **BY)
        else:
            decisions.decide(found, line.purpose, "refuse", "right-not-for-this-basis", "", **BY)
    ways.release(found, **BY)
    return found


def copy(access):
    """Every file of the released copy, and the letter."""
    answer.prepare_access(access, actor=make.OFFICER, now=LATER)
    answer.release_access(access, actor=make.OFFICER, now=LATER)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(package.contents(access.package))))
    files = {name: archive.read(name).decode() for name in archive.namelist() if not name.endswith(".pdf")}
    return files, letters.read(letters.latest(access))["text"]


def test_a_later_copy_does_not_tell_of_an_upheld_objection_what_it_spared(subject, mailoutbox):
    item = secret(subject, "fraud-screening", source="third_party")
    found = carry_out("objection", "objection-stops", mailoutbox, (item, SILENT))
    assert RestrictedUse.objects.get().items == [item.uuid]
    assert Restriction.objects.filter(ground="objected").exists()
    messages.comment(found.case, "The police came for SECRET.", **BY)
    access = ask("access", mailoutbox)
    carried = access.exemptions.get()
    assert (carried.item, carried.code, carried.is_silent) == (item.uuid, "crime-and-tax", True)
    files, letter = copy(access)
    everything = "".join(files.values()) + letter
    assert [word for word in TELLTALE if word in everything] == []
    assert "data/uses-of-what-is-limited.json" not in files
    limits = json.loads(files["data/limits-on-how-your-data-is-used.json"])
    assert {row["ground"] for row in limits} == {"An objection is being decided"}
    assert access.state == "fulfilled"


def test_what_was_spared_aloud_is_told(subject, mailoutbox):
    carry_out("objection", "objection-stops", mailoutbox, (secret(subject, "fraud-screening"), ALOUD))
    access = ask("access", mailoutbox)
    assert not access.exemptions.exists()
    files, _letter = copy(access)
    assert "Objected to" in files["index.html"]
    assert "important public interest" in files["data/uses-of-what-is-limited.json"]


def test_how_many_records_a_limit_reaches_tells_of_none_that_is_spared(subject, mailoutbox):
    for text in ("one", "two"):
        secret(subject, "fraud-screening", text)
    carry_out("restriction", "unlawful-kept", mailoutbox, (secret(subject, "fraud-screening"), SILENT))
    assert Restriction.objects.filter(item__isnull=False).count() == 3
    files, _letter = copy(ask("access", mailoutbox))
    limits = json.loads(files["data/limits-on-how-your-data-is-used.json"])
    assert sorted(row["purpose"] for row in limits) == ["Contract administration", "Fraud screening"]


def test_a_purpose_and_a_source_that_only_silence_knows_are_not_named(subject, mailoutbox):
    make_register.purpose("surveys", "f", categories=("name",))
    item = secret(subject, "surveys", source="third_party")
    access = ask("access", mailoutbox)
    tie = subject.relationships.get(purpose__slug="surveys")
    for one in (item.uuid, tie.uuid):
        leaving_out.record_out(access, one, SILENT, **BY)
    files, letter = copy(access)
    assert "Surveys" not in "".join(files.values()) + letter
    assert "third_party" not in access.result["sources"]


def test_a_limit_of_ours_does_not_tell_of_a_record_that_is_kept_silent(subject, mailoutbox):
    for ground, item in (("rule", secret(subject, "fraud-screening")), ("accuracy", subject.items.first())):
        restrictions.restrict(subject, ground=ground, item=item, **BY)
    access = ask("access", mailoutbox)
    leaving_out.record_out(access, Restriction.objects.get(ground="rule").item.uuid, SILENT, **BY)
    files, _letter = copy(access)
    limits = json.loads(files["data/limits-on-how-your-data-is-used.json"])
    assert [row["ground"] for row in limits] == ["Accuracy is contested"]


def test_a_disclosure_and_a_note_can_be_left_out_like_a_record(subject, mailoutbox, client):
    make.disclosed(subject, to="police")
    given = Disclosure.objects.get()
    earlier = ask("access", mailoutbox)
    messages.comment(earlier.case, "HARM if she reads that.", **BY)
    access = ask("access", mailoutbox)
    client.force_login(make.staff())
    page = client.post(reverse("admin:rights-records", args=[access.uuid])).content.decode()
    assert "Police Ltd" in page
    assert "HARM if she reads that." in page
    typed = {"code": "crime-and-tax", "why": "Because.", "silent": "yes", "page": "1"}
    there = reverse("admin:rights-leave-out", args=[access.uuid, given.uuid])
    assert "without a word" in client.post(there, typed).content.decode()
    note = earlier.case.comments.get()
    client.post(reverse("admin:rights-leave-out", args=[access.uuid, note.uuid]), typed)
    assert access.exemptions.count() == 2
    files, letter = copy(RightsRequest.objects.get(pk=access.pk))
    everything = "".join(files.values()) + letter
    assert [word for word in TELLTALE if word in everything] == []


def test_a_system_answers_as_if_what_is_left_out_had_not_been_found(subject, mailoutbox):
    make_register.system("crm", "manual")
    access = ask("access", mailoutbox)
    document = FoundDocument.objects.create(
        request=access, system=System.objects.get(slug="crm"), kind="text", fingerprint=b"x", pages=1, size=1,
        added_by="x", added_at=make.NOW,
    )  # fmt: skip
    access.tasks.get_or_create(system=document.system)
    make.answered(access, outcome="done", count=1)
    leaving_out.make(access, Exemption.Scope.DOCUMENT, SILENT, document=document, **BY)
    files, letter = copy(access)
    for told in (letter, files["index.html"]):
        assert told.count("We found data about you") == 1
        assert "Nothing found" in told
    assert not [name for name in files if name.startswith("documents/")]


@pytest.fixture
def spared(subject, mailoutbox):
    """A deletion left this record of the person, and nothing else."""
    kept = secret(subject, "fraud-screening")
    found = ask("erasure", mailoutbox)
    leaving_out.record_out(found, kept.uuid, SILENT, **BY)
    for line in decisions.lines(found, now=make.NOW):
        decisions.decide(found, line.purpose, "grant", "right-applies", "", **BY)
    ways.release(found, **BY)
    assert list(PersonalDataItem.objects.filter(subject=subject)) == [kept]
    return found


def told_as(right, mailbox, *, email=make.EMAIL):
    """The letter of an answer, as it was announced and as it went out, without its reference."""
    found = make.looked(ask(right, mailbox, email=email))
    kind, _context = ways.draft(found, now=make.NOW)
    ways.release(found, **BY)
    found.refresh_from_db()
    text = letters.read(letters.latest(found))["text"].replace(found.reference, "")
    return kind, found.state, found.result.get("nothing"), text


@pytest.mark.parametrize("right", ["access", "erasure", "restriction", "objection", "portability", "rectification"])
def test_who_was_deleted_but_for_what_is_silent_is_answered_as_a_stranger(spared, subject, mailoutbox, right):
    mine = told_as(right, mailoutbox)
    assert mine == told_as(right, mailoutbox, email="nobody@example.com")
    assert (mine[0], mine[2]) == ("nothing_found", True)
    assert "We looked for data" in mine[3]
    assert PersonalDataItem.objects.filter(subject=subject).exists()
    assert not ErasureBlock.objects.filter(subject=subject, kind="access_request", released_at=None).exists()


def test_they_are_still_when_the_case_of_their_deletion_is_forgotten(spared, subject, mailoutbox):
    expiry.expire_case(spared.case, now=make.NOW + timedelta(days=3000))
    for right in ("access", "erasure"):
        assert told_as(right, mailoutbox)[0] == "nothing_found"
    assert PersonalDataItem.objects.filter(subject=subject).exists()


def test_no_copy_and_no_set_is_made_for_who_is_answered_as_a_stranger(spared, mailoutbox, client):
    access, portability = ask("access", mailoutbox), ask("portability", mailoutbox)
    for prepare, wanted in ((answer.prepare_access, access), (porting.prepare, portability)):
        with pytest.raises(untold.AsAStranger):
            prepare(wanted, **BY)
    client.force_login(make.staff())
    page = client.get(reverse("admin:rights-request", args=[portability.uuid])).content.decode()
    assert "they are answered as somebody whom we do not know" in page


def test_a_second_deletion_spares_what_the_first_did_in_silence(subject, mailoutbox):
    kept = secret(subject, "fraud-screening")
    carry_out("objection", "objection-stops", mailoutbox, (kept, SILENT))
    later = ask("access", mailoutbox).case
    erasure = triage.add_right(later, "erasure", **BY)
    assert [one.item for one in erasure.exemptions.all()] == [kept.uuid]
    assert ask("restriction", mailoutbox).exemptions.filter(item=kept.uuid, is_silent=True).exists()
