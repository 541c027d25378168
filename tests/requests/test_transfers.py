"""Data straight to another controller: to a real server that dies, refuses and talks too much; or by a link, once."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.urls import reverse

from core import outbox
from core.errors import Invalid
from core.models import Outbox
from ledger import signing
from ledger.models import Entry
from requests import letters, next_step, package, porting, transfer_links, transfer_post, transfers, ways
from requests.casework import gather
from requests.models import Package, RightsRequest, Transfer
from requests.sending import Unconfirmed
from requests.two_people import TwoPeopleNeeded
from tests import make_office as make
from tests import make_requests, make_staff, make_subjects, make_transfers
from tests.make_transfers import deliver, instruct

pytestmark = pytest.mark.django_db
NOW, OFFICER = make.NOW, make.OFFICER


@pytest.fixture
def receiver(tmp_path, settings):
    with make_transfers.receiving(tmp_path, settings) as made:
        yield made


@pytest.fixture
def found(mailoutbox):
    return make_transfers.prepared(mailoutbox)


@pytest.fixture
def large(found):
    """More than a socket takes in one go."""
    content = "".join(f"{line * 7919 % 1_000_003:x}" for line in range(250_000))
    make_subjects.item(found.case.subject, "newsletter", content=content, category="name", now=NOW)
    porting.prepare(found, actor=OFFICER, now=NOW)
    return found


def sent(found, receiver, mode="take"):
    receiver.start(mode)
    transfer = instruct(found, receiver.port)
    transfers.start(transfer, actor=OFFICER, now=NOW)
    deliver()
    transfer.refresh_from_db()
    return transfer


def test_they_get_it_signed_and_their_receipt_is_kept(found, receiver):
    transfer = sent(found, receiver)
    assert transfer.state == "delivered"
    made = Package.objects.get(request=found)
    assert receiver.kept[0].name == f"{transfer.uuid}.zip"
    assert zipfile.ZipFile(receiver.kept[0]).testzip() is None
    statement = json.loads(signing.verify(receiver.log[0]["manifest"]))
    assert (statement["sha256"], statement["bytes"]) == (made.sha256, made.size)
    assert (statement["id"], statement["reference"]) == (str(transfer.uuid), found.reference)
    shown = transfers.shown(found)[0]
    assert (shown.name, shown.receipt["status"]) == ("Octopus Ltd", 201)
    assert json.loads(shown.receipt["answer"])["received"] == str(transfer.uuid)
    assert b"Octopus" not in bytes(transfer.sealed) + bytes(transfer.receipt)
    entry = Entry.objects.get(kind="transfer.delivered")
    assert entry.uuid == transfer.entry
    assert "Octopus" not in entry.body
    assert Outbox.objects.filter(kind="transfer", payload=None).count() == 1


@pytest.mark.parametrize(("mode", "kept_before"), [("stop-in-the-middle", 0), ("stop-before-the-answer", 1)])
def test_killed_on_the_way_it_is_sent_again_and_known_by_its_id(large, receiver, mode, kept_before):
    receiver.start(mode)
    transfer = instruct(large, receiver.port)
    transfers.start(transfer, actor=OFFICER, now=NOW)
    with receiver.killed_once_it_has_begun():
        assert not deliver()
    transfer.refresh_from_db()
    assert (transfer.state, len(receiver.kept)) == ("sending", kept_before)
    receiver.start()
    assert deliver(NOW + timedelta(minutes=1))
    transfer.refresh_from_db()
    assert transfer.state == "delivered"
    assert [line["key"] for line in receiver.log] == [str(transfer.uuid)] * 2
    assert [line["known"] for line in receiver.log] == [False, bool(kept_before)]
    assert len(receiver.kept) == 1
    with pytest.raises(transfers.NotNow):
        transfers.start(transfer, actor=OFFICER, now=NOW)


def test_a_busy_server_is_asked_again_and_a_silent_one_is_given_up_on(found, receiver):
    transfer = sent(found, receiver, "busy")
    assert transfer.state == "sending"
    receiver.stop()
    at = NOW
    for _try in range(outbox.ATTEMPTS):
        at += timedelta(hours=7)
        if Outbox.objects.filter(kind="transfer", dead_at=None).exists():
            assert not deliver(at)
    assert transfers.note_dead(now=at) == 1
    transfer.refresh_from_db()
    assert (transfer.state, transfer.error) == ("failed", "no-answer")
    receiver.start()
    transfers.start(transfer, actor=OFFICER, now=at)
    assert deliver(at)
    assert Transfer.objects.get().state == "delivered"


@pytest.mark.parametrize("mode", ["redirect", "refuse"])
def test_a_refusal_is_for_people_and_nobody_is_followed_elsewhere(found, receiver, mode):
    transfer = sent(found, receiver, mode)
    assert (transfer.state, transfer.error) == ("failed", "answer-refused")
    assert len(receiver.log) == 1


def test_of_a_long_answer_only_the_beginning_is_kept(found, receiver):
    sent(found, receiver, "talk")
    assert len(transfers.shown(found)[0].receipt["answer"]) <= transfer_post.ANSWER


def test_a_slow_receiver_does_not_hold_the_worker(found, receiver, monkeypatch):
    monkeypatch.setattr(transfer_post, "SECONDS", -1)
    assert sent(found, receiver).state == "sending"
    assert Outbox.objects.get(kind="transfer").error == "TooSlow"


def test_taken_back_before_it_left_it_does_not_go(found, receiver):
    receiver.start()
    transfer = instruct(found, receiver.port)
    transfers.start(transfer, actor=OFFICER, now=NOW)
    transfers.cancel(transfer, actor=OFFICER, now=NOW)
    assert deliver()
    assert receiver.log == []


def test_made_anew_the_old_set_is_not_sent(found, receiver):
    receiver.start()
    transfer = instruct(found, receiver.port)
    transfers.start(transfer, actor=OFFICER, now=NOW)
    porting.prepare(found, actor=OFFICER, now=NOW + timedelta(minutes=1))
    deliver()
    transfer.refresh_from_db()
    assert (transfer.error, receiver.log) == ("set-changed", [])
    # It is another set: under the old id they could take it for one that they have.
    again = transfers.start(transfer, actor=OFFICER, now=NOW + timedelta(minutes=2))
    transfer.refresh_from_db()
    assert (transfer.state, again.state) == ("cancelled", "sending")
    assert again.uuid != transfer.uuid
    assert transfers.details_of(again) == transfers.details_of(transfer)
    assert [one["name"] for one in transfers.for_letter(found)] == [transfers.details_of(again)["name"]]


def test_nothing_goes_without_an_instruction_of_somebody_we_know(found, mailoutbox, settings):
    settings.OUTGOING_NETWORKS = make_transfers.LOOPBACK
    for field in ("name", "words", "told"):
        with pytest.raises(Invalid) as refused:
            instruct(found, **{field: ""})
        assert set(refused.value.fields) == {field}
    for address in (
        "ftp://example.com/",
        "https://u:p@example.com/",
        "https://",
        "javascript:alert(1)",
        "https://x y/",
    ):
        with pytest.raises(Invalid):
            instruct(found, address=address)
    unproven = make_requests.case("portability", email="ada@example.com", now=NOW).requests.get()
    with pytest.raises(Unconfirmed):
        instruct(unproven)


def test_a_refused_instruction_keeps_what_was_typed(found):
    officer = make_staff.client_of(make_staff.account("typist", "dpo"))
    typed = {
        "name": "Octopus Ltd",
        "address": "http://octopus.example/",
        "told": "phone",
        "words": "Send it to Octopus.",
    }
    page = officer.post(reverse("admin:rights-transfer", args=[found.uuid]), typed).text
    assert "Send it to Octopus.</textarea>" in page
    assert 'value="http://octopus.example/"' in page
    assert '<option value="phone" selected>' in page
    assert not Transfer.objects.exists()


def test_two_people(found, receiver, settings):
    settings.TWO_PERSON_RELEASE = True
    transfer = instruct(found)
    with pytest.raises(TwoPeopleNeeded):
        transfers.start(transfer, actor=OFFICER, now=NOW)
    transfers.start(transfer, actor="user:somebody-else", now=NOW)


def next_steps(found):
    return next_step.of(found, gather(found, now=NOW), today=NOW.date())


def test_the_letter_says_whether_they_have_it(found, receiver):
    receiver.start("busy")
    transfer = instruct(found, receiver.port)
    ways.release(found, actor=OFFICER, now=NOW)
    found.refresh_from_db()
    assert found.state == "partly_answered"
    assert "We have not sent it to them yet." in letters.read(letters.latest(found))["text"]
    assert "or record that it is not to be sent." in str(next_steps(found)[0].sentence)
    transfers.start(transfer, actor=OFFICER, now=NOW)
    assert "It is on its way to" in str(next_steps(found)[0].sentence)
    ways.release(found, actor=OFFICER, now=NOW)
    assert found.letters.count() == 1
    (receiver.folder / "mode").write_text("take")
    deliver()
    ways.release(RightsRequest.objects.get(pk=found.pk), actor=OFFICER, now=NOW)
    found.refresh_from_db()
    assert found.state == "fulfilled"
    assert "They confirmed that they have it." in letters.read(letters.latest(found))["text"]


def test_a_link_works_once_for_three_days_and_for_this_set_alone(found):
    ways.release(found, actor=OFFICER, now=NOW)
    made = Package.objects.get(request=found)
    token = transfer_links.offer(made, name="Octopus Ltd", now=NOW).rsplit("/", 2)[1]
    assert transfer_links.behind(token, now=NOW).told == "page"
    transfer, _made, content = transfer_links.hand_over(token, now=NOW)
    assert zipfile.ZipFile(io.BytesIO(b"".join(content))).testzip() is None
    transfer.refresh_from_db()
    assert (transfer.state, transfer.sha256) == ("delivered", made.sha256)
    old = transfer_links.offer(made, name="Late Ltd", now=NOW).rsplit("/", 2)[1]
    for gone, at in ((token, NOW), (old, NOW + transfer_links.LINK_LIVES), ("x" * 43, NOW)):
        with pytest.raises(transfer_links.NotHere):
            transfer_links.hand_over(gone, now=at)
    for _number in range(transfer_links.LINKS - 1):
        transfer_links.offer(made, name="Many Ltd", now=NOW)
    with pytest.raises(transfer_links.TooManyLinks):
        transfer_links.offer(made, name="Many Ltd", now=NOW)
    package.drop_old(now=NOW + package.KEPT * 2)
    with pytest.raises(transfer_links.NotHere):
        transfer_links.behind(old, now=NOW)
