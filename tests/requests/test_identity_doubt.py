"""A doubt about who asks: recorded, told, removed or taken back; what it does to the clock and to what was sent."""

from datetime import date

import pytest

from core.errors import Invalid
from core.models import DataKey, Owner
from core.outbox import deliver_due
from core.vault import key_of
from ledger.models import Entry
from requests import answer, asking, identity_doubt, identity_evidence, letter_words, letters, moves, posting
from requests.expiry import expire_case
from requests.models import Asking, CaseFile, Evidence
from requests.models_identity import Ended
from requests.sending import DoubtOpen
from tests import make_office as make
from tests import make_requests

pytestmark = pytest.mark.django_db
COLLEAGUE = "user:00000000-0000-4000-8000-000000000002"
PNG = b"\x89PNG\r\n\x1a\n" + b"picture of a passport"
DOUBT = "Your letter bears another signature than your contract."


@pytest.fixture(autouse=True)
def register():
    make.register()


@pytest.fixture
def access(mailoutbox):
    """Received on Sunday 22 November 2026: due on 22 December."""
    make.person("newsletter", token="TOKEN")
    return make.confirmed("access", mailbox=mailoutbox).requests.get()


def on(day, month=11):
    return make.NOW.replace(month=month, day=day)


def due(rights_request):
    rights_request.refresh_from_db()
    return rights_request.due_on


def ask(rights_request, now=None, **given):
    given = {"reason": "details-differ", "doubt": DOUBT, "ways": ["call-back", "photo-id"], **given}
    return identity_doubt.ask(rights_request, actor=make.OFFICER, now=now or on(24), **given)


def arrived(rights_request, now, **given):
    given = {"day": now.date(), "kind": "photo-id", "words": "Passport 533380006, picture like hers", **given}
    identity_doubt.arrived(rights_request, actor=make.OFFICER, now=now, **given)


def shown(rights_request, now):
    case = CaseFile.objects.get(pk=rights_request.case_id)
    return identity_doubt.shown(case, how="document", note="Passport 533380006", actor=make.OFFICER, now=now)


def test_the_clock_waits_for_the_proof_and_starts_when_it_arrives(access):
    asked = ask(access)
    assert due(access) is None
    text = letters.read(asked.letter)["text"]
    assert DOUBT in text
    assert text.index("telephone number that we hold") < text.index("shows your name and picture")
    arrived(access, on(30))
    assert due(access) == date(2026, 12, 30)
    shown(access, on(4, 12))
    # Looking at it took until 4 December, and that is our time, not theirs.
    assert due(access) == date(2026, 12, 30)
    asked.refresh_from_db()
    assert asked.ended == Ended.DONE
    assert not Entry.objects.filter(body__contains="signature").exists()


def test_what_was_not_enough_is_asked_again_and_the_later_receipt_governs(access):
    ask(access)
    arrived(access, on(30))
    again = identity_doubt.not_enough(
        access, doubt="The bill is from 2009.", ways=["code-by-post"], actor=make.OFFICER, now=on(2, 12)
    )
    assert due(access) is None
    assert "The bill is from 2009." in letters.read(again.letter)["text"]
    arrived(access, on(7, 12), kind="code-by-post", words="The code was right.")
    assert due(access) == date(2027, 1, 7)


def test_a_doubt_taken_back_restores_the_day_of_receipt(access):
    ask(access)
    arrived(access, on(30))
    identity_doubt.not_enough(access, doubt="Too dark.", ways=["call-back"], actor=make.OFFICER, now=on(2, 12))
    identity_doubt.withdraw(access, actor=make.OFFICER, now=on(3, 12))
    assert due(access) == date(2026, 12, 22)
    assert not Evidence.objects.filter(destroyed_at=None).exists()
    assert set(Asking.objects.values_list("ended", flat=True)) == {Ended.TAKEN_BACK}


def test_what_was_sent_is_destroyed_when_it_is_decided_and_that_is_evidence(access):
    ask(access)
    arrived(access, on(30), content=PNG)
    piece = Evidence.objects.get()
    assert DataKey.objects.filter(owner=Owner.IDENTITY, owner_id=piece.uuid).exists()
    assert b"passport" not in bytes(piece.sealed)
    note, media_type, content = identity_evidence.look(access.case, piece.uuid, actor=make.OFFICER, now=on(30))
    assert (note, media_type, content) == ("Passport •••006, picture like hers", "image/png", PNG)
    shown(access, on(4, 12))
    piece.refresh_from_db()
    assert piece.sealed is None
    assert not DataKey.objects.filter(owner=Owner.IDENTITY).exists()
    entry = Entry.objects.get(kind="identity.evidence-destroyed")
    assert str(piece.uuid) in entry.body
    assert entry.object == access.case.uuid
    case = CaseFile.objects.get(pk=access.case_id)
    assert case.identified_how == "document"
    kept = key_of(Owner.CASE, case.uuid).open("identity", bytes(case.identity_note)).decode()
    assert kept == "Passport •••006"


def test_evidence_does_not_outlive_its_case(access):
    ask(access)
    arrived(access, on(30), content=PNG)
    moves.step(access, "withdrawn", actor=make.OFFICER, now=on(1, 12))
    assert identity_evidence.destroy_forgotten(now=on(2, 12)) == 1
    assert identity_evidence.destroy_forgotten(now=on(2, 12)) == 0
    expire_case(CaseFile.objects.get(pk=access.case_id), now=on(3, 12))
    assert not Evidence.objects.exists()
    assert asking.words_of(Asking.objects.get()) == {}


def test_asked_late_it_waits_for_a_second_person(access, mailoutbox):
    """Five working days after Sunday 22 November are over on Friday 27 November."""
    assert identity_doubt.prompt_until(access) == date(2026, 11, 27)
    asked = ask(access, now=on(28))
    assert asked.is_late
    assert asked.letter is None
    assert due(access) == date(2026, 12, 22)
    deliver_due(now=on(28))
    assert "A second person is needed" in mailoutbox[-1].subject
    with pytest.raises(identity_doubt.NeedsSecondPerson):
        identity_doubt.approve(access, actor=make.OFFICER, now=on(28))
    approved = identity_doubt.approve(access, actor=COLLEAGUE, now=on(30))
    assert approved.given_on == date(2026, 11, 30)
    assert due(access) is None
    with pytest.raises(identity_doubt.NothingWaits):
        identity_doubt.approve(access, actor=COLLEAGUE, now=on(30))


def test_who_wrote_words_of_it_does_not_approve_it_through_another_request_of_the_case(mailoutbox):
    case = make.confirmed("access", "erasure", mailbox=mailoutbox)
    raised, other = case.requests.get(right="access"), case.requests.get(right="erasure")
    letter_words.save(raised, identity_doubt.LETTER, {"doubt": DOUBT}, actor=COLLEAGUE, now=on(28))
    ask(raised, now=on(28))
    for door in (raised, other):
        with pytest.raises(identity_doubt.NeedsSecondPerson):
            identity_doubt.approve(door, actor=COLLEAGUE, now=on(28))
    assert identity_doubt.approve(other, actor="user:somebody-else", now=on(28)).letter


def test_asked_in_time_it_needs_nobody_else(access):
    assert not ask(access, now=on(27)).is_late


def test_a_letter_that_came_back_asked_nothing(access):
    asked = ask(access)
    posting.bounced(asked.letter, actor="system:requests", now=on(25))
    assert due(access) == date(2026, 12, 22)
    with pytest.raises(asking.NotGivenYet):
        arrived(access, on(26))


def test_a_doubt_is_about_every_request_that_may_wait_and_about_no_other(mailoutbox):
    case = make.confirmed("access", "erasure", "objection", mailbox=mailoutbox)
    ask(case.requests.get(right="access"))
    assert dict(case.requests.values_list("right", "due_on")) == {
        "access": None,
        "erasure": None,
        "objection": date(2026, 12, 22),
    }
    with pytest.raises(asking.NeverWaits):
        ask(case.requests.get(right="objection"))
    with pytest.raises(asking.AlreadyAsked):
        ask(case.requests.get(right="erasure"))
    arrived(case.requests.get(right="erasure"), on(30))
    assert set(case.requests.values_list("due_on", flat=True)) == {date(2026, 12, 30), date(2026, 12, 22)}


def test_nothing_is_disclosed_while_a_doubt_is_open(access):
    answer.prepare_access(access, actor=make.OFFICER, now=on(23))
    ask(access)
    with pytest.raises(DoubtOpen):
        answer.release_access(access, actor=make.OFFICER, now=on(25))
    arrived(access, on(30))
    with pytest.raises(DoubtOpen):
        answer.release_access(access, actor=make.OFFICER, now=on(30))
    shown(access, on(30))
    access.refresh_from_db()
    answer.release_access(access, actor=make.OFFICER, now=on(30))
    assert not access.is_open


def test_called_back_before_anything_was_sent_the_call_is_the_proof():
    request = make_requests.case("access", now=make.NOW).requests.get()
    ask(request)
    deliver_due(now=on(26))
    case = CaseFile.objects.get()
    identity_doubt.shown(case, how="called-back", note="Called her.", actor=make.OFFICER, now=on(26))
    assert due(request) == date(2026, 12, 29)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"reason": "habit"}, "reason"),
        ({"doubt": " "}, "doubt"),
        ({"doubt": "x" * 4001}, "doubt"),
        ({"ways": []}, "ways"),
        ({"ways": ["photo-id", "letter-head"]}, "ways"),
        ({"ways": ["everything"]}, "ways"),
    ],
)
def test_a_doubt_is_reasonable_and_asks_for_no_more_than_it_needs(access, given, field):
    with pytest.raises(Invalid) as refusal:
        ask(access, **given)
    assert list(refusal.value.fields) == [field]
    assert due(access) == date(2026, 12, 22)


@pytest.mark.parametrize(
    "given",
    [
        {"words": "", "content": b""},
        {"words": "x" * 2001},
        {"content": b"MZ a program"},
        {"content": b"<svg onload=alert(1)>"},
        {"content": PNG + b"x" * identity_evidence.LARGEST},
        {"kind": "everything"},
        {"day": date(2026, 11, 23)},
        {"day": date(2026, 12, 31)},
    ],
)
def test_what_arrives_is_checked_and_nothing_half_done(access, given):
    ask(access)
    with pytest.raises(Invalid):
        arrived(access, on(30), **given)
    assert due(access) is None
    assert not Evidence.objects.exists()


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Passport 533380006 seen", "Passport •••006 seen"),
        ("licence MORGA657054SM9IJ", "licence •••9IJ"),
        ("NI QQ 12 34 56 C", "NI QQ •••456 C"),
        ("on 2026-11-20, invoice 4711 of 3 May", "on 2026-11-20, invoice 4711 of 3 May"),
        ("07700 900123", "•••123"),
    ],
)
def test_numbers_of_documents_are_masked(text, masked):
    assert identity_evidence.masked(text) == masked
