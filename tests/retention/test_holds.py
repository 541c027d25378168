"""Legal holds: placed, looked at, released; and the pages about forgetting."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from core.errors import DomainError, Invalid
from retention import effect, holds
from retention.models import Approval, LegalHold, RetentionRule
from retention.purge import purge
from retention.rules import TwoPeopleNeeded, activate, cutoff
from subjects.models import DataSubject, PersonalDataItem
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


def test_a_hold_may_mean_everybody_of_a_purpose():
    letters = live()
    for number in range(3):
        item(person(number), ["newsletter"], OLD)
    item(person(7), ["surveys"], OLD)
    place(holds.everybody([letters]), purposes=[letters])
    assert purge(rule(letters), as_of=TODAY, commit=True, now=NOW).held == 3


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"review_due": date(2027, 5, 23)}, "review_due"),
        ({"review_due": TODAY}, "review_due"),
        ({"reason": "x"}, "reason"),
        ({"matter": " "}, "matter"),
        ({"people": ()}, "people"),
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
    page = admin_client.get(reverse("admin:forgetting-rule", args=[one.pk]))
    assert "Let exactly these go" in page.text
    shown = page.context["planned"].fingerprint
    for given, approvals in (("stale", 0), (shown, 1)):
        admin_client.post(reverse("admin:forgetting-approve", args=[one.pk]), {"fingerprint": given})
        assert Approval.objects.count() == approvals
    form = {"matter": "2026-17", "reason": "claim", "people": "", "review_due": "2100-01-01"}
    assert (
        "within the next six months"
        in admin_client.post(reverse("admin:hold-add"), form | {"people": DataSubject.objects.get().uuid}).text
    )
    admin_client.post(
        reverse("admin:hold-add"),
        form | {"purposes": [live().pk], "review_due": page.context["planned"].as_of + timedelta(9)},
    )
    assert "2026-17" in admin_client.get(reverse("admin:forgetting")).text
    admin_client.post(reverse("admin:hold-end", args=[LegalHold.objects.get().uuid, "release"]))
    assert LegalHold.objects.get().released_at
