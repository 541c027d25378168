"""What a caseworker sees and does about a clock, over HTTP: every act says what it does to the date beforehand."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from ledger.models import Entry
from requests import asking, letter_words, letters
from requests.clock import in_words
from requests.models import Asking, Evidence, RightsRequest
from tests import make_office as make
from tests import make_requests

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"picture"
DOUBT = {"reason": "details-differ", "doubt": "Another signature.", "ways": ["call-back"]}
DOORS = {
    "doubt-letter": {},
    "doubt-approve": {},
    "doubt-arrived": {"kind": "call-back", "words": "Called."},
    "doubt-withdraw": {},
    "clarified": {"answer": "That."},
    "paid": {},
    "take-back": {"kind": "fee"},
    "refusal-prepare": {"reason": "unfounded", "explanation": "Offered to withdraw for money."},
    "refusal": {},
    "refuse": {},
}


@pytest.fixture
def officer(client):
    client.force_login(make.staff())
    return client


@pytest.fixture
def access():
    """Received yesterday, so that today is in time for everything."""
    make.register()
    make.person("newsletter", token="TOKEN")
    return make_requests.case("access", now=timezone.now() - timedelta(days=1)).requests.get()


def address(name, rights_request, *more):
    return reverse(f"admin:rights-{name}", args=[rights_request.uuid, *more])


def do(client, rights_request, name, **given):
    data = {**DOORS[name], **given}
    return client.post(address(name, rights_request), data, follow=True).content.decode()


LETTERS = {
    "clarification": {"reason": "which-data", "unclear": "Which?"},
    "extension": {"reason": "complexity", "explanation": "Nine archives."},
    "id_request": DOUBT,
    "fee_notice": {"reason": "excessive", "explanation": "Weekly.", "amount": "5", "basis": "Paper."},
}


def write(client, rights_request, kind, **given):
    """Write it, look at it as it would go, and send it."""
    before = fresh(rights_request).due_on
    here = [reverse(f"admin:letter-{name}", args=[rights_request.uuid]) for name in ("draft", "save", "send")]
    assert client.post(here[0], {"kind": kind}).status_code == 200
    seen = client.post(here[1], {"kind": kind, "look": "1", **LETTERS[kind], **given}).content.decode()
    assert "This is what will go" in seen
    assert fresh(rights_request).due_on == before
    return client.post(here[2], {"kind": kind}, follow=True).content.decode()


def today():
    return asking.today(timezone.now()).isoformat()


def fresh(rights_request):
    return RightsRequest.objects.get(pk=rights_request.pk)


def test_the_page_shows_the_arithmetic_and_what_each_act_would_do(officer, access):
    page = officer.get(address("request", access)).content.decode()
    due = in_words(access.due_on)
    assert f"The answer is due by {due}." in page
    assert in_words(access.extension_notice_by) in page
    assert in_words(access.target_on) in page
    assert "Our own target is" in page
    assert "the rules in force since Friday 19 June 2026 (UK GDPR Art 12A" in page
    assert "public holidays of England and Wales" in page
    assert page.count(f"Now due by {due}. There would be no due date until it is answered.") == 3
    assert f"Due would move from {due} to" in page


def test_a_question_from_asking_to_the_answer(officer, access):
    page = write(officer, access, "clarification", unclear="Which account <script>alert(1)</script>?")
    assert "The letter is sent." in page
    assert "alert(1)" not in page
    assert fresh(access).due_on is None
    assert "It is not clear which data is meant." in page
    page = do(officer, access, "clarified", day=today())
    assert "Recorded, and the date computed anew." in page
    # The day it was asked and answered on does not count: one day later, or to the next working day.
    assert fresh(access).due_on > access.due_on


def test_a_doubt_from_asking_to_the_end(officer, access):
    assert "The letter is sent." in write(officer, access, "id_request")
    assert fresh(access).due_on is None
    file = SimpleUploadedFile("passport.exe", PNG)
    page = do(officer, access, "doubt-arrived", day=today(), file=file, words="Passport 533380006")
    assert "Recorded and sealed." in page
    piece = Evidence.objects.get()
    assert f"Look at what came on {in_words(piece.arrived_on)}" in page
    seen = officer.post(address("evidence", access, piece.uuid))
    assert seen.content == PNG
    assert seen["Content-Disposition"] == 'attachment; filename="evidence.png"'
    assert seen["Content-Type"] == "image/png"
    assert "Write the letter" in page
    assert "The letter is sent." in write(officer, access, "id_request", doubt="Too dark.")
    assert fresh(access).due_on is None
    page = do(officer, access, "doubt-arrived", day=today())
    given = {"how": "called-back", "note": "Called her back."}
    page = officer.post(address("identify", access), given, follow=True).content.decode()
    assert fresh(access).due_on is not None
    assert Asking.objects.in_force().count() == 0
    assert not Evidence.objects.filter(destroyed_at=None).exists()
    assert officer.post(address("evidence", access, piece.uuid)).status_code == 404
    assert "Evidence of identity destroyed" in page


def test_a_late_doubt_is_seen_by_who_writes_it_and_by_who_approves_it(officer, client, access):
    make_requests.Task.objects.all().delete()
    # Long enough ago also over Christmas.
    make_requests.came_on(access, timezone.now().date() - timedelta(days=16))
    assert "This is late" in officer.get(address("request", access)).content.decode()
    here = {name: reverse(f"admin:letter-{name}", args=[access.uuid]) for name in ("save", "send", "propose")}
    words = {"kind": "id_request", "look": "1", "opening": "Dear friend.", **DOUBT}
    seen = officer.post(here["save"], words).content.decode()
    assert "Another signature." in seen
    assert "somebody else has seen this letter" in seen
    assert "must look at the letter" in officer.post(here["send"], words).content.decode()
    assert not Asking.objects.exists()
    assert "The doubt is raised." in officer.post(here["propose"], words, follow=True).content.decode()
    assert not access.letters.exists()
    seen = do(officer, access, "doubt-letter")
    assert "You wrote it" in seen
    assert "Somebody else must agree" in do(officer, access, "doubt-approve")
    client.force_login(make.staff("approver", group="approver"))
    assert "Look at the letter" in client.get(address("request", access)).content.decode()
    seen = do(client, access, "doubt-letter")
    assert "Approve, and send" in seen
    # A draft saved after that is another letter, and no doubt is approved but the one that was looked at.
    letter_words.save(access, "id_request", {"opening": "Pay first."}, actor=make.OFFICER, now=timezone.now())
    assert "not the letter that you looked at" in do(client, access, "doubt-approve", doubt=str(access.uuid))
    assert not access.letters.exists()
    assert "Approved." in do(client, access, "doubt-approve", doubt=Asking.objects.get().uuid)
    sent = letters.read(access.letters.get())["html"]
    assert "Dear friend." in sent
    assert sent in seen
    assert fresh(access).due_on is None


def test_an_extension_and_taking_it_back(officer, access):
    page = write(officer, access, "extension")
    assert "The letter is sent." in page
    assert fresh(access).due_on > access.due_on + timedelta(days=50)
    assert f"to {in_words(access.due_on)}" in page
    page = do(officer, access, "take-back", kind="extension")
    assert fresh(access).due_on == access.due_on


def test_a_fee_and_its_payment(officer, access):
    assert "The letter is sent." in write(officer, access, "fee_notice")
    assert fresh(access).due_on is None
    assert "Recorded, and the date computed anew." in do(officer, access, "paid", day=today())
    assert fresh(access).due_on is not None


def test_a_refusal_is_seen_before_it_is_sent(officer, access):
    page = do(officer, access, "refusal-prepare")
    assert "Prepared. Look at the letter, then send it." in page
    page = do(officer, access, "refusal")
    assert "Offered to withdraw for money." in page
    for route in ("164A", "165", "court"):
        assert route in page
    assert fresh(access).is_open
    page = do(officer, access, "refuse")
    assert "Refused. The letter says why" in page
    assert fresh(access).state == "refused"


@pytest.mark.parametrize("name", DOORS)
def test_nobody_else_and_no_link_does_it(client, access, name):
    client.force_login(make.staff("auditor", group="auditor"))
    assert client.post(address(name, access), DOORS[name]).status_code == 404
    assert client.get(address(name, access)).status_code == 405
    assert not Asking.objects.exists()
    assert fresh(access).due_on == access.due_on


@pytest.mark.parametrize("name", DOORS)
def test_nonsense_is_told_and_changes_nothing(officer, access, name):
    nonsense = dict.fromkeys(("reason", "doubt", "day", "kind", "unclear", "amount", "answer", "ways"), "\x00x")
    response = officer.post(address(name, access), nonsense, follow=True)
    assert response.status_code == (404 if name == "take-back" else 200)
    assert fresh(access).due_on == access.due_on
    assert fresh(access).state == "received"
    kinds = set(Entry.objects.filter(object=access.uuid).values_list("kind", flat=True))
    assert "request.clock-set" not in kinds


def test_an_objection_offers_no_waiting(officer):
    make.register()
    objection = make_requests.case("objection", now=timezone.now()).requests.get()
    page = officer.get(address("request", objection)).content.decode()
    assert "waits for no proof and no fee" in page
    assert "Ask for proof of identity" not in page
    assert "Charge a fee" not in page
