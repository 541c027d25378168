"""Legal holds: placed, looked at, released; and the pages about forgetting."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from core import outbox
from core.errors import DomainError, Invalid
from core.models import Controller, Outbox, User
from processing.models import System
from retention import effect, holds, holds_review, replay
from retention.models import Approval, JournalMark, LegalHold, RetentionRule
from retention.purge import purge
from retention.rules import TwoPeopleNeeded, activate, cutoff
from subjects import organisations, people
from subjects.identifiers import Claim
from subjects.models import DataSubject, ErasureBlock, Organisation, PersonalDataItem, Restriction
from tests import make_office
from tests.make_register import category, system
from tests.make_retention import NOW, TODAY, item, live, person, rule

pytestmark = pytest.mark.django_db
OLD = date(2025, 1, 1)
SOON = TODAY + timedelta(days=60)


def place(people=(), **changes):
    words = {"matter": "2026-17", "reason": "claim", "review_due": SOON, "actor": "user:1", "now": NOW}
    return holds.place(people, **words | changes)


def test_what_is_held_stays_and_goes_after_the_release():
    letters = live()
    kept = item(person(1), ["newsletter"], OLD)
    item(person(2), ["newsletter"], OLD)
    hold = place([person(1)], purposes=[letters])
    one = rule(letters)
    report = purge(one, as_of=TODAY, commit=True, now=NOW)
    assert (report.items, report.held, list(PersonalDataItem.objects.all())) == (1, 1, [kept])
    assert kept.restrictions.get().ground == "hold"
    assert holds.release(hold, actor="user:1", now=NOW) == 1
    assert purge(one, as_of=TODAY, commit=True, now=NOW).items == 1
    with pytest.raises(DomainError):
        holds.release(hold, actor="user:1", now=NOW)


def test_a_hold_by_rule_keeps_whoever_comes_later():
    letters = live()
    item(person(1), ["newsletter"], OLD)
    hold = place(purposes=[letters])
    item(person(2), ["newsletter"], OLD)
    item(person(7), ["surveys"], OLD)
    assert (holds.people_held(hold).count(), holds.needs_held(hold).count()) == (2, 2)
    one = rule(letters)
    assert purge(one, as_of=TODAY, commit=True, now=NOW).held == 2
    assert {limit.ground for limit in Restriction.objects.all()} == {"hold"}
    holds.release(hold, actor="user:1", now=NOW)
    assert purge(one, as_of=TODAY, commit=True, now=NOW).items == 2


def test_a_company_is_held_and_its_name_goes_when_the_hold_is_over():
    acme = organisations.represent(person(1), name="Acme", now=NOW, actor="user:1")
    item(person(1), ["newsletter"], OLD)
    hold = place(organisation=acme, collected_to=TODAY)
    assert list(holds.people_held(hold)) == [person(1)]
    holds.release(hold, actor="user:1", now=NOW)
    assert purge(rule(live()), as_of=TODAY, commit=True, now=NOW).subjects == 1
    assert not Organisation.objects.exists()


def lost_since_the_backup():
    """As if the database were of before every hold and everything that was told outside it."""
    for model in (ErasureBlock, LegalHold, Outbox, JournalMark):
        model.objects.all().delete()


@pytest.mark.parametrize(
    "scope",
    [
        lambda: {"people": [person(1)], "purposes": [live()]},
        lambda: {"purposes": [live()], "systems": [System.objects.get()], "collected_to": TODAY},
        lambda: {"organisation": organisations.represent(person(1), name="Acme", now=NOW, actor="user:1")},
        lambda: {"categories": [category("email")], "roles": ["customer_contact"], "sources": ["website"]},
        lambda: {"purposes": [live()], "jurisdictions": ["UK"]},
    ],
)
def test_a_restore_places_again_what_was_placed_and_releases_what_was_released(scope, settings, tmp_path):
    settings.JOURNAL_DIR = tmp_path
    item(person(1), ["newsletter"], OLD)
    made, one = place(**scope(), matter="Smith v us"), rule(live())
    outbox.deliver_due(now=NOW)
    assert all(word not in path.read_text() for path in tmp_path.glob("*.jsonl") for word in ("Smith", "Acme"))
    lost_since_the_backup()
    assert replay.replay(now=NOW).by_action == {"hold.placed": 1}
    hold = LegalHold.objects.get()
    told = (
        "uuid",
        "reason",
        "collected_to",
        "organisation",
        "roles",
        "sources",
        "jurisdictions",
        "placed_by",
        "placed_at",
        "review_due",
    )
    assert [getattr(hold, name) for name in told] == [getattr(made, name) for name in told]
    assert hold.matter == "Restored from the journal"
    assert list(hold.categories.all()) == scope().get("categories", [])
    assert purge(one, as_of=TODAY, commit=True, now=NOW).held == 1
    holds.release(hold, actor="user:1", now=NOW)
    while outbox.deliver_due(now=NOW):
        pass
    lost_since_the_backup()
    assert replay.replay(now=NOW).by_action == {"hold.placed": 1, "hold.released": 1}
    assert LegalHold.objects.get().released_at
    assert purge(one, as_of=TODAY, commit=True, now=NOW).items == 1


def test_the_owner_is_reminded_once_of_each_review(mailoutbox):
    owner = User.objects.create_user("dana", email="dana@example.com", is_staff=True)
    hold = place([person(1)], actor=owner.actor)
    assert holds_review.remind(now=NOW + timedelta(days=45)) == 0
    for _night in range(2):
        holds_review.remind(now=NOW + timedelta(days=46))
    outbox.deliver_due(now=NOW + timedelta(days=46))
    [mail] = mailoutbox
    assert mail.to == ["dana@example.com"]
    assert mail.subject == "Legal hold 2026-17: look at it again by Thursday 21 January 2027"
    assert f"/admin/forgetting/holds/{hold.uuid}/" in mail.body
    holds.keep(hold, review_due=SOON + timedelta(days=60), actor="user:1", now=NOW + timedelta(days=47))
    assert holds_review.remind(now=NOW + timedelta(days=110)) == 1
    assert holds_review.owner_address(LegalHold(placed_by="system:x")) == Controller.current().dpo_contact


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"review_due": date(2027, 5, 23)}, "review_due"),
        ({"review_due": TODAY}, "review_due"),
        ({"reason": "x"}, "reason"),
        ({"matter": " "}, "matter"),
        ({"people": ()}, "people"),
        ({"collected_from": TODAY}, "people"),
        ({"people": (), "collected_to": TODAY}, "people"),
        ({"collected_from": TODAY, "collected_to": OLD}, "collected_to"),
    ],
)
def test_what_a_hold_needs_is_named(changes, field):
    people = changes.pop("people", [person(1)])
    with pytest.raises(Invalid) as error:
        place(people, **changes)
    assert field in error.value.fields


def test_it_is_looked_at_within_six_months():
    hold = place([person(1)], review_due=date(2027, 5, 22))
    assert not holds.overdue(TODAY)
    holds.keep(hold, review_due=SOON, actor="user:1", now=NOW)
    assert list(holds.overdue(SOON)) == [hold]


def test_grace_comes_after_the_period():
    one = rule(live(), period="P12M", grace="P1M")
    assert cutoff(one, TODAY) == date(2025, 10, 22)


def test_a_rule_is_put_in_force_by_somebody_else(settings):
    draft = RetentionRule.objects.create(
        slug="r", purpose=live(), trigger="collection", period="P1M", legal_reason="Test.", drafted_by="user:1"
    )
    with pytest.raises(TwoPeopleNeeded):
        activate(draft, approved_by="user:1", now=NOW)
    settings.SOLE_OFFICER = True
    activate(draft, approved_by="user:1", now=NOW)
    assert draft.status == "active"


def test_the_effect_is_counted_month_by_month():
    letters = live()
    for number, on in enumerate([OLD, date(2025, 12, 3), date(2025, 12, 30), date(2026, 2, 1), TODAY]):
        item(person(number), ["newsletter"], on)
    seen = effect.effect(rule(letters), today=TODAY, now=NOW)
    assert (seen.now, seen.later, seen.most) == (1, 0, 2)
    assert {month.begins: month.rows for month in seen.months if month.rows} == {
        date(2026, 12, 1): 2,
        date(2027, 2, 1): 1,
        date(2027, 11, 1): 1,
    }


def test_the_pages_show_approve_hold_and_release(admin_client):
    item(person(1), ["newsletter"], OLD)
    one = rule(live())
    page = admin_client.post(reverse("admin:forgetting-look", args=[one.pk]), follow=True)
    assert "Let exactly these go" in page.text
    shown = page.context["waits"].fingerprint
    for given, approvals in (("stale", 0), (shown, 1)):
        admin_client.post(reverse("admin:forgetting-approve", args=[one.pk]), {"fingerprint": given})
        assert Approval.objects.count() == approvals
    form = {"matter": "2026-17", "reason": "claim", "people": "", "review_due": "2100-01-01"}
    one_person = form | {"people": DataSubject.objects.get().uuid}
    assert "within the next six months" in admin_client.post(reverse("admin:hold-add"), one_person).text
    soon = page.context["waits"].as_of + timedelta(9)
    refused = admin_client.post(reverse("admin:hold-add"), form | {"organisation": "Nobody Ltd", "review_due": soon})
    assert "No organisation has this name" in refused.text
    made = form | {"purposes": [live().pk], "systems": [System.objects.get().pk], "review_due": soon}
    shown = admin_client.post(reverse("admin:hold-add"), made, follow=True)
    assert "whoever comes to it later is held as well" in shown.text
    assert "1 person, 1 record" in shown.text
    assert "2026-17" in admin_client.get(reverse("admin:forgetting")).text
    end = lambda step: reverse("admin:hold-end", args=[LegalHold.objects.get().uuid, step])  # noqa: E731
    kept = admin_client.post(end("keep"), {"review_due": soon, "matter": "2026-18"}, follow=True)
    assert "Legal hold 2026-18" in kept.text
    admin_client.post(end("release"))
    assert LegalHold.objects.get().released_at


def test_people_are_named_as_the_search_finds_them_and_an_error_names_the_line(admin_client, client):
    one, two = person(1), person(2)
    many = [people.find_or_create([Claim("customer_number", f"C-{n}")], now=NOW, actor="test") for n in range(2)]
    people.link(many[0], Claim("phone", "+441632960001"))
    soon = timezone.now().date() + timedelta(9)
    form = {"matter": "2026-17", "reason": "claim", "review_due": soon}
    lines = f"PERSON1@example.org\n\n{two.uuid}\n+44 1632 960 001\nC-1\n"
    admin_client.post(reverse("admin:hold-add"), form | {"people": lines})
    assert set(holds.people_held(LegalHold.objects.get())) == {one, two, *many}
    wrong = admin_client.post(reverse("admin:hold-add"), form | {"people": "C-1\nnobody@example.org\n\nGrace"})
    assert wrong.context["form"].errors["people"] == [
        "Line 2: nobody here has this address, number or id.",
        "Line 4: nobody here has this address, number or id.",
    ]
    # Who may hold, and may not see people, does not find out whose address is known.
    keeper = make_office.staff("keeper", group="")
    keeper.user_permissions.add(*Permission.objects.filter(codename__in=["change_legalhold", "view_legalhold"]))
    client.force_login(keeper)
    refused = client.post(reverse("admin:hold-add"), form | {"people": f"person1@example.org\n{two.uuid}"})
    assert refused.context["form"].errors["people"] == ["Line 1: nobody here has this address, number or id."]


def test_a_line_that_fits_several_people_is_not_guessed(admin_client):
    for claim in (Claim("customer_number", "C-7"), Claim("external_id", "C-7", "crm")):
        system("crm", "manual")
        people.find_or_create([claim], now=NOW, actor="test")
    form = {"matter": "2026-17", "reason": "claim", "review_due": timezone.now().date() + timedelta(9)}
    page = admin_client.post(reverse("admin:hold-add"), form | {"people": "C-7"})
    assert "Line 1: more than one person has this" in page.text
    assert not LegalHold.objects.exists()
