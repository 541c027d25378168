"""Objections: marketing ends when it is said; the rest is held still, weighed purpose by purpose, and answered."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from consents import assessments, permission
from consents.models import Suppression
from core import apikeys
from core.errors import Invalid
from core.outbox import deliver_due
from ledger.models import Entry
from processing.models import Purpose
from requests import answer, decisions, duplicates, identity, letters, moves, objecting, restricted_use, ways
from requests.models import RightsRequest
from requests.two_people import TwoPeopleNeeded
from subjects import erasure, people, relationships, restrictions
from subjects.identifiers import Claim
from subjects.models import RestrictedUse, Restriction
from tests import make_consents, make_register, make_requests
from tests import make_office as make

pytestmark = pytest.mark.django_db
NOW = make.NOW
WORDS = "You were refused twice for chargebacks; without the check we would deliver on credit again."


@pytest.fixture(autouse=True)
def register():
    found = make.register()
    found["fraud-screening"] = make_register.purpose("fraud-screening", "f", categories=("name",))
    found["contact-enquiries"] = make_register.purpose("contact-enquiries", "f", categories=("name",))
    for slug in ("fraud-screening", "contact-enquiries"):
        make_consents.assessment(found[slug], approved=NOW - timedelta(days=30))
    return found


@pytest.fixture
def subject(register):
    made = make.person("fraud-screening", "contact-enquiries", "contract-administration")
    for slug in ("fraud-screening", "contact-enquiries"):
        relationships.establish(made, register[slug], role="prospect", ground="met", now=NOW, actor="x")
    return made


def objection(mailoutbox=None, **given):
    given = {"stop": [], "answers": {"objection": "I was a victim of identity theft."}, "now": NOW, **given}
    if mailoutbox is None:
        return make_requests.case("objection", **given).requests.get()
    return make.confirmed("objection", mailbox=mailoutbox, **given).requests.get()


def reason(who, slug, now=NOW):
    verdict = permission.may_process(who, slug, now=now)
    return ("+" if verdict.allowed else "") + verdict.reason


def weigh(found, slug, code, note=""):
    purpose = Purpose.objects.get(slug=slug)
    outcome = decisions.reason(code).outcome
    return decisions.decide(found, purpose, outcome, code, note, actor=make.OFFICER, now=NOW)


def held():
    return set(Restriction.objects.filter(lifted_at=None).values_list("purpose__slug", flat=True))


def test_marketing_alone_is_answered_when_it_is_said(mailoutbox):
    found = objection(stop=["all-marketing"], answers={})
    assert (found.state, found.due_on, found.tasks.count()) == ("fulfilled", None, 0)
    deliver_due(now=NOW)
    assert [mail.subject.split(":")[0] for mail in mailoutbox] == ["We have stopped marketing to you"]
    assert "All direct marketing" in mailoutbox[0].body
    assert "eyJ" in mailoutbox[0].body
    assert make_consents.reason(make.EMAIL, "direct-sales", now=NOW) == "objected"


def test_what_is_held_still_because_of_an_objection_is_not_kept_from_a_deletion(subject, register, mailoutbox):
    make.person("direct-sales")
    objection(mailoutbox)
    assert "direct-sales" in held()
    found = make.confirmed("erasure", mailbox=mailoutbox).requests.get()

    def proposed():
        return {line.purpose.slug: line.proposal.reason for line in decisions.lines(found, now=NOW)}

    before = proposed()
    assert (before["direct-sales"], before["fraud-screening"]) == ("marketing-objection", "objection-open")
    # What the person asked us to keep is another matter: one record, or a whole purpose.
    item = subject.items.get(needs__purpose__slug="contract-administration")
    by = {"now": NOW, "actor": "x"}
    restrictions.restrict(subject, ground="accuracy", item=item, **by)
    assert proposed() == before | {"contract-administration": "restriction-stands"}
    restrictions.restrict(subject, ground="claims", purpose=register["direct-sales"], **by)
    assert proposed()["direct-sales"] == "restriction-stands"


def test_marketing_stays_stopped_when_the_person_is_erased(register, mailoutbox):
    person = make.person("direct-sales")
    objection(stop=["all-marketing"], answers={})
    erasure.erase(subject=person, purposes=[register["direct-sales"]], request=person.uuid, actor="x", now=NOW)
    assert people.find([Claim("email", make.EMAIL)]) is None
    make.person("direct-sales")
    assert make_consents.reason(make.EMAIL, "direct-sales", now=NOW) == "objected"


def test_by_the_api_whoever_took_it_in_says_what_it_is_about(subject):
    _key, secret = apikeys.create("test", ["requests:write", "requests:read"])
    api = Client(headers={"Authorization": f"Api-Key {secret}"})

    def ask(**body):
        body = {"rights": ["objection"], "requester": {"email": make.EMAIL}, "details": "Stop!", **body}
        return api.post("/api/v1/requests/", json.dumps(body), content_type="application/json")

    def state(response):
        reference = response.json()["requests"][0]["reference"]
        return api.get(f"/api/v1/requests/{reference}/").json()["state"]

    alone = ask(stop=["all-marketing"])
    assert (alone.status_code, alone.json()["requests"][0]["due"], state(alone)) == (202, None, "fulfilled")
    named = ask(stop=["fraud-screening"])
    assert (state(named), held()) == ("received", set())
    assert state(ask()) == "received"
    for wrong in (["no-such-purpose"], "all-marketing", [["x"]]):
        assert ask(stop=wrong).status_code == 400


def test_what_is_not_only_marketing_waits_for_people_who_may_say_that_it_was(client, subject, mailoutbox):
    found = make_requests.case("objection", details="Stop!", now=NOW).requests.get()
    assert found.state == "received"
    assert Suppression.objects.filter(purpose=None).exists()
    client.force_login(make.staff(group="caseworker"))
    page = client.get(reverse("admin:rights-request", args=[found.uuid])).content.decode()
    assert "Nothing is held still yet" in page
    make.intake.confirm(make_requests.token_in(mailoutbox, now=NOW), now=NOW)
    assert held() == {"fraud-screening", "contact-enquiries"}
    page = client.get(reverse("admin:rights-request", args=[found.uuid])).content.decode()
    assert "Only marketing was meant" in page
    assert "Held still while it is weighed" in page
    client.post(reverse("admin:rights-only-marketing", args=[found.uuid]))
    found.refresh_from_db()
    assert (found.state, found.due_on) == ("fulfilled", None)
    assert held() == {"fraud-screening", "contact-enquiries"}
    deliver_due(now=NOW + timedelta(days=800))
    assert objecting.lift_answered(now=NOW + timedelta(days=800)) == 2
    assert held() == set()


def test_a_strangers_word_ends_marketing_and_holds_nothing_else_before_the_mailbox_says_so(subject, mailoutbox):
    found = objection(stop=None)
    assert Suppression.objects.filter(purpose=None).exists()
    assert held() == set()
    assert reason(subject, "fraud-screening") == "+legitimate-interest"
    token = make_requests.token_in(mailoutbox, now=NOW)
    assert "hold still from the moment you do" in mailoutbox[-1].body
    make.intake.confirm(token, now=NOW)
    assert reason(subject, "fraud-screening") == "restricted"
    assert reason(subject, "contract-administration") != "restricted"
    assert found.case.requests.get().is_open


def test_it_holds_only_what_it_names(subject, mailoutbox):
    found = objection(mailoutbox, stop=["fraud-screening", "all-marketing"])
    assert held() == {"fraud-screening"}
    assert found.result["objected"] == ["fraud-screening"]
    assert found.state == "received"
    with pytest.raises(Invalid):
        make_requests.case("withdrawal", stop=["fraud-screening"], now=NOW)


def test_somebody_who_is_found_later_is_held_from_then(subject):
    found = objection(email="")
    assert held() == set()
    case = identity.accept(found.case, how="questions", note="Knew it.", now=NOW, actor=make.OFFICER)
    identity.tie(case, subject, now=NOW, actor=make.OFFICER)
    assert held() == {"fraud-screening", "contact-enquiries"}


def test_upheld_it_ends_for_the_person_and_the_assessment_is_looked_at_again(subject, register, mailoutbox):
    found = objection(mailoutbox)
    with pytest.raises(objecting.Unweighed):
        ways.draft(found, now=NOW)
    decisions.confirm_all(found, actor=make.OFFICER, now=NOW)
    ways.release(found, actor=make.OFFICER, now=NOW)
    ways.release(found, actor=make.OFFICER, now=NOW)
    found.refresh_from_db()
    assert found.state == "fulfilled"
    assert reason(subject, "fraud-screening") == reason(subject, "contact-enquiries") == "objected"
    assert held() == set()
    assert {review.assessment.purpose.slug for review in assessments.open_reviews()} == {
        "fraud-screening", "contact-enquiries"
    }  # fmt: skip
    assert {review.caused_by for review in assessments.open_reviews()} == {found.uuid}
    assert subject.relationships.get(purpose=register["fraud-screening"]).ended_on == NOW.date()
    letter = letters.latest(found)
    assert letter.kind == "objection_answer"
    text = letters.read(letter)["text"]
    assert "We uphold your objection." in text
    assert "Uses that this right does not reach" in text
    assert Entry.objects.filter(kind="consent.objected", subject=subject.uuid).count() == 2
    # It stands when the data comes back under the same address.
    relationships.establish(
        subject, register["fraud-screening"], role="prospect", ground="met-again", now=NOW, actor="x"
    )
    assert reason(subject, "fraud-screening") == "objected"


@pytest.mark.parametrize("is_all", [True, False])
def test_a_use_of_what_was_held_still_ends_with_it(subject, mailoutbox, is_all):
    found, by = objection(mailoutbox), {"actor": make.OFFICER, "now": NOW}
    given = {"ground": "claims", "what": "Shown to court.", "evidence": "Claim 7QZ.", "until": NOW.date()}
    for slug in ("fraud-screening", "contact-enquiries"):
        restricted_use.allow(found, purpose=slug, **given, **by)
    if not is_all:
        weigh(found, "contact-enquiries", "compelling-grounds", WORDS)
    decisions.confirm_all(found, **by)
    ways.release(found, **by)
    still = RestrictedUse.objects.filter(ended_at=None).values_list("purpose__slug", flat=True)
    assert set(still) == held() == (set() if is_all else {"contact-enquiries"})


def test_not_upheld_it_goes_on_only_when_the_person_has_our_reasons(subject, mailoutbox):
    found = objection(mailoutbox)
    with pytest.raises(Invalid):
        weigh(found, "fraud-screening", "compelling-grounds", " ")
    decision = weigh(found, "fraud-screening", "compelling-grounds", WORDS)
    assert b"chargebacks" not in bytes(decision.note)
    decisions.confirm_all(found, actor=make.OFFICER, now=NOW)
    ways.release(found, actor=make.OFFICER, now=NOW)
    found.refresh_from_db()
    assert found.state == "partly_fulfilled"
    text = letters.read(letters.latest(found))["text"]
    assert "chargebacks" in text
    assert "164A" in text
    assert held() == {"fraud-screening"}
    assert objecting.lift_answered(now=NOW) == 0
    assert reason(subject, "fraud-screening") == "restricted"
    deliver_due(now=NOW)
    assert objecting.lift_answered(now=NOW) == 1
    assert reason(subject, "fraud-screening") == "+legitimate-interest"
    assert reason(subject, "contact-enquiries") == "objected"
    assert [one.assessment.purpose.slug for one in assessments.open_reviews()] == ["contact-enquiries"]


def test_what_became_of_the_objection_decides_about_a_deletion(subject, mailoutbox):
    """The wait, then per purpose; and for a restriction only while it waits, and only what can be objected to."""
    given = {"stop": [], "answers": {"objection": "I was a victim."}, "now": NOW}
    case = make.confirmed("objection", "erasure", "restriction", mailbox=mailoutbox, **given)
    found, erased, limited = (case.requests.get(right=right) for right in ("objection", "erasure", "restriction"))

    def proposed(request):
        return {line.purpose.slug: line.proposal.reason for line in decisions.lines(request, now=NOW)}

    waits = {"fraud-screening": "objection-open", "contact-enquiries": "objection-open"}
    assert waits.items() <= proposed(erased).items()
    assert proposed(limited) == {**dict.fromkeys(waits, "objection-weighed"), "contract-administration": "no-ground"}
    assert decisions.confirm_all(erased, actor=make.OFFICER, now=NOW) == 1
    weigh(found, "fraud-screening", "compelling-grounds", WORDS)
    decisions.confirm_all(found, actor=make.OFFICER, now=NOW)
    # Decided, but not answered: that can still change.
    assert waits.items() <= proposed(erased).items()
    ways.release(found, actor=make.OFFICER, now=NOW)
    deliver_due(now=NOW)
    objecting.lift_answered(now=NOW)
    after = proposed(erased)
    assert (after["fraud-screening"], after["contact-enquiries"]) == ("interest-overrides", "objection-upheld")
    assert set(proposed(limited).values()) == {"no-ground"}


def test_an_objection_that_was_taken_back_decides_nothing(subject, mailoutbox):
    given = {"stop": [], "answers": {"objection": "I was a victim."}, "now": NOW}
    case = make.confirmed("objection", "erasure", mailbox=mailoutbox, **given)
    moves.step(case.requests.get(right="objection"), "withdrawn", actor=make.OFFICER, now=NOW)
    objecting.lift_answered(now=NOW)
    lines = decisions.lines(case.requests.get(right="erasure"), now=NOW)
    assert {line.purpose.slug: line.proposal.reason for line in lines}["fraud-screening"] == "interest-continues"


def test_a_letter_that_came_back_lifts_nothing(subject, mailoutbox):
    found = objection(mailoutbox)
    weigh(found, "fraud-screening", "compelling-grounds", WORDS)
    decisions.confirm_all(found, actor=make.OFFICER, now=NOW)
    ways.release(found, actor=make.OFFICER, now=NOW)
    deliver_due(now=NOW)
    letters.latest(found).come_back(now=NOW)
    assert objecting.lift_answered(now=NOW) == 0


def test_taken_back_it_holds_nothing_any_more(subject, mailoutbox):
    found = objection(mailoutbox)
    moves.step(found, "withdrawn", actor=make.OFFICER, now=NOW)
    assert objecting.lift_answered(now=NOW) == 2


def test_marketing_is_never_weighed_and_another_basis_is_no_refusal(subject, register, mailoutbox):
    make.consent(subject)
    make.person("direct-sales", "newsletter")
    found = objection(mailoutbox)
    for code in ("compelling-grounds", "unfounded-or-excessive"):
        with pytest.raises(Invalid):
            weigh(found, "direct-sales", code, WORDS)
    proposed = {line.purpose.slug: line.proposal.reason for line in decisions.lines(found, now=NOW)}
    assert proposed == {
        "newsletter": "marketing-stops",
        "direct-sales": "marketing-stops",
        "fraud-screening": "objection-stops",
        "contact-enquiries": "objection-stops",
        "contract-administration": "right-not-for-this-basis",
    }
    decisions.confirm_all(found, actor=make.OFFICER, now=NOW)
    ways.release(found, actor=make.OFFICER, now=NOW)
    found.refresh_from_db()
    assert found.state == "fulfilled"
    assert make_consents.reason(make.EMAIL, "newsletter", now=NOW) == "consent-withdrawn"
    assert make_consents.reason(make.EMAIL, "direct-sales", now=NOW) == "objected"


def test_where_the_right_reaches_nothing_it_is_a_refusal(mailoutbox):
    make.person("contract-administration")
    found = objection(mailoutbox)
    decisions.confirm_all(found, actor=make.OFFICER, now=NOW)
    ways.release(found, actor=make.OFFICER, now=NOW)
    found.refresh_from_db()
    assert found.state == "refused"


def test_of_somebody_we_do_not_know_we_say_so(mailoutbox):
    found = objection(mailoutbox, email="nobody@example.com")
    ways.release(found, actor=make.OFFICER, now=NOW)
    assert "You objected to how we use your data." in letters.read(letters.latest(found))["text"]


def test_a_silent_system_keeps_it_open(subject, mailoutbox):
    make_register.purpose("recruitment", "b", systems=("kraken-privacy", "crm"))
    found = objection(mailoutbox)
    make_register.system("crm", "manual")
    decisions.confirm_all(found, actor=make.OFFICER, now=NOW)
    ways.release(found, actor=make.OFFICER, now=NOW)
    found.refresh_from_db()
    if found.tasks.filter(outcome="pending").exists():
        assert found.state == "partly_answered"
    assert reason(subject, "fraud-screening") == "objected"


def test_two_people(subject, mailoutbox, settings):
    settings.TWO_PERSON_RELEASE = True
    found = objection(mailoutbox)
    decisions.confirm_all(found, actor=make.OFFICER, now=NOW)
    with pytest.raises(TwoPeopleNeeded):
        ways.release(found, actor=make.OFFICER, now=NOW)
    ways.release(found, actor="user:somebody-else", now=NOW)
    assert RightsRequest.objects.get(pk=found.pk).state == "fulfilled"
    assert answer.closing_state({"gaps": [], "upheld": [1], "not_upheld": [1]}) == "partly_fulfilled"


def test_what_is_open_again_is_held_still_again(subject, mailoutbox):
    by = {"actor": make.OFFICER, "now": NOW}
    found = objection(mailoutbox)
    moves.step(found, "withdrawn", **by)
    assert objecting.lift_answered(now=NOW) == 2
    moves.step(found, "in_progress", **by)
    assert len(objecting.held(found)) == 2
    again = objection(mailoutbox)
    duplicates.mark(again, found, **by)
    for restriction in objecting.held(again):
        restrictions.lift(restriction, **by)
    duplicates.undo(again, **by)
    assert len(objecting.held(again)) == 2
