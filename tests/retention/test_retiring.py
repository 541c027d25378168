"""A rule ends alone only by two people; what was at work under it ends with its totals."""

from datetime import date

import pytest
from django.urls import reverse

from core.errors import Invalid
from ledger.models import Entry
from retention import certificate, certificate_check, evidence, guard, retiring, tasks
from retention.models import Approval, Batch, RetentionRule, Run
from retention.purge import purge
from subjects.models import PersonalDataItem, Restriction
from tests import make_staff
from tests.make_retention import NOW, TODAY, item, live, person, rule

pytestmark = pytest.mark.django_db
OLD = date(2025, 1, 1)


def ended(one):
    retiring.ask(one, because="The purpose has ended.", by="user:1", now=NOW)
    retiring.retire(one, by="user:2", now=NOW)


def test_nobody_ends_a_rule_alone_unless_there_is_nobody_else(settings):
    one = rule(live())
    with pytest.raises(Invalid):
        retiring.ask(one, because=" ", by="user:1", now=NOW)
    with pytest.raises(retiring.DomainError):
        retiring.retire(one, by="user:1", now=NOW)
    retiring.ask(one, because="The purpose has ended.", by="user:1", now=NOW)
    with pytest.raises(retiring.TwoPeopleNeeded):
        retiring.retire(one, by="user:1", now=NOW)
    retiring.withdraw(one, by="user:1", now=NOW)
    retiring.ask(one, because="The purpose has ended.", by="user:1", now=NOW)
    settings.SOLE_OFFICER = True
    retiring.retire(one, by="user:1", now=NOW)
    one.refresh_from_db()
    assert (one.status, one.retired_by, one.retire_because) == ("retired", "user:1", "The purpose has ended.")
    assert '"exception":"sole-officer"' in Entry.objects.get(kind="retention.retired").body


def test_a_run_that_it_stops_keeps_its_totals_and_has_a_certificate(monkeypatch):
    for number in range(3):
        item(person(number), ["newsletter"], OLD)
    one, leave = rule(live()), evidence.leave

    def leave_then_retire(run, *args, **options):
        leave(run, *args, **options)
        if Batch.objects.count() == 1:
            ended(one)

    monkeypatch.setattr(evidence, "leave", leave_then_retire)
    report = purge(one, as_of=TODAY, commit=True, now=NOW, batch=1)
    run = Run.objects.get()
    assert (report.items, PersonalDataItem.objects.count()) == (1, 2)
    assert (run.status, run.stopped) == ("stopped", "rule-retired")
    signed, problems = certificate_check.check(certificate.signed(run))
    assert (signed["stopped"], signed["counts"]["items"], problems) == ("rule-retired", 1, [])


def test_what_was_approved_or_restricted_under_it_ends_too():
    letters = live()
    item(person(1), ["newsletter"], OLD)
    one, other = rule(letters), rule(letters, slug="stored", action="restrict")
    seen = guard.plan(one, as_of=TODAY, now=NOW).fingerprint
    guard.approve(one, as_of=TODAY, fingerprint=seen, by="user:1", now=NOW)
    purge(other, as_of=TODAY, commit=True, now=NOW)
    ended(one)
    ended(other)
    tasks.settle(letters.pk)
    assert Approval.objects.get().refused_at
    assert Restriction.objects.get().lifted_at
    assert not guard.unused(now=NOW).exists()


def test_one_asks_on_the_page_and_another_ends_it(client, admin_client):
    one = rule(live())
    client.force_login(make_staff.account("rita", "registrar"))
    page, end = (reverse(name, args=[one.pk]) for name in ("admin:forgetting-rule", "admin:rule-end"))
    shown = client.post(end, {"because": "The purpose has ended."}, follow=True).text
    assert "somebody else looks at it" in shown
    assert "Retire the rule" not in shown
    assert "Retire the rule" in admin_client.get(page).text
    shown = admin_client.post(reverse("admin:rule-retire", args=[one.pk]), follow=True).text
    assert "The purpose has ended." in shown
    assert "is being lifted" in shown
    assert RetentionRule.objects.get().status == "retired"
