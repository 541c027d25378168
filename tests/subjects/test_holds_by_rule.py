"""A hold that names nobody is looked up by the delete itself, so whoever comes later is held as well."""

from datetime import date
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from office import merging
from processing.models import System
from subjects import blocks, organisations, relationships
from subjects.again import Then, erase_again
from subjects.erasure import end_needs, needs_of
from subjects.leaving import stay_held
from subjects.models import DataSubject, ErasureBlock, PersonalDataItem
from tests.make_register import category
from tests.make_retention import NOW, item, live, person

pytestmark = pytest.mark.django_db
DAY = date(2025, 3, 1)


def rule(**what):
    return blocks.place_rule(placed_for=uuid4(), now=NOW, actor="user:1", **what)


def delete_everything(subject):
    return end_needs(needs_of(subject, [live(), live("surveys")]), now=NOW)


def other_system():
    return System.objects.create(slug="crm", name="CRM", connector="manual")


def company(subject, name="Acme"):
    return organisations.represent(subject, name=name, now=NOW, actor="user:1")


@pytest.mark.parametrize(
    ("what", "is_held"),
    [
        (lambda: {"purpose": live()}, True),
        (lambda: {"purpose": live("surveys")}, False),
        (lambda: {"system": System.objects.get(slug="kraken-privacy")}, True),
        (lambda: {"system": other_system()}, False),
        (lambda: {"organisation": company(person(1))}, True),
        (lambda: {"organisation": company(person(7), "Other")}, False),
        (lambda: {"purpose": live(), "collected_from": DAY, "collected_to": DAY}, True),
        (lambda: {"purpose": live(), "collected_from": date(2025, 3, 2)}, False),
        (lambda: {"purpose": live(), "collected_to": date(2025, 2, 28)}, False),
        (lambda: {"categories": [category("email").pk]}, True),
        (lambda: {"categories": [category("phone").pk]}, False),
        (lambda: {"roles": ["prospect", "customer_contact"]}, True),
        (lambda: {"roles": ["applicant"]}, False),
        (lambda: {"sources": ["website"]}, True),
        (lambda: {"sources": ["phone", "third_party"]}, False),
        (lambda: {"jurisdictions": ["UK"]}, True),
        (lambda: {"jurisdictions": ["EU"]}, False),
        (lambda: {"categories": [category("email").pk], "roles": ["applicant"]}, False),
    ],
)
def test_it_holds_what_it_describes_and_no_more(what, is_held):
    item(person(1), ["newsletter"], DAY)
    block = rule(**what())
    # Who comes after it was placed is in the same case as who was there.
    item(person(1), ["newsletter"], DAY)
    subject = person(1)
    assert bool(blocks.active(subject, purpose=live()).exists()) is is_held
    assert (live().pk in blocks.held_by_rule(subject)) is is_held
    assert delete_everything(subject).needs == (0 if is_held else 2)
    if is_held:
        blocks.release(block.placed_for, now=NOW, actor="user:1")
        assert delete_everything(subject).items == 2
        assert not PersonalDataItem.objects.exists()


def test_a_company_is_held_with_its_people_and_its_name():
    subject = person(1)
    acme = company(subject)
    rule(organisation=acme)
    erased = end_needs([], now=NOW, pairs=[(subject.pk, live().pk)])
    assert erased.subjects == 0
    subject.refresh_from_db()
    assert subject.organisation == acme


@pytest.mark.parametrize("bounds", [{}, {"collected_to": DAY}])
def test_whoever_leaves_a_company_stays_held_for_what_was_held(bounds):
    item(person(1), ["newsletter"], DAY)
    subject = person(1)
    held = rule(organisation=company(subject), **bounds)
    stay_held(subject, subject.organisation_id, now=NOW, actor="user:1")
    company(subject, "Other")
    item(subject, ["newsletter"], date(2025, 3, 2))
    assert delete_everything(subject).needs == (1 if bounds else 0)
    blocks.release(held.placed_for, now=NOW, actor="user:1")
    assert delete_everything(subject).subjects == 1


@pytest.mark.parametrize("bounds", [{}, {"categories": ["email"]}])
def test_whoever_gets_another_role_stays_held_for_what_was_held(bounds):
    """Without bounds for all that they come to be held for by that purpose, otherwise for what was there."""
    item(person(1), ["newsletter"], DAY, role="applicant")
    subject = person(1)
    held = rule(roles=["applicant"], **{name: [category(one).pk for one in some] for name, some in bounds.items()})
    relationships.establish(subject, live(), role="supplier_contact", now=NOW, actor="user:1")
    item(subject, ["newsletter"], DAY)
    assert delete_everything(subject).needs == (1 if bounds else 0)
    blocks.release(held.placed_for, now=NOW, actor="user:1")
    assert delete_everything(subject).subjects == 1


@pytest.mark.parametrize("about", [{"roles": ["applicant"]}, {"jurisdictions": ["EU"]}])
def test_what_was_held_of_a_record_stays_held_when_it_becomes_part_of_another(about):
    kept, gone = person(1), person(2)
    DataSubject.objects.filter(pk=gone.pk).update(jurisdiction="EU")
    item(kept, ["newsletter"], DAY, role="customer_contact")
    item(gone, ["newsletter"], DAY, role="applicant")
    rule(**about)
    gone.refresh_from_db()
    merging.merge(kept, gone, now=NOW, actor="user:1")
    assert delete_everything(kept).needs == 0


def test_an_empty_dealing_is_held_by_its_role_and_an_empty_person_by_their_law():
    subject = person(1)
    relationships.establish(subject, live(), role="applicant", now=NOW, actor="user:1")
    by_role = rule(roles=["applicant"])
    assert end_needs([], now=NOW, pairs=[(subject.pk, live().pk)]).relationships == 0
    blocks.release(by_role.placed_for, now=NOW, actor="user:1")
    rule(jurisdictions=["UK"], categories=[category("email").pk])
    by_law = rule(jurisdictions=["UK"], purpose=live("surveys"))
    assert end_needs([], now=NOW, pairs=[(subject.pk, live().pk)]).subjects == 1
    subject = person(1)
    blocks.release(by_law.placed_for, now=NOW, actor="user:1")
    rule(jurisdictions=["UK"])
    assert end_needs([], now=NOW, people={subject.pk: subject.uuid}).subjects == 0


def test_a_block_is_of_somebody_or_a_hold_by_rule():
    system = other_system()
    with pytest.raises(IntegrityError), transaction.atomic():
        ErasureBlock.objects.create(subject=person(1), system=system, kind="hold", placed_for=uuid4(), placed_at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        ErasureBlock.objects.create(kind="claim", placed_for=uuid4(), placed_at=NOW)


def test_what_was_erased_before_a_restore_goes_again_under_a_hold_released_since():
    subject = person(1)
    gone, kept = item(subject, ["newsletter"], DAY), item(person(2), ["newsletter"], DAY)
    rule(purpose=live())
    rule(organisation=company(subject))
    erased = erase_again(Then(items=[gone.uuid], gone=[subject.uuid]), at=NOW, now=NOW)
    assert (erased.items, erased.relationships, erased.subjects) == (1, 1, 1)
    # Over others it stands.
    assert end_needs(needs_of(kept.subject, [live()]), now=NOW).needs == 0
