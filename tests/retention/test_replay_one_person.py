"""A restore where the backup has two records of one person, who were made one since; and one who was partly held."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from consents import permission, revoking
from consents.models import ConsentState
from consents.withdraw import object_to, withdraw
from core.models import Outbox
from office import merging
from retention import holds, holds_change, replay
from retention.holds_scope import Scope
from retention.models import JournalMark, LegalHold
from retention.purge import purge
from subjects import again, blocks, erasure, restrictions
from subjects.models import DataSubject, ErasureBlock, ItemPurpose, Relationship, Restriction
from tests import make_office
from tests.make_backup import LATER, backed_up, deliver, places, restored
from tests.make_retention import NOW, TODAY, item, live, person, rule

pytestmark = pytest.mark.django_db(transaction=True)
OFFICER = make_office.OFFICER
OLD, RECENT = date(2024, 1, 1), TODAY - timedelta(days=30)
BY = {"actor": OFFICER, "now": LATER}


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    with places(tmp_path, settings):
        yield tmp_path


def merged():
    merging.merge(person(1), person(2), now=LATER, actor=OFFICER)


def hold(*people):
    return holds.place(people, matter="M", reason="claim", review_due=LATER.date() + timedelta(days=30), **BY)


def needs():
    return set(ItemPurpose.objects.values_list("item__uuid", "purpose__slug"))


def test_what_is_held_restricted_and_ended_by_a_rule():
    """A hold that was placed and one that was changed; of all of a person, and of one record that was the other's."""
    for number in (1, 2):
        item(person(number), ["newsletter", "surveys"], OLD if number == 1 else RECENT)
    theirs = item(person(2), ["newsletter"], OLD)
    item(person(3), ["newsletter"], OLD)
    since = {"started_on": OLD, "last_interaction_on": OLD}
    Relationship.objects.create(subject=person(2), purpose=live("events"), role="prospect", **since)
    one, tied = rule(live()), rule(live("events"), trigger="last_interaction")
    deliver(NOW)
    before = backed_up()
    merged()
    assert purge(tied, as_of=TODAY, commit=True, now=LATER).relationships == 1
    made = hold(person(1), person(3))
    holds_change.change(made, Scope(people=[person(1)]), why="mistake", **BY)
    assert purge(one, as_of=TODAY, commit=True, now=LATER).held == 2
    placed = restrictions.restrict(person(1), ground="accuracy", placed_for=uuid4(), **BY)
    over = restrictions.restrict(person(1), ground="unlawful", **BY)
    of_one = restrictions.restrict(person(1), ground="claims", item=theirs, **BY)
    restrictions.lift(over, **BY)
    with restored(before) as done:
        # The third person's record went with the purge.
        assert done.empty == 0
        both = set(DataSubject.objects.all())
        assert len(both) == 2
        assert set(holds.people_held(LegalHold.objects.get())) == both
        report = purge(one, as_of=TODAY, now=LATER)
        assert (report.held, report.due) == (2, 0)
        assert all(restrictions.is_restricted(each) for each in both)
        assert {each.subject for each in Restriction.objects.filter(ground="accuracy", lifted_at=None)} == both
        assert Restriction.objects.filter(uuid=placed.uuid).exists()
        assert Restriction.objects.filter(ground="unlawful", lifted_at__isnull=False).count() == 2
        assert Restriction.objects.get(uuid=of_one.uuid).item.uuid == theirs.uuid
        # By a rule, because of the hold: also of the record that was the other one's.
        assert Restriction.objects.filter(ground="hold", item__uuid=theirs.uuid).exists()
        assert not Relationship.objects.filter(purpose__slug="events").exists()
        # A block for each, as long as what it stands for; of what was lifted none.
        kinds = ErasureBlock.objects.filter(kind="restriction", released_at=None)
        assert {block.placed_at for block in kinds} == {LATER}
        assert kinds.count() == 3


@pytest.mark.parametrize(
    "said",
    [
        lambda one: withdraw(one, purposes=["newsletter"], **BY),
        lambda one: withdraw(one, purposes="all-marketing", **BY),
        lambda one: object_to(one, purposes=["newsletter"], **BY),
    ],
)
def test_a_no_ends_the_yes_of_each_record(said):
    """Also of one whose address was taken off before, so that no hash of the "no" is of it."""
    live("newsletter", direct_marketing=True, channels=["email"])
    for number in (1, 2):
        item(person(number), ["newsletter"], RECENT)
    make_office.consent(person(2))
    two, address = person(2), person(2).identifier_links.get().identifier.uuid
    assert permission.may_process(two, "newsletter", now=LATER).allowed
    deliver(NOW)
    before = backed_up()
    one = person(1)
    merged()
    merging.take_off(one, address, **BY)
    said(one)
    with restored(before) as done:
        assert done.empty == 0
        for each in (one, two):
            assert not permission.may_process(each, "newsletter", now=LATER).allowed
        assert not ConsentState.objects.filter(status="given").exists()
        ties = Relationship.objects.filter(subject=two, purpose__slug="newsletter")
        assert ties.get().consent_ended_on == LATER.date()


@pytest.mark.parametrize("with_yes", [[2], [1, 2]])
def test_a_consent_that_staff_ended_is_over_for_each_record(with_yes):
    for number in (1, 2):
        item(person(number), ["newsletter"], RECENT)
    for number in with_yes:
        make_office.consent(person(number))
    deliver(NOW)
    before = backed_up()
    merged()
    revoking.revoke(person(1), ConsentState.objects.get(subject=person(1).uuid).event, why="doubtful", **BY)
    with restored(before) as done:
        assert done.empty == 0
        assert {state.status for state in ConsentState.objects.all()} == {"revoked"}
        assert ConsentState.objects.count() == len(with_yes)


def test_records_that_are_one_here_too_are_not_held_twice():
    for number in (1, 2):
        item(person(number), ["newsletter"], OLD)
    merged()
    hold(person(1))
    restrictions.restrict(person(1), ground="accuracy", **BY)
    deliver()
    for model in (Restriction, ErasureBlock, LegalHold, Outbox, JournalMark):
        model.objects.all().delete()
    assert replay.replay(now=LATER).by_action == {"hold.placed": 1, "restriction.placed": 1}
    assert [each.subject for each in Restriction.objects.all()] == [person(1)]
    assert {each.subject for each in ErasureBlock.objects.all()} == {person(1)}


def test_a_hold_over_both_records_is_changed_and_released_when_they_are_one():
    for number in (1, 2, 3):
        item(person(number), ["newsletter"], OLD)
    made = hold(person(1), person(2))
    merged()
    done = holds_change.change(made, Scope(people=[person(1), person(3)]), why="more", **BY)
    assert (done.placed, done.released) == (1, 0)
    assert holds.release(made, **BY) == 3


def test_an_erasure_of_which_a_hold_kept_something():
    """What ended for the purpose is back neither where another one keeps the record, nor as a dealing."""
    held = item(person(1), ["newsletter"], RECENT)
    for number in (1, 2):
        item(person(number), ["newsletter", "surveys"], RECENT)
    since = {"started_on": OLD}
    Relationship.objects.create(subject=person(2), purpose=live("events"), role="prospect", **since)
    blocks.place(person(1), kind="hold", placed_for=uuid4(), item=held, now=NOW, actor="test")
    both = [need.item.uuid for need in ItemPurpose.objects.filter(purpose=live("surveys"))]
    then = again.Then(ended={"newsletter": both}, ties={"events": [person(1).uuid, person(2).uuid]})
    assert again.is_left(again.Then(ended=then.ended))
    assert again.is_left(again.Then(ties=then.ties))
    deliver(NOW)
    before = backed_up()
    merged()
    done = erasure.erase(subject=person(1), purposes=[live(), live("events")], request=uuid4(), **BY)
    assert sorted(done.blocked) == ["events", "newsletter"]
    left = needs()
    assert (held.uuid, "newsletter") in left
    with restored(before):
        assert needs() == left
        assert not Relationship.objects.filter(purpose__slug="events").exists()
        assert not again.is_left(then)
