"""Taking a consent back: in force when it is said, from any door; closed by itself; proved to the person."""

import json
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from consents.models import ConsentState, Suppression
from consents.suppression import hashes_of
from core import apikeys
from core.outbox import deliver_due
from ledger import signing
from requests import address, letters, moves, triage, ways, withdrawing
from requests.models import RightsRequest
from requests.two_people import TwoPeopleNeeded
from subjects.identifiers import Claim
from tests import make_consents, make_requests
from tests import make_office as make

pytestmark = pytest.mark.django_db
NOW = make.NOW


@pytest.fixture(autouse=True)
def register():
    return make.register(manual=True)


def withdrawal(**given):
    return make_requests.case("withdrawal", now=NOW, **{"stop": ["newsletter"], **given}).requests.get()


def stopped(*claims):
    found = Suppression.objects.filter(hash__in=hashes_of([Claim(*claim) for claim in claims]))
    return {row.purpose and row.purpose.slug for row in found.select_related("purpose")}


def mails(mailoutbox, now=NOW):
    deliver_due(now=now)
    return [(mail.subject.split(":")[0], mail.to[0]) for mail in mailoutbox]


def test_it_is_in_force_answered_and_proved_at_once(mailoutbox):
    subject = make.person("newsletter")
    make.consent(subject)
    found = withdrawal()
    assert (found.state, found.due_on, found.tasks.count()) == ("fulfilled", None, 0)
    assert found.case.closed_at == NOW
    # The state as the withdrawal made it, on the channel it was given for and on every other.
    assert set(ConsentState.objects.values_list("status", flat=True)) == {"withdrawn"}
    assert mails(mailoutbox) == [("Your consent is withdrawn", make.EMAIL)]
    for body in (mailoutbox[0].body, mailoutbox[0].alternatives[0][0]):
        proof = re.search(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", body).group(0)
        receipt = json.loads(signing.verify(proof))
        assert receipt["choices"] == [{"purpose": "newsletter", "status": "withdrawn"}]
        assert "Newsletter" in body
        assert "sub" not in receipt


def test_somebody_we_do_not_know_gets_the_same(mailoutbox):
    """And nobody's name is carried to a mailbox that was not shown to be theirs."""
    known, unknown = "grace@example.com", "nobody@example.com"
    make.consent(make.person("newsletter", email=known))
    found = [withdrawal(email=email) for email in (known, unknown)]
    assert {row.state for row in found} == {"fulfilled"}
    assert stopped(("email", unknown)) == stopped(("email", known)) == {"newsletter"}
    mails(mailoutbox)
    texts = [re.sub(r"KP-\S+|eyJ\S+", "", mail.body) for mail in mailoutbox]
    assert texts[0] == texts[1]
    assert "Hopper" not in texts[0]


def test_without_saying_which_every_consent_ends_and_the_number_too():
    make_consents.live("surveys", direct_marketing=False, channels=[])
    case = make_requests.open_case(
        rights=["withdrawal"],
        requester={"email": make.EMAIL, "phone": "020 7946 0123"},
        details="I take my consent back.",
        channel="phone",
        received_at=NOW,
        received_on=None,
        locale="en-GB",
        actor="user:x",
        now=NOW,
    )
    assert case.requests.get().state == "fulfilled"
    for claim in (("email", make.EMAIL), ("phone", "+442079460123")):
        assert stopped(claim) == {None, "newsletter", "surveys"}
    assert "surveys" in case.requests.get().result["stopped"]


def test_beside_another_right_only_that_one_stays_open(mailoutbox):
    case = make_requests.case("withdrawal", "access", now=NOW, stop=["newsletter"])
    states = dict(case.requests.values_list("right", "state"))
    assert states == {"withdrawal": "fulfilled", "access": "received"}
    assert case.closed_at is None
    subjects = [subject for subject, _to in mails(mailoutbox)]
    assert len(subjects) == 2
    acknowledgement = next(mail for mail in mailoutbox if "withdrawn" not in mail.subject)
    references = dict(case.requests.values_list("right", "reference"))
    assert references["access"] in acknowledgement.body
    assert references["withdrawal"] not in acknowledgement.body


def test_by_the_api_it_is_answered_in_the_call_that_made_it(mailoutbox):
    _key, secret = apikeys.create("test", ["requests:write", "requests:read"])
    api = Client(headers={"Authorization": f"Api-Key {secret}"})
    body = {"rights": ["withdrawal"], "requester": {"email": make.EMAIL}, "details": "Please stop.", "channel": "api"}
    response = api.post("/api/v1/requests/", json.dumps(body), content_type="application/json")
    made = response.json()["requests"][0]
    assert (response.status_code, made["due"]) == (202, None)
    shown = api.get(f"/api/v1/requests/{made['reference']}/").json()
    assert (shown["state"], shown["allowed_moves"]) == ("fulfilled", ["in_progress"])
    assert None in stopped(("email", make.EMAIL))


def test_on_the_web_page_it_is_done(client):
    client.post("/rights/", {"rights": ["withdrawal"]})
    client.post(reverse("requests:consent"), {"purposes": ["newsletter"]})
    client.post(reverse("requests:name"), {"name": "Grace Hopper"})
    client.post(reverse("requests:email"), {"email": make.EMAIL})
    page = client.post(reverse("requests:details"), {"details": ""}, follow=True).content.decode()
    token = re.search(r'name="token" value="([^"]+)"', page).group(1)
    done = " ".join(client.post(reverse("requests:check"), {"token": token}, follow=True).content.decode().split())
    assert "You need do nothing more." in done
    assert "due by" not in done
    assert "None" not in done


def test_found_in_somebodys_own_words_it_ends_when_staff_name_it(mailoutbox):
    message = make_requests.case("general", now=NOW).requests.get()
    opened = triage.name_right(message, "withdrawal", actor=make.OFFICER, now=NOW)
    assert opened.state == "fulfilled"
    assert ("Your consent is withdrawn", make.EMAIL) in mails(mailoutbox)


def test_a_wrong_address_put_right_is_told_again(mailoutbox):
    found = withdrawal(email="wrong@example.com")
    address.correct(found.case.uuid, "ada@example.org", now=NOW + timedelta(minutes=1))
    assert mails(mailoutbox, NOW + timedelta(minutes=1)) == [("Your consent is withdrawn", "ada@example.org")]
    assert stopped(("email", "ada@example.org")) == {"newsletter"}
    found.refresh_from_db()
    assert found.state == "fulfilled"


def test_nobody_can_have_a_stranger_written_to_again_and_again(mailoutbox):
    states = {withdrawal().state for _time in range(8)}
    assert states == {"fulfilled"}
    assert len(mails(mailoutbox)) == 5


def test_a_letter_that_names_nobody_waits_until_it_is_known_whose_it_is(settings):
    settings.TWO_PERSON_RELEASE = True
    found = make_requests.case("withdrawal", email="", now=NOW).requests.get()
    assert found.state == "received"
    with pytest.raises(withdrawing.NobodyNamed):
        ways.draft(found, now=NOW)
    subject = make.person("newsletter")
    make.consent(subject)
    found.case.subject = subject
    found.case.save(update_fields=["subject"])
    kind, context = ways.draft(found, now=NOW)
    assert kind == "withdrawal_confirmation"
    assert "Newsletter" in context["stopped"]
    ways.release(found, actor=make.OFFICER, now=NOW)
    ways.release(found, actor=make.OFFICER, now=NOW)
    found.refresh_from_db()
    assert found.state == "fulfilled"
    assert set(ConsentState.objects.values_list("status", flat=True)) == {"withdrawn"}
    letter = make_requests.written().get(request=found)
    assert (letter.kind, letter.is_given) == ("withdrawal_confirmation", False)
    assert "Hopper" in letters.read(letter)["text"]


def test_taken_up_again_it_is_due_again_and_stays_in_force():
    found = withdrawal()
    moves.step(found, "in_progress", actor=make.OFFICER, now=NOW)
    found.refresh_from_db()
    assert (found.state, found.result["stopped"]) == ("in_progress", ["newsletter"])
    assert found.due_on
    ways.release(found, actor=make.OFFICER, now=NOW)
    found.refresh_from_db()
    assert found.state == "fulfilled"
    assert found.letters.count() == 2


def test_the_two_person_rule_holds_where_people_worked_on_it(settings, monkeypatch):
    settings.TWO_PERSON_RELEASE = True
    found = withdrawal()
    moves.step(found, "in_progress", actor=make.OFFICER, now=NOW)
    monkeypatch.setattr("requests.two_people.preparers", lambda rights_request: {make.OFFICER})
    with pytest.raises(TwoPeopleNeeded):
        ways.release(found, actor=make.OFFICER, now=NOW)


def test_staff_close_one_that_began_elsewhere(client):
    found = make_requests.case("withdrawal", now=timezone.now(), acknowledged=True).requests.get()
    assert found.state == "received"
    client.force_login(make.staff())
    page = client.post(reverse("admin:rights-review", args=[found.uuid])).content.decode()
    assert "Your consent is withdrawn" in page
    client.post(reverse("admin:rights-release", args=[found.uuid]))
    assert RightsRequest.objects.get(pk=found.pk).state == "fulfilled"
