"""What somebody was told by itself when something came in: kept with the case, without the link that opens it."""

import re
from datetime import timedelta

import pytest
from django.db import transaction

from core.models import Outbox
from core.outbox import deliver_due
from inbox.bounces import bounced
from ledger.models import Entry
from requests import address, identity, letters, posting
from requests.letter_samples import SAMPLES
from requests.models import Letter, RightsRequest
from requests.personal import Letters
from tests import make_office as make
from tests import make_requests
from tests.make_complaints import complain
from tests.make_requests import NOW

pytestmark = pytest.mark.django_db
TOKEN = re.compile(r"/rights/confirm/([^/\s\"]+)/")


@pytest.fixture
def officer(client):
    client.force_login(make.staff())
    return client


def ours():
    return Letter.objects.select_related("case", "request", "complaint").get()


def sent(mailoutbox, now=NOW):
    """The mail to the person, with its own token."""
    deliver_due(now=now)
    mail = next(mail for mail in mailoutbox if TOKEN.search(mail.body))
    return mail.body, TOKEN.search(mail.body).group(1)


def test_what_a_request_was_told_is_kept_word_for_word_without_its_link(mailoutbox):
    case = make_requests.case("access", "erasure")
    letter = ours()
    assert (letter.case, letter.request, letter.complaint, letter.kind) == (case, None, None, "request_received")
    assert (letter.given_by, letter.given_on, letter.created_at) == ("email", NOW.date(), NOW)
    before = letters.read(letter)
    body, token = sent(mailoutbox)
    link = next(line for line in body.splitlines() if token in line)
    told = letters.read(ours())
    assert told == before
    assert body.replace(link, "[a link to the page of your request]") in told["text"]
    for reference in RightsRequest.objects.values_list("reference", flat=True):
        assert reference in told["text"]
        assert reference in told["html"]
    assert token not in str(told)


def test_the_words_that_left_stay_whatever_becomes_of_what_they_were_made_of(mailoutbox):
    controller = make.controller()
    make_requests.case("access")
    name = controller.name
    body, _token = sent(mailoutbox)
    Outbox.objects.all().delete()
    controller.name = "Another Name Ltd"
    controller.save()
    told = letters.read(ours())["text"]
    assert name in body
    assert name in told
    assert "Another Name" not in told
    for changed in ({"sealed": b"something else"}, {"template_version": Letter.FACTS}):
        with pytest.raises(Exception, match="Cannot update"), transaction.atomic():
            Letter.objects.update(**changed)


def test_a_mail_that_is_tried_again_says_what_its_copy_says(mailoutbox, settings):
    controller = make.controller()
    make_requests.case("access")
    name, works = controller.name, settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "nowhere.Backend"
    deliver_due(now=NOW)
    before = letters.read(ours())
    controller.name = "Another Name Ltd"
    controller.save()
    settings.EMAIL_BACKEND = works
    body, token = sent(mailoutbox, now=NOW + timedelta(minutes=5))
    mail = mailoutbox[-1]
    assert name in body
    assert "Another Name" not in body + mail.subject + mail.alternatives[0].content
    assert f"/rights/confirm/{token}/" in mail.alternatives[0].content
    assert letters.read(ours()) == before
    link = next(line for line in body.splitlines() if token in line)
    assert body.replace(link, "[a link to the page of your request]") in before["text"]


def test_a_complaint_likewise_and_if_it_came_back_it_was_none(mailoutbox):
    complaint = complain()
    letter = ours()
    assert (letter.complaint, letter.outbox) == (complaint, complaint.acknowledged_message)
    body, token = sent(mailoutbox)
    told = letters.read(letter)
    assert complaint.reference in told["text"]
    assert "[a link to the page of your complaint]" in told["text"]
    assert token in body
    assert token not in str(told)
    assert bounced(letter.outbox, actor="system:inbox", now=NOW)
    complaint.refresh_from_db()
    assert complaint.acknowledged_at is None
    deliver_due(now=NOW)
    assert "An acknowledgement came back" in mailoutbox[-1].subject


@pytest.mark.parametrize("right", ["objection", "access"])
def test_staff_see_what_was_told_and_whether_it_left(officer, mailoutbox, right):
    make.register()
    found = make_requests.case(right).requests.get()
    page = f"/admin/rights/{found.uuid}/"
    assert "not sent yet: the e-mail is waiting to leave" in officer.get(page).text
    deliver_due(now=NOW)
    shown = officer.get(page).text
    assert "We have received your request" in shown
    assert "sent by itself by e-mail on" in shown
    letter = Letter.objects.get(kind="request_received")
    assert found.reference in officer.post(f"/admin/rights/letters/{letter.uuid}/").text
    assert officer.post(f"/admin/rights/letters/{letter.uuid}/letter.pdf").content.startswith(b"%PDF")
    bounced(letter.outbox, actor="system:inbox", now=NOW)
    shown = officer.get(page).text
    assert "The e-mail came back" in shown
    # Its link is not kept, so there is nothing to send again or to post: an acknowledgement can be written.
    assert f"/admin/rights/letters/{letter.uuid}/again/" not in shown
    assert f"/admin/rights/letters/{letter.uuid}/posted/" not in shown
    letter.refresh_from_db()
    with pytest.raises(posting.SentByItself):
        posting.mark_posted(letter, day=NOW.date(), actor=make.OFFICER, now=NOW)
    assert not Letter.objects.owed().filter(pk=letter.pk).exists()


def test_a_later_copy_has_it_in_it(mailoutbox):
    make.register()
    case = make.confirmed("access", mailbox=mailoutbox, now=NOW)
    exported = Letters().export(case.subject)
    assert any(case.requests.get().reference in one["text"] for one in exported)


def test_what_never_left_was_told_to_nobody():
    """The address was put right before the mail left: it goes to the right one, and only that is kept."""
    case = make_requests.case("access", email="grase@example.com")
    first = ours()
    address.correct(case.uuid, "grace@example.com", now=NOW + timedelta(minutes=1))
    assert ours() != first
    assert Outbox.objects.get().uuid == ours().outbox


def test_an_address_that_had_too_many_is_told_nothing_and_nothing_is_kept():
    for _ in range(7):
        make_requests.case()
    assert Letter.objects.count() == Outbox.objects.count() == 5


@pytest.mark.parametrize("is_right_now", [True, False])
def test_a_complaint_whose_mail_never_left_was_not_acknowledged(is_right_now):
    """Its mail is dropped because nobody proved the mailbox, or because the address was wrong."""
    complaint = complain()
    if is_right_now:
        address.correct(complaint.case.uuid, "hopper@example.com", now=NOW)
    else:
        identity.accept(complaint.case, how="in-person", note="We know her.", now=NOW, actor=make.OFFICER)
    complaint.refresh_from_db()
    assert (complaint.acknowledged_at, complaint.acknowledged_how, complaint.acknowledged_message) == (None, "", None)
    assert not Letter.objects.exists()
    kinds = list(Entry.objects.filter(object=complaint.uuid).order_by("id").values_list("kind", flat=True))
    assert kinds[-1] == "complaint.acknowledgement-came-back"


def test_what_was_on_its_way_when_staff_saw_who_it_is_was_told_to_nobody():
    """The copy goes with its mail; a letter of ours is to be posted."""
    make.register()
    case = make_requests.case("access")
    letter = letters.write("extension", case.requests.get(), SAMPLES["extension"], now=NOW)
    posting.send(letter, actor=make.OFFICER, now=NOW)
    identity.accept(case, how="in-person", note="We know her.", now=NOW, actor=make.OFFICER)
    assert ours() == Letter.objects.owed().get() == letter
    assert not Outbox.objects.exists()


def test_a_proof_that_never_left_gives_way_to_the_one_for_the_right_address():
    make_requests.case("withdrawal", email="grase@example.com", stop=["all-marketing"])
    first = ours()
    address.correct(first.case.uuid, "grace@example.com", now=NOW + timedelta(minutes=1))
    assert ours() != first
    assert ours().is_given
    assert Outbox.objects.get(kind=Outbox.Kind.MAIL).uuid == ours().outbox
