"""Letters, evidence of identity and lawful uses over the API: each scope, each refusal, and what is recorded."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from consents.permission import may_process
from core import apikeys
from ledger.models import Entry
from requests import complaints, decisions, identity_evidence, letters, restricting
from requests.models import CaseFile, Complaint, Evidence
from subjects.models import RestrictedUse
from tests import make_office as make
from tests import make_requests
from tests.make_complaints import complain
from tests.requests.test_work_api import Api

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"picture"
DOUBT = {"reason": "details-differ", "doubt": "Another name.", "ways": ["something-known"]}
TODAY = timezone.localdate


def kinds(found):
    return list(Entry.objects.filter(object=found).order_by("id").values_list("kind", flat=True))


class Letters(Api):
    """A key of the people who print and post."""

    def __init__(self, scope="requests:letters"):
        self.client = Api(Complaint(reference="x"), scope).client
        self.here = "/api/v1/letters/"


def test_a_letter_is_found_printed_and_posted_and_counts_from_that_day():
    make.register()
    complaint = complain(email="", now=timezone.now() - timedelta(days=3))
    letter = complaints.acknowledge_by_letter(complaint, actor="user:test", now=timezone.now() - timedelta(days=2))
    api = Letters()
    [row] = api.get("?owed=true").json()["results"]
    assert (row["letter"], row["reference"], row["owed"]) == (str(letter.uuid), complaint.reference, True)
    assert "Grace" not in api.get().content.decode()
    pdf = api.post(f"{letter.uuid}/pdf/")
    assert (pdf.status_code, pdf["Content-Type"], pdf.content[:5]) == (200, "application/pdf", b"%PDF-")
    assert kinds(complaint.case.uuid)[-1] == "case.viewed"
    day, key = (TODAY() - timedelta(days=1)).isoformat(), {"Idempotency-Key": str(uuid4())}
    refused = api.post(f"{letter.uuid}/posted/", day=(TODAY() + timedelta(days=1)).isoformat())
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "day")
    done = api.post(f"{letter.uuid}/posted/", headers=key, day=day)
    assert (done.status_code, done.json()["given_on"], done.json()["owed"]) == (200, day, False)
    assert api.post(f"{letter.uuid}/posted/", headers=key, day=day).json() == done.json()
    assert api.post(f"{letter.uuid}/posted/", day=day).json()["code"] == "letter-given"
    complaint.refresh_from_db()
    assert complaint.acknowledged_at.date().isoformat() == day
    assert api.get("?owed=true").json()["results"] == []
    assert len(api.get(f"?reference={complaint.reference}").json()["results"]) == 1
    assert api.get("?owed=maybe").status_code == 400
    assert api.post(f"{uuid4()}/pdf/").status_code == 404
    other = Letters("requests:work")
    assert {other.get().status_code, other.post(f"{letter.uuid}/pdf/").status_code} == {403}


def test_a_letter_about_a_whole_case_stands_once_in_the_list_and_costs_no_more_than_one(django_assert_max_num_queries):
    case = make_requests.case("access", "erasure")
    first, second = case.requests.order_by("pk").values_list("reference", flat=True)
    api = Letters()
    for reference in (first, second):
        [row] = api.get(f"?reference={reference}").json()["results"]
        assert (row["kind"], row["reference"]) == ("request_received", first)
    with CaptureQueriesContext(connection) as one:
        api.get()
    for number in range(4):
        make_requests.case("access", email=f"grace{number}@example.com")
    with django_assert_max_num_queries(len(one)):
        assert len(api.get().json()["results"]) == 5


def test_the_letter_of_a_late_doubt_is_seen_before_it_is_approved(mailoutbox):
    make.register()
    found = make_requests.case("access", now=timezone.now() - timedelta(days=20)).requests.get()
    writer, reader = Api(found), Api(found, "requests:letters")
    assert reader.post("doubt/letter/").json()["code"] == "nothing-to-approve"
    assert writer.post("doubt/", **DOUBT).status_code == 200
    assert not found.letters.exists()
    assert writer.post("doubt/letter/").status_code == 403
    seen = reader.post("doubt/letter/").json()
    assert "Another name." in seen["text"]
    assert writer.post("doubt/approval/").json()["code"] == "second-person-needed"
    _row, secret = apikeys.create("second", ["requests:work"])
    writer.client.defaults["HTTP_AUTHORIZATION"] = f"Api-Key {secret}"
    assert writer.post("doubt/approval/").status_code == 200
    assert letters.read(found.letters.get())["html"] == seen["html"]


def test_proof_as_a_file_is_sealed_listed_and_destroyed(mailoutbox):
    make.register()
    make.person("newsletter")
    found = make.confirmed("access", mailbox=mailoutbox, now=timezone.now()).requests.get()
    api = Api(found)
    api.post("doubt/", **DOUBT)

    def hand_in(content, **given):
        file = SimpleUploadedFile("passport.exe", content)
        data = {"day": TODAY().isoformat(), "kind": "photo-id", "words": "Passport 533380006", "file": file, **given}
        return api.client.post(f"{api.here}evidence/", data)

    assert hand_in(b"MZ").json()["errors"][0]["field"] == "file"
    assert hand_in(PNG, kind="tea").json()["errors"][0]["field"] == "kind"
    made = hand_in(PNG)
    assert (made.status_code, made.json()["media_type"]) == (201, "image/png")
    piece = Evidence.objects.get()
    note, _kind, content = identity_evidence.look(found.case, piece.uuid, actor="user:test", now=timezone.now())
    assert (content, "533380006" in note) == (PNG, False)
    address = f"{api.here}evidence/{piece.uuid}/"
    assert api.client.delete(address).status_code == 204
    assert api.client.delete(address).status_code == 404
    [row] = api.get("evidence/").json()["evidence"]
    assert row["destroyed_at"]
    piece.refresh_from_db()
    assert piece.sealed is None
    assert "identity.evidence-destroyed" in kinds(found.case.uuid)
    # The doubt stands: the clock began when the proof arrived.
    assert api.get("work/").json()["asked"][0]["ended"] == ""
    assert hand_in(b"").status_code == 400


def test_a_file_that_is_handed_in_again_under_its_key_is_told_by_its_content(mailoutbox):
    found = make.confirmed("access", mailbox=mailoutbox, now=timezone.now()).requests.get()
    api = Api(found)
    api.post("doubt/", **DOUBT)

    def hand_in(content, name):
        data = {"day": TODAY().isoformat(), "kind": "photo-id", "words": "Like hers."}
        data["file"] = SimpleUploadedFile(name, content)
        return api.client.post(f"{api.here}evidence/", data, headers={"Idempotency-Key": "k1"})

    first, again, other = hand_in(PNG, "passport.png"), hand_in(PNG, "again.png"), hand_in(PNG + b"x", "passport.png")
    assert [one.status_code for one in (first, again, other)] == [201, 201, 422]
    assert first.json() == again.json()
    piece = Evidence.objects.get()
    assert identity_evidence.look(found.case, piece.uuid, actor="user:test", now=timezone.now())[2] == PNG


@pytest.fixture
def restricted(mailoutbox):
    """Somebody whose newsletter data may only be stored."""
    make.register()
    subject = make.person("newsletter", "contract-administration", now=timezone.now())
    make.consent(subject, now=timezone.now())
    found = make.confirmed("restriction", mailbox=mailoutbox, now=timezone.now()).requests.get()
    by = {"actor": make.OFFICER, "now": timezone.now()}
    for line in decisions.lines(found, now=timezone.now()):
        is_meant = line.purpose.slug == "newsletter"
        code = "accuracy-contested" if is_meant else "no-ground"
        decisions.decide(found, line.purpose, "grant" if is_meant else "refuse", code, "", **by)
    restricting.release(found, **by)
    return found


def use(**given):
    until = (TODAY() + timedelta(days=7)).isoformat()
    fields = {"purpose": "newsletter", "ground": "claims", "what": "Shown to the court.", "evidence": "Claim 7QZ."}
    return {**fields, "until": until, **given}


def test_a_lawful_use_over_the_api_opens_the_permission_check_and_nothing_else(restricted):
    api, subject = Api(restricted), restricted.case.subject
    for name, wrong in {"ground": "profit", "until": "2019-01-01", "purpose": "nonsense", "evidence": " "}.items():
        assert api.post("restriction/uses/", **use(**{name: wrong})).json()["errors"][0]["field"] == name
    assert api.post("restriction/uses/", **use(items=[str(uuid4())])).json()["errors"][0]["field"] == "items"
    elsewhere = api.post("restriction/uses/", **use(purpose="contract-administration"))
    assert elsewhere.json()["code"] == "nothing-restricted"
    made = api.post("restriction/uses/", **use())
    assert (made.status_code, made.json()["in_force"]) == (201, True)
    number = made.json()["use"]
    asking = Api(restricted, "permissions:read")
    asking.here = "/api/v1/permissions/check/"
    asked = {"purpose": "newsletter", "channel": "email", "type": "email", "values": [make.EMAIL]}
    assert asking.post("", **asked).json()["results"][0]["reason"] == "restricted"
    [allowed] = asking.post("", **asked, use=number).json()["results"]
    assert (allowed["allowed"], allowed["reason"], allowed["evidence"]) == (True, "restricted-use", number)
    assert asking.post("", **asked, use="x").json()["errors"][0]["field"] == "use"
    assert b"court" not in bytes(RestrictedUse.objects.get().sealed)
    assert not Entry.objects.filter(body__contains="court").exists()
    assert api.post(f"restriction/uses/{number}/end/").json()["in_force"] is False
    assert asking.post("", **asked, use=number).json()["results"][0]["reason"] == "restricted"
    assert may_process(subject, "newsletter", "email", now=timezone.now()).reason == "restricted"
    assert [one["use"] for one in api.get("restriction/uses/").json()["uses"]] == [number]


def test_a_lawful_use_in_the_office_and_it_ends_with_the_restriction(restricted, client):
    client.force_login(make.staff())
    here = reverse("admin:rights-restriction-use", args=[restricted.uuid])
    page = client.get(reverse("admin:rights-request", args=[restricted.uuid])).content.decode()
    assert "Use some of it lawfully" in page
    page = client.post(here, use(ground=""), follow=True).content.decode()
    assert "Choose one of the four grounds" in page
    assert "Some of the information" not in page
    # What was typed is still there to be sent again.
    page = client.post(here, use(until="2019-01-01")).content.decode()
    assert "Name the last day of the use" in page
    for typed in (">Shown to the court.</textarea>", ">Claim 7QZ.</textarea>", "2019-01-01"):
        assert typed in page
    assert re.search(r'value="claims"[^>]*\bchecked\b', page)
    assert not RestrictedUse.objects.exists()
    page = client.post(here, use(), follow=True).content.decode()
    assert "may be made until" in page
    assert "7QZ" not in page
    made = RestrictedUse.objects.get()
    words = reverse("admin:rights-restriction-use-words", args=[restricted.uuid, made.uuid])
    assert "Shown to the court." in client.post(words).content.decode()
    assert kinds(restricted.case.uuid)[-1] == "case.viewed"
    CaseFile.objects.update(by_post=False)
    restricted.refresh_from_db()
    restricted.move("in_progress", actor=make.OFFICER, now=timezone.now())
    restricted.move("withdrawn", actor=make.OFFICER, now=timezone.now())
    assert restricting.lift(restricted, actor=make.OFFICER, now=timezone.now()) == 1
    made.refresh_from_db()
    assert made.ended_at
