"""Storage only: what is restricted is kept, and read for nothing but the few uses that the law allows."""

from datetime import timedelta
from uuid import uuid4

import pytest

from core.models import Outbox
from ledger.models import Entry
from subjects import blocks, erasure, lawful_uses, restrictions
from subjects.models import ErasureBlock, ItemPurpose, PersonalDataItem, RestrictedUse, Restriction
from tests import make_subjects as make

pytestmark = pytest.mark.django_db
BY = {"now": make.NOW, "actor": make.ACTOR}


@pytest.fixture
def two():
    return make.purposes("customer-support", "security-and-legal-claims")


def usable(purpose, **given):
    return list(PersonalDataItem.objects.usable_for(purpose, **given).order_by("pk"))


def test_only_what_is_not_restricted_is_read(two):
    support, _claims = two
    ada = make.person()
    one, other = make.item(ada, "customer-support"), make.item(ada, "customer-support", content="b")
    assert usable(support) == [one, other]
    restriction = restrictions.restrict(ada, ground="accuracy", item=one, **BY)
    assert usable(support) == [other]
    whole = restrictions.restrict(ada, ground="accuracy", purpose=support, **BY)
    assert usable(support) == []
    for lifted in (restriction, whole):
        restrictions.lift(lifted, **BY)
    assert usable(support) == [one, other]


def test_somebody_elses_restriction_hides_nothing(two):
    support, _claims = two
    make.item(make.person(), "customer-support")
    restrictions.restrict(make.person(make.email("eve@example.com")), ground="claims", **BY)
    assert len(usable(support)) == 1


def allow(ada, purpose, **given):
    fields = {"items": [], "ground": "claims", "until": make.NOW + timedelta(days=9), "sealed": b"x", **given}
    return lawful_uses.record(ada, uuid=uuid4(), purpose=purpose, placed_for=uuid4(), **fields, **BY)


def test_a_recorded_use_reads_exactly_what_it_names_and_ends(two):
    support, claims = two
    ada, eve = make.person(), make.person(make.email("eve@example.com"))
    one, other = make.item(ada, "customer-support"), make.item(ada, "customer-support", content="b")
    make.item(eve, "customer-support")
    for person in (ada, eve):
        restrictions.restrict(person, ground="unlawful", **BY)
    use, some = allow(ada, support), allow(ada, support, items=[other.uuid])
    elsewhere = allow(ada, claims)
    assert usable(support) == usable(support, use=use) == []
    assert usable(support, use=use, now=make.NOW) == [one, other]
    assert usable(support, use=some, now=make.NOW) == [other]
    assert usable(support, use=elsewhere, now=make.NOW) == []
    assert usable(support, use=use, now=use.until) == []
    assert lawful_uses.find(use.uuid, now=use.until) is None
    assert lawful_uses.end(use, **BY)
    assert not lawful_uses.end(use, **BY)
    assert lawful_uses.find(use.uuid, now=make.NOW) is None
    assert Outbox.objects.filter(kind="journal").count() == 3
    # A backup from before that, restored, ends it again.
    RestrictedUse.objects.update(ended_at=None)
    assert lawful_uses.end_again({"use": str(use.uuid)}, **BY)
    assert lawful_uses.has_ended(str(use.uuid))
    assert not lawful_uses.end_again({"use": str(use.uuid)}, **BY)
    kinds = Entry.objects.filter(object=use.uuid).order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["restriction.use-allowed", "restriction.use-ended", "restriction.use-ended"]


def test_claims_go_on(two):
    ada = make.person()
    make.item(ada, "security-and-legal-claims")
    restrictions.restrict(ada, ground="unlawful", **BY)
    assert len(usable(two[1])) == 1


def test_a_restricted_item_stays_and_the_others_go(two):
    ada = make.person()
    kept, gone = make.item(ada, "customer-support"), make.item(ada, "customer-support", content="b")
    restriction = restrictions.restrict(ada, ground="accuracy", item=kept, **BY)
    needs = list(ItemPurpose.objects.values_list("pk", flat=True))
    erased = erasure.end_needs(needs, now=make.NOW)
    assert erased.item_uuids == [gone.uuid]
    restrictions.lift(restriction, now=make.NOW + timedelta(days=1), actor=make.ACTOR)
    erased = erasure.end_needs([kept.needs.get().pk], now=make.NOW)
    assert (erased.items, erased.subjects) == (1, 1)
    assert not Restriction.objects.exists()
    assert not ErasureBlock.objects.exists()


def test_one_request_restricts_the_same_once(two):
    ada = make.person()
    first = restrictions.restrict(ada, ground="accuracy", placed_for=ada.uuid, **BY)
    assert restrictions.restrict(ada, ground="accuracy", placed_for=ada.uuid, **BY) == first
    assert list(restrictions.placed_for(ada.uuid)) == [first]


def test_a_deletion_that_is_granted_ends_the_keeping_but_no_hold(two):
    support, claims = two
    ada = make.person()
    restrictions.restrict(ada, ground="claims", purpose=support, **BY)
    restrictions.restrict(ada, ground="claims", purpose=claims, **BY)
    blocks.place(ada, kind="hold", placed_for=ada.uuid, purpose=support, **BY)
    assert restrictions.let_delete(ada, [support], **BY) == 1
    assert [block.kind for block in blocks.active(ada, purpose=support)] == ["hold"]
    assert [block.kind for block in blocks.active(ada, purpose=claims)] == ["restriction"]
    assert restrictions.is_restricted(ada, support)
