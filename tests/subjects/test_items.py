"""What is taken in, for what, from whom; and who may use it."""

import uuid
from datetime import timedelta

import pytest

from core.errors import DomainError, Invalid, NotFound
from core.models import DataKey, Owner
from core.vault import Unreadable, key_of
from ledger.models import Entry
from subjects import items, relationships, restrictions
from subjects.models import ItemPurpose, PersonalDataItem, Relationship, Restriction
from tests import make_register
from tests import make_subjects as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def support():
    return make.purposes("customer-support", "service-notices")[0]


def test_an_item_is_sealed_needed_and_evidenced_by_ids(support):
    ada = make.person()
    item = make.item(ada, "customer-support", "service-notices", content="canary-5311")
    assert items.contents([item]) == {item.pk: '"canary-5311"'}
    assert b"canary" not in bytes(item.sealed)
    assert DataKey.objects.filter(owner=Owner.ITEM, owner_id=item.uuid).count() == 1
    needs = ItemPurpose.objects.filter(item=item, subject=ada, collected_on=make.NOW.date())
    assert {need.purpose.slug for need in needs} == {"customer-support", "service-notices"}
    entry = Entry.objects.get(kind="item.collected")
    assert (entry.subject, entry.object) == (ada.uuid, item.uuid)
    assert "canary" not in entry.body


def test_the_collection_begins_a_relationship_and_is_an_interaction(support):
    ada = make.person()
    make.item(ada, "customer-support")
    tie = Relationship.objects.get()
    assert (tie.purpose, tie.role) == (support, "customer_contact")
    assert tie.started_on == tie.last_interaction_on == make.NOW.date()
    later = make.NOW + timedelta(days=3)
    make.item(ada, "customer-support", collected_at=later, now=later)
    tie.refresh_from_db()
    assert tie.started_on == make.NOW.date()
    assert tie.last_interaction_on == later.date()


def test_what_others_tell_us_is_no_interaction_of_the_person(support):
    make.item(make.person(), "customer-support", source="third_party", source_evidence=uuid.uuid4())
    assert Relationship.objects.get().last_interaction_on is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"category": "health"}, "category"),
        ({"category": "phone"}, "category"),
        ({"source": "rumour"}, "source"),
        ({"nature": "guessed"}, "nature"),
        ({"system": "nowhere"}, "system"),
        ({"collected_at": make.NOW + timedelta(days=1)}, "collected_at"),
        # What a rule changed already is passed as it is.
        ({"content": {"pseudonymised": {"born": "1964-05-17"}, "by": "me"}}, "content"),
    ],
)
def test_bad_input_names_its_field_and_stores_nothing(support, change, field):
    make_register.category("phone")
    ada = make.person()
    with pytest.raises(Invalid) as refusal:
        make.item(ada, "customer-support", **change)
    assert list(refusal.value.fields) == [field]
    assert not PersonalDataItem.objects.exists()
    assert not DataKey.objects.filter(owner=Owner.ITEM).exists()


@pytest.mark.parametrize("slugs", [[], ["nonsense"], ["customer-support", "draft-only"]])
def test_only_live_purposes_may_collect(support, slugs):
    make_register.draft("draft-only", "b")
    with pytest.raises(Invalid) as refusal:
        make.item(make.person(), *slugs)
    assert "purposes" in refusal.value.fields


@pytest.mark.parametrize(
    ("basis", "source", "needed"),
    [
        ("f", "third_party", True),
        ("f", "public_source", True),
        ("b", "third_party", True),
        ("b", "public_source", False),
        ("f", "website", False),
    ],
)
def test_data_from_others_needs_evidence(basis, source, needed):
    make.purposes("direct-sales", basis=basis)
    ada = make.person()
    make.item(ada, "direct-sales", source=source, source_evidence=uuid.uuid4())
    if not needed:
        make.item(ada, "direct-sales", source=source)
        return
    with pytest.raises(Invalid) as refusal:
        make.item(ada, "direct-sales", source=source)
    assert refusal.value.code == "source-evidence-missing"
    assert list(refusal.value.fields) == ["source_evidence"]


def test_an_erased_record_is_not_written_back(support, monkeypatch):
    asked = []
    monkeypatch.setattr(items, "_guards", [lambda origin, at: asked.append((origin, at)) or True])
    ada = make.person()
    make.item(ada, "customer-support")
    with pytest.raises(DomainError) as refusal:
        make.item(ada, "customer-support", source_record="crm:4711")
    assert refusal.value.code == "erased-record"
    assert asked == [(items.source_hash("crm:4711"), make.NOW)]
    assert PersonalDataItem.objects.count() == 1


def test_the_source_record_is_stored_as_a_keyed_hash(support):
    item = make.item(make.person(), "customer-support", source_record="crm:4711")
    assert bytes(item.source_record) == items.source_hash("crm:4711")
    assert b"4711" not in bytes(item.source_record)


def test_nothing_is_taken_in_about_someone_just_erased(support):
    ada = make.person()
    ada.pk = 0
    with pytest.raises(NotFound):
        make.item(ada, "customer-support")


def test_ciphertext_moved_to_another_row_does_not_open(support):
    ada = make.person()
    one, two = make.item(ada, "customer-support", content="one"), make.item(ada, "customer-support", content="two")
    PersonalDataItem.objects.filter(pk=one.pk).update(sealed=two.sealed)
    one.refresh_from_db()
    with pytest.raises(Unreadable):
        items.contents([one])


def test_ciphertext_moved_to_another_field_does_not_open(support):
    ada = make.person()
    tie = relationships.establish(
        ada, support, role="customer_contact", note="met at the fair", now=make.NOW, actor=make.ACTOR
    )
    assert relationships.note_of(tie) == "met at the fair"
    with pytest.raises(Unreadable):
        key_of(Owner.RELATIONSHIP, tie.uuid).open("other", bytes(tie.ground_note))


def test_restricted_items_are_kept_and_not_used(support):
    ada = make.person()
    one, two = make.item(ada, "customer-support"), make.item(ada, "customer-support", "service-notices")
    notices = two.purposes.get(slug="service-notices")
    assert list(items.readable_for(ada, support)) == [one, two]
    on_one = restrictions.restrict(ada, ground="accuracy", item=one, now=make.NOW, actor=make.ACTOR)
    assert list(items.readable_for(ada, support)) == [two]
    assert restrictions.is_restricted(ada, support, one)
    assert not restrictions.is_restricted(ada, support, two)
    on_support = restrictions.restrict(ada, ground="objection", purpose=support, now=make.NOW, actor=make.ACTOR)
    assert list(items.readable_for(ada, support)) == []
    assert list(items.readable_for(ada, notices)) == [two]
    assert not restrictions.is_restricted(ada)
    for restriction in (on_one, on_support):
        assert restrictions.lift(restriction, now=make.NOW, actor=make.ACTOR)
        assert restrictions.lift(restriction, now=make.NOW, actor=make.ACTOR) is None
    assert list(items.readable_for(ada, support)) == [one, two]
    assert PersonalDataItem.objects.count() == Restriction.objects.count() == 2
