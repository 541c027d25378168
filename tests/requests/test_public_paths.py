"""Every way through the request form: not sure, several rights, by post, a wrong address, no mailbox, a complaint."""

import re

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from consents.models import Suppression
from core.models import Outbox
from core.outbox import deliver_due
from ledger.models import Entry
from requests import messages, representing
from requests.intake import claim_of
from requests.models import CaseFile, Complaint, RightsRequest
from requests.questions import OFFERED, WISHES
from requests.steps import ABOUT, STEPS, asked, barred, first_missing, wanted
from tests import make_consents

pytestmark = pytest.mark.django_db
NAME, EMAIL, DETAILS = ("name", {"name": "Grace Hopper"}), ("email", {"email": "grace@example.com"}), ("details", {})
ABOUT_EACH = {
    "not-sure": {"wish": ["rectification"]},
    "words": {"words": "Somebody called me."},
    "correction": {"wrong": "My street", "correct": "Sea Street"},
    "consent": {"purposes": ["newsletter", "other"]},
    "objection": {"objection": "Calls at night"},
    "pause": {"grounds": ["contested", "other"]},
    "transfer": {"receiver": "other", "organisation": "Octopus Ltd"},
    "decision": {"decision": "The refused application"},
}


@pytest.fixture(autouse=True)
def _fresh_cache():
    cache.clear()


def text_of(response):
    return re.sub(r"\s+", " ", response.content.decode())


def url_of(step):
    return "/rights/" if step == "rights" else f"/rights/{step}/"


def walk(client, *pages):
    """Answer each page; the last answer must lead to the check."""
    for step, answers in pages:
        response = client.post(url_of(step), answers)
        assert response.status_code == 302, (step, text_of(response))
    assert response.url == "/rights/check/", response.url
    return client.get("/rights/check/")


def send(client, *pages):
    page = walk(client, *pages)
    token = re.search(r'name="token" value="([^"]+)"', page.content.decode()).group(1)
    done = client.post("/rights/check/", {"token": token, "website": ""}, follow=True)
    assert done.redirect_chain[-1][0] == "/rights/sent/"
    return done, CaseFile.objects.get(uuid=token)


def rights_of(case):
    return set(case.requests.values_list("right", flat=True))


def test_every_right_is_offered_and_several_go_in_one_case(client):
    make_consents.live()
    chosen = [value for value, _label in OFFERED]
    done, case = send(client, ("rights", {"rights": chosen}), *list(ABOUT_EACH.items())[:1],
                      *list(ABOUT_EACH.items())[2:], NAME, EMAIL, DETAILS)  # fmt: skip
    assert rights_of(case) == {
        "access", "rectification", "erasure", "objection", "withdrawal", "restriction", "portability", "adm_review"
    }  # fmt: skip
    claim = claim_of(case)
    assert claim["rectification"] == "What is wrong or missing?\nMy street\nWhat is right? (optional)\nSea Street"
    assert claim["portability"].startswith("Another company or organisation\n")
    assert claim["portability"].endswith("Octopus Ltd")
    assert claim["objection"] == "Calls at night"
    assert claim["adm_review"] == "The refused application"
    assert "It is wrong" in claim["restriction"]
    for request in case.requests.all():
        assert request.reference in text_of(done)
    assert "Stopped at once:" in text_of(done)


def test_each_answer_is_shown_before_it_is_sent(client):
    make_consents.live()
    page = walk(client, ("rights", {"rights": ["rectification", "portability", "withdrawal"]}),
                *[(step, ABOUT_EACH[step]) for step in ("correction", "consent", "transfer")],
                NAME, EMAIL, DETAILS)  # fmt: skip
    client.post("/rights/transfer/", {"receiver": "me", "organisation": "Nobody Ltd"})
    assert "Nobody Ltd" not in text_of(client.get("/rights/check/"))
    for words in ("My street", "Sea Street", "Octopus Ltd", "Another one, or I do not remember", "grace@example.com"):
        assert words in text_of(page)
    assert text_of(page).count(">Change<") == 7


@pytest.mark.parametrize("step", [step for step in ABOUT_EACH if step not in ("not-sure", "words")])
def test_a_page_about_one_right_is_for_those_who_chose_it(client, step):
    client.post("/rights/", {"rights": ["access"]})
    assert client.get(url_of(step)).url == "/rights/name/"
    answers = {"rights": {"rights": [ABOUT[step].value]}}
    assert first_missing(answers) == step
    assert not barred(next(one for one in STEPS if one.name == step), answers)


@pytest.mark.parametrize(
    ("step", "right", "given", "target"),
    [
        ("not-sure", "unsure", {}, "id_wish_0"),
        ("correction", "rectification", {"correct": "x"}, "id_wrong"),
        ("consent", "withdrawal", {}, "id_purposes_0"),
        ("consent", "withdrawal", {"purposes": ["recruitment"]}, "id_purposes_0"),
        ("objection", "objection", {"objection": " "}, "id_objection"),
        ("pause", "restriction", {}, "id_grounds_0"),
        ("transfer", "portability", {}, "id_receiver_0"),
        ("transfer", "portability", {"receiver": "other"}, "id_organisation"),
        ("decision", "adm_review", {}, "id_decision"),
    ],
)
def test_mistakes_on_these_pages_are_named_where_they_are(client, step, right, given, target):
    client.post("/rights/", {"rights": [right]})
    page = text_of(client.post(url_of(step), given))
    assert f'<a href="#{target}">' in page
    assert f'id="{target}"' in page
    assert page.index("There is a problem") < page.index("<h1")
    assert page.count("<h1") == 1


def test_stopping_marketing_needs_no_further_question_and_stops_at_once(client):
    done, case = send(client, ("rights", {"rights": ["marketing"]}), NAME, EMAIL, DETAILS)
    assert rights_of(case) == {"objection"}
    assert Suppression.objects.filter(purpose=None).exists()
    assert "Stopped at once:</strong> All direct marketing." in text_of(done)


def test_a_consent_that_is_named_ends_and_marketing_with_it_only_if_that_was_said(client):
    make_consents.live()
    send(
        client, ("rights", {"rights": ["withdrawal"]}), ("consent", {"purposes": ["newsletter"]}), NAME, EMAIL, DETAILS
    )
    assert set(Suppression.objects.values_list("purpose__slug", flat=True)) == {"newsletter"}


def test_not_sure_is_answered_in_plain_words(client):
    assert client.post("/rights/", {"rights": ["unsure"]}).url == "/rights/not-sure/"
    _done, case = send(client, ("not-sure", {"wish": ["access"]}), NAME, EMAIL, DETAILS)
    assert rights_of(case) == {"access"}
    assert claim_of(case)["general"] == dict(WISHES)["access"]


def test_somebody_who_fits_nowhere_just_writes(client):
    done, case = send(client, ("rights", {"rights": ["unsure"]}), ("not-sure", {"wish": ["general"]}),
                      ("words", {"words": "Somebody called me."}), NAME, EMAIL)  # fmt: skip
    request = case.requests.get()
    assert request.right == "general"
    assert request.due_on
    assert claim_of(case)["general"] == "Somebody called me."
    assert "Look into what you wrote" in text_of(done)


def test_what_was_unchosen_again_is_not_sent():
    answers = {
        "rights": {"rights": ["access"]}, "not-sure": {"wish": ["erasure"]}, "objection": {"objection": "old words"},
        "name": {"name": "G"}, "email": {"email": "g@example.com"}, "details": {"details": ""},
    }  # fmt: skip
    assert wanted(answers) == ["access"]
    assert asked(answers)["answers"] == {}


def test_by_post_there_is_no_link_and_the_case_has_its_time(client):
    client.post("/rights/", {"rights": ["access"]})
    client.post("/rights/name/", NAME[1])
    assert 'href="/rights/address/"' in text_of(client.get("/rights/email/"))
    assert client.get("/rights/address/").status_code == 200
    assert "Enter your postal address" in text_of(client.post("/rights/address/", {"address": " "}))
    done, case = send(client, ("address", {"address": "1 Sea Street\nWhitby YO21 3PR"}), DETAILS)
    assert claim_of(case)["address"] == "1 Sea Street\nWhitby YO21 3PR"
    assert claim_of(case)["email"] == ""
    assert (case.confirm_hash, case.confirmed_at) == (None, None)
    assert case.requests.get().due_on
    assert not Outbox.objects.exists()
    assert "answer by post" in text_of(done)
    assert "Open the message" not in text_of(done)


def test_an_address_and_a_mailbox_replace_each_other(client):
    walk(client, ("rights", {"rights": ["access"]}), NAME, EMAIL, DETAILS)
    page = walk(client, ("address", {"address": "1 Sea Street"}))
    assert "1 Sea Street" in text_of(page)
    assert "grace@example.com" not in text_of(page)
    page = walk(client, ("email", {"email": "ada@example.com"}))
    assert "1 Sea Street" not in text_of(page)


def test_a_wrong_address_is_corrected_in_the_same_session_only(client, mailoutbox):
    assert client.get("/rights/sent/address/").url == "/"
    done, case = send(
        client, ("rights", {"rights": ["access"]}), NAME, ("email", {"email": "wrong@example.com"}), DETAILS
    )
    assert 'href="/rights/sent/address/"' in text_of(done)
    assert 'href="#id_email"' in text_of(client.post("/rights/sent/address/", {"email": "nonsense"}))
    assert Client().post("/rights/sent/address/", {"email": "thief@example.com"}).url == "/"
    changed = client.post("/rights/sent/address/", {"email": "right@example.com"}, follow=True)
    assert "The address is changed." in text_of(changed)
    case.refresh_from_db()
    assert claim_of(case)["email"] == "right@example.com"
    deliver_due(now=timezone.now())
    link = re.search(r"/rights/confirm/[^/\s]+/", mailoutbox[-1].body).group(0)
    client.post(link)
    assert client.post("/rights/sent/address/", {"email": "late@example.com"}).status_code == 409


def test_a_lost_mailbox_has_other_ways_and_one_answer(client):
    page = text_of(client.get("/rights/lost-mailbox/"))
    assert "mailto:" in page
    _done, case = send(client, ("rights", {"rights": ["access"]}), NAME, EMAIL, DETAILS)
    known, answers = case.requests.get().reference, []
    assert 'href="#id_message"' in text_of(client.post("/rights/lost-mailbox/", {"reference": known}))
    for reference in (known, "KP-2222-2222"):
        data = {"reference": reference, "message": "Call me."}
        answers.append(text_of(Client().post("/rights/lost-mailbox/", data, follow=True)))
    assert answers[0] == answers[1]
    assert [said.text for said in messages.said(case)] == ["Call me."]


def test_the_paper_form_names_every_right(client):
    page = text_of(client.get("/rights/paper/"))
    for value, label in OFFERED:
        assert (str(label) in page) is (value != "unsure")
    assert "complain" in page


def complain(client, **given):
    page = client.get("/complain/").content.decode()
    token = re.search(r'name="token" value="([^"]+)"', page).group(1)
    data = {"token": token, "complaint": "You called.", "name": "Grace Hopper", "email": "grace@example.com", **given}
    return client.post("/complain/", data, follow=True)


def test_a_complaint_gets_a_reference_and_a_date(client):
    done = complain(client)
    complaint = Complaint.objects.get()
    assert complaint.reference in text_of(done)
    assert "confirmed by e-mail" in text_of(done)
    assert claim_of(complaint.case)["complaint"] == "You called."
    assert not RightsRequest.objects.exists()
    by_post = complain(client, email="", address="1 Sea Street")
    assert "We confirm that we have it by" in text_of(by_post)


@pytest.mark.parametrize(
    ("given", "target"),
    [({"complaint": ""}, "id_complaint"), ({"email": ""}, "id_email"), ({"email": "x"}, "id_email"),
     ({"name": ""}, "id_name"), ({"website": "spam"}, "id_website")],
)  # fmt: skip
def test_a_complaint_that_lacks_something_is_shown_again(client, given, target):
    page = text_of(complain(client, **given))
    assert f'<a href="#{target}">' in page
    assert "You called." in page or "complaint" in given
    assert not Complaint.objects.exists()


ELSE = {
    "name": "Ada Lovelace",
    "age": "child",
    "capacity": "parent",
    "representative": "Annabella Byron, annabella@example.com",
}


def test_who_complains_for_another_says_so_and_nobody_else_is_asked(client):
    assert "<details><summary>I complain for somebody else" in client.get("/complain/").content.decode()
    wrong = complain(client, capacity="parent").content.decode()
    assert "<details open>" in wrong
    for sentence in ("Select how old they are", "Enter your own name"):
        assert sentence in wrong
    assert not Complaint.objects.exists()
    assert "Show us that you may complain" in text_of(complain(client, **ELSE))
    case = Complaint.objects.get().case
    assert (case.representation.capacity, case.representation.competence) == ("parent", "unknown")
    assert claim_of(case)["representative"] == ELSE["representative"]
    assert representing.is_missing(case)


def test_somebody_who_asks_for_another_says_so_on_one_page(client):
    client.post("/rights/", {"rights": ["access"]})
    page = text_of(client.get("/rights/name/"))
    assert 'href="/rights/somebody-else/"' in page
    wrong = text_of(client.post("/rights/somebody-else/", {}))
    for sentence in ("full name of the person", "Select how old", "Select who you are", "Enter your own name"):
        assert sentence in wrong
    assert client.post("/rights/somebody-else/", ELSE).url == "/rights/email/"
    assert "that person use with us" in text_of(client.get("/rights/email/"))
    assert "that person" in text_of(client.get("/rights/address/"))
    done, case = send(client, ("rights", {"rights": ["access"]}), ("somebody-else", ELSE), EMAIL, DETAILS)
    assert "Show us that you may ask" in text_of(done)
    assert (case.representation.capacity, case.representation.competence) == ("parent", "unknown")
    claim = claim_of(case)
    assert (claim["name"], claim["representative"]) == (ELSE["name"], ELSE["representative"])
    assert representing.is_missing(case)
    assert Entry.objects.filter(kind="case.represented", object=case.uuid).count() == 1


def test_going_back_to_oneself_takes_the_other_person_out(client):
    pages = [("rights", {"rights": ["access"]}), ("somebody-else", ELSE), NAME, EMAIL, DETAILS]
    assert "Their e-mail address" not in text_of(walk(client, *pages))
    _done, case = send(client, *pages)
    assert not hasattr(case, "representation")
    assert claim_of(case)["representative"] == ""


@pytest.mark.parametrize("where", [EMAIL, ("address", {"address": "1 Sea Street, Whitby"})])
@pytest.mark.parametrize("pages", [(NAME, ("somebody-else", ELSE)), (("somebody-else", ELSE), NAME)])
def test_the_mailbox_of_one_person_never_becomes_that_of_the_other(client, pages, where):
    """Whoever changes whose request it is, is asked again where that person is reached."""
    before, after = pages
    walk(client, ("rights", {"rights": ["access"]}), before, where, DETAILS)
    assert client.post(url_of(after[0]), after[1]).url == "/rights/email/"
    page = text_of(client.get("/rights/email/"))
    assert "grace@example.com" not in page
    assert client.get("/rights/check/").url == "/rights/email/"
    other = text_of(walk(client, ("email", {"email": "ada@example.com"})))
    assert "ada@example.com" in other
    assert "grace@example.com" not in other
    assert "1 Sea Street" not in other
    # The same person put right keeps what was given.
    assert client.post(url_of(after[0]), after[1]).url == "/rights/check/"


def test_what_ended_for_another_person_is_confirmed_to_them(client):
    make_consents.live()
    pages = [("rights", {"rights": ["withdrawal"]}), ("consent", {"purposes": ["newsletter"]})]
    done, _case = send(client, *pages, ("somebody-else", ELSE), EMAIL, DETAILS)
    page = text_of(done)
    assert "to that person's address confirms what has ended" in page
    assert "on its way to you" not in page
