"""What a hold is about can change, and who answers for it: the blocks follow, and nothing is free in between."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from core import outbox
from core.errors import DomainError, Invalid
from core.models import Outbox, User
from ledger.models import Entry
from processing.models import System
from retention import holds, holds_review, replay, restricting
from retention.holds_change import Scope, change, scope_of
from retention.models import JournalMark, LegalHold
from retention.purge import purge
from subjects import blocks, organisations
from subjects.models import ErasureBlock, ItemPurpose, PersonalDataItem
from tests.make_retention import NOW, TODAY, item, live, person, rule

pytestmark = pytest.mark.django_db
OLD, SOON = date(2025, 1, 1), TODAY + timedelta(days=60)
BY = {"actor": "user:1", "now": NOW}


def place(people=(), **scope):
    return holds.place(people, matter="2026-17", reason="claim", review_due=SOON, **BY, **scope)


def held():
    """Whom a run leaves because of it."""
    purge(rule(live()), as_of=TODAY, commit=True, now=NOW)
    return set(PersonalDataItem.objects.values_list("subject", flat=True))


def three():
    return [item(person(number), ["newsletter"], OLD).subject for number in range(3)]


def test_people_are_added_and_taken_away(monkeypatch, django_capture_on_commit_callbacks):
    hinted = []
    monkeypatch.setattr(restricting, "hint", lambda *task: hinted.append(task))
    one, two, three_ = three()
    hold = place([one, two])
    before = set(ErasureBlock.objects.filter(subject=two).values_list("pk", flat=True))
    with django_capture_on_commit_callbacks(execute=True):
        done = change(hold, Scope(people=[two, three_]), why="mistake", **BY)
    # What it holds no more may be free to use before the night.
    assert hinted == [("retention.tasks.settle",)]
    assert (done.placed, done.released) == (1, 1)
    # What stays held is held by the same block: it was not free for a moment.
    assert set(ErasureBlock.objects.filter(subject=two, released_at=None).values_list("pk", flat=True)) == before
    told = Entry.objects.get(kind="hold.changed", object=hold.uuid)
    assert '"why":"mistake"' in told.body
    assert held() == {two.pk, three_.pk}


def test_a_description_grows_and_shrinks_with_its_purposes_and_days():
    one, *_others = three()
    item(one, ["surveys"], OLD)
    hold = place(purposes=[live()])
    done = change(hold, Scope(purposes=[live(), live("surveys")], collected_to=OLD), why="more", **BY)
    # Other days make another block of each.
    assert (done.placed, done.released) == (2, 1)
    assert holds.needs_held(hold).count() == 4
    done = change(hold, Scope(purposes=[live("surveys")], collected_to=OLD), why="less", **BY)
    assert (done.placed, done.released) == (0, 1)
    assert set(holds.needs_held(hold).values_list("purpose__slug", flat=True)) == {"surveys"}
    assert held() == {one.pk}
    assert ItemPurpose.objects.get().purpose.slug == "surveys"


def test_whoever_left_the_company_stays_held_until_it_is_about_another():
    one, two, _three = three()
    acme = organisations.represent(one, name="Acme", **BY)
    hold = place(organisation=acme)
    blocks.place(two, kind="hold", placed_for=hold.uuid, **BY)
    assert change(hold, Scope(organisation=acme, collected_to=TODAY), why="less", **BY).released == 1
    assert set(holds.people_held(hold).values_list("pk", flat=True)) == {one.pk}
    assert blocks.active(two).exists()
    other = organisations.represent(person(9), name="Other", **BY)
    assert change(hold, Scope(organisation=other), why="mistake", **BY).released == 2
    assert not blocks.active(two).exists()


@pytest.mark.parametrize(
    ("by_name", "scope", "why", "field"),
    [
        (True, {"people": []}, "less", "people"),
        (False, {"people": [1]}, "more", "people"),
        (True, {"people": [1]}, "so", "why"),
        (False, {"collected_to": TODAY}, "less", "people"),
        (False, {"purposes": [1], "collected_from": TODAY, "collected_to": OLD}, "less", "collected_to"),
    ],
)
def test_what_cannot_be_is_named(by_name, scope, why, field):
    one, *_others = three()
    hold = place([one]) if by_name else place(purposes=[live()])
    scope = {**scope, **({"people": [one]} if scope.get("people") else {})}
    scope |= {"purposes": [live()]} if scope.get("purposes") else {}
    with pytest.raises(Invalid) as error:
        change(hold, Scope(**scope), why=why, **BY)
    assert field in error.value.fields
    holds.release(hold, **BY)
    with pytest.raises(DomainError):
        change(hold, scope_of(hold), why="more", **BY)


def test_a_restore_changes_again_what_was_changed(settings, tmp_path):
    settings.JOURNAL_DIR = tmp_path
    one, two, _three = three()
    dana = User.objects.create_user("dana", email="dana@example.com", is_staff=True)
    made = place([one])
    while outbox.deliver_due(now=NOW):
        pass
    change(made, Scope(people=[one, two]), custodian=dana.actor, why="handover", **BY)
    while outbox.deliver_due(now=NOW):
        pass
    for model in (ErasureBlock, LegalHold, Outbox, JournalMark):
        model.objects.all().delete()
    assert replay.replay(now=NOW).by_action["hold.placed"] == 1
    assert set(holds.people_held(LegalHold.objects.get())) == {one, two}
    assert holds_review.owner_of(LegalHold.objects.get()) == dana


def test_a_restore_does_each_of_several_changes_again_in_their_order(settings, tmp_path):
    settings.JOURNAL_DIR = tmp_path
    one, two, three_ = three()
    made, hour = place([one]), timedelta(hours=1)
    change(made, Scope(people=[one, two]), why="more", actor="user:1", now=NOW + hour)
    change(made, Scope(people=[three_]), why="mistake", actor="user:1", now=NOW + 2 * hour)
    while outbox.deliver_due(now=NOW + 3 * hour):
        pass
    # As the backup has it: placed, and never changed.
    for model in (ErasureBlock, Outbox, JournalMark):
        model.objects.all().delete()
    LegalHold.objects.update(changed_at=None)
    blocks.place(one, kind="hold", placed_for=made.uuid, **BY)
    done = replay.replay(now=NOW + 4 * hour)
    assert (done.by_action, done.empty) == ({"hold.changed": 2}, 0)
    assert set(holds.people_held(LegalHold.objects.get())) == {three_}
    assert LegalHold.objects.get().changed_at == NOW + 2 * hour
    assert replay.standing().may_serve


def test_the_page_changes_it_and_says_what_was_changed(admin_client, admin_user):
    one, *_others = three()
    system = System.objects.get()
    hold = place(systems=[system], organisation=organisations.represent(one, name="Acme", **BY))
    page = reverse("admin:hold-change", args=[hold.uuid])
    shown = admin_client.get(page).context["form"].initial
    assert (shown["systems"], shown["organisation"], shown["custodian"]) == ([system.pk], "Acme", "user:1")
    given = {"purposes": [live().pk], "systems": [system.pk], "custodian": admin_user.actor, "why": "more"}
    assert "This field is required" in admin_client.post(page, given | {"why": ""}).text
    refused = admin_client.post(page, given | {"people": one.uuid})
    assert "place another hold" in refused.text
    done = admin_client.post(page, given, follow=True).text
    assert "Blocks placed: 1, released: 1" in done
    assert "More is needed than it held" in done
    assert holds_review.owner_of(LegalHold.objects.get()) == admin_user
    holds.release(hold, **BY)
    assert admin_client.get(page).status_code == 404
