"""Two records made one: the strictest choice stands, everything moves, and it can be parted again."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.urls import reverse

from consents import forms, permission, renewals, states, withdraw
from consents.models import ConsentEvent, ConsentState
from core import outbox
from core.models import Controller, DataKey, Owner
from ledger.models import Entry
from office import merging
from office.models import Merge
from processing.models import Purpose
from retention import holds, runs, shells
from retention.replay import replay
from subjects import blocks, erasure, lawful_uses, organisations, people, relationships, restrictions
from subjects.deletes import note_emptied
from subjects.erasure import end_needs, needs_of
from subjects.identifiers import Claim
from subjects.models import DataSubject, Identifier, ItemPurpose, PersonalDataItem, Relationship, SubjectIdentifier
from tests import make_consents, make_office, make_subjects
from tests import make_people as make

pytestmark = pytest.mark.django_db
NOW, LATER = make.NOW, make.NOW + timedelta(days=3)


@pytest.fixture(autouse=True)
def purposes():
    return make_office.register()


@pytest.fixture
def ada():
    return make.person("ada@example.com", "Ada", "newsletter")


@pytest.fixture
def countess():
    subject = make.person("countess@example.com", "Countess", "newsletter", "contract-administration")
    people.verify_identifier(subject, Claim("email", "countess@example.com"), how="mail", now=NOW, actor=make.ACTOR)
    return subject


def merge(kept, gone, now=NOW):
    return merging.merge(kept, gone, now=now, actor=make.OFFICER)


def undo(made, now=LATER):
    return merging.undo(made, now=now, actor=make.OFFICER)


def standing(subject, slug="newsletter"):
    return {state.status for state in states.states_of(subject) if state.purpose == slug}


def allowed(email, slug="newsletter"):
    return permission.check(slug, "email", "email", [email], now=LATER)[0].allowed


def snapshot(subject):
    return {
        "items": sorted(subject.items.values_list("pk", flat=True)),
        "needs": sorted(ItemPurpose.objects.filter(subject=subject).values_list("pk", flat=True)),
        "links": sorted(
            SubjectIdentifier.objects.filter(subject=subject).values_list("identifier", "verified_at", "is_shared")
        ),
        "ties": sorted(
            Relationship.objects.filter(subject=subject).values_list(
                "purpose", "role", "started_on", "last_interaction_on"
            )
        ),
        "blocks": sorted(subject.erasure_blocks.values_list("pk", flat=True)),
        "limits": sorted(subject.restrictions.values_list("pk", flat=True)),
    }


def test_everything_moves_and_comes_back(ada, countess, purposes):
    blocks.place(countess, kind="hold", placed_for=countess.uuid, now=NOW, actor=make.ACTOR)
    restrictions.restrict(countess, ground="accuracy", now=NOW, actor=make.ACTOR)
    before = snapshot(ada), snapshot(countess)
    made = merge(ada, countess)
    assert ada.items.count() == 3
    assert blocks.active(ada).exists()
    assert restrictions.is_restricted(ada)
    assert people.find([Claim("email", "countess@example.com")]) == ada
    assert not any(snapshot(countess).values())
    assert Entry.objects.filter(kind="person.merged", subject=ada.uuid, object=countess.uuid).count() == 1
    assert undo(made) == countess
    assert (snapshot(ada), snapshot(countess)) == before
    assert Entry.objects.filter(kind="person.split").count() == 1
    assert not Merge.objects.exists()


def test_a_use_of_all_that_is_restricted_covers_nothing_of_the_other_record(ada, countess, purposes):
    by = {"now": NOW, "actor": make.ACTOR}
    fields = {"items": [], "ground": "claims", "sealed": b"x", "until": LATER, "placed_for": uuid4()}

    def use(subject, slug):
        return lawful_uses.record(subject, uuid=uuid4(), purpose=purposes[slug], **fields, **by)

    def covered(one):
        one.refresh_from_db()
        found = PersonalDataItem.objects.usable_for(one.purpose, use=one, now=NOW)
        return set(found.values_list("subject_id", "pk"))

    for one in (ada, countess):
        restrictions.restrict(one, ground="unlawful", **by)
    uses = use(ada, "newsletter"), use(countess, "newsletter")
    empty = use(ada, "contract-administration")
    before = [covered(one) for one in uses]
    made = merge(ada, countess)
    assert [covered(one) for one in uses] == [{(ada.pk, pk) for _owner, pk in items} for items in before]
    # There was nothing of it, so nothing is left that it may be made of.
    empty.refresh_from_db()
    assert empty.ended_at
    undo(made)
    assert [covered(one) for one in uses] == before
    assert [one.items for one in uses] == [[], []]


@pytest.mark.parametrize("no_of_kept", [True, False])
@pytest.mark.parametrize("no_first", [True, False])
def test_a_no_of_either_stands(ada, countess, no_of_kept, no_first):
    says_no, says_yes = (ada, countess) if no_of_kept else (countess, ada)
    steps = [(says_no, "withdrawn"), (says_yes, "given")]
    for days, (subject, status) in enumerate(steps if no_first else reversed(steps)):
        make_office.consent(subject, status=status, now=NOW - timedelta(days=5 - days))
    made = merge(ada, countess)
    assert standing(ada) == {"withdrawn"}
    undo(made)
    assert standing(says_yes) == {"given"}
    assert standing(says_no) == {"withdrawn"}


def test_a_yes_alone_moves_with_its_date(ada, countess):
    make_office.consent(countess)
    said = ConsentState.objects.get(subject=countess.uuid)
    made = merge(ada, countess)
    assert ConsentState.objects.get(subject=ada.uuid).effective_at == said.effective_at
    undo(made)
    assert (standing(ada), standing(countess)) == (set(), {"given"})


def test_a_choice_made_since_is_not_undone(ada, countess):
    make_office.consent(ada)
    make_office.consent(countess, status="withdrawn")
    made = merge(ada, countess)
    make_office.consent(ada, now=LATER + timedelta(days=10))
    undo(made)
    assert standing(ada) == {"given"}


def test_an_objection_reaches_every_address(ada, countess):
    withdraw.withdraw(countess, purposes="all-marketing", now=NOW, actor=make.ACTOR)
    make_office.consent(ada, now=NOW - timedelta(days=1))
    assert allowed("ada@example.com")
    made = merge(ada, countess)
    assert not allowed("ada@example.com")
    assert not allowed("countess@example.com")
    undo(made)
    assert not allowed("countess@example.com")
    assert allowed("ada@example.com")


def test_joined_relationships_have_the_dates_of_both(ada, countess, purposes):
    newsletter = purposes["newsletter"]
    Relationship.objects.filter(subject=ada).update(started_on="2020-01-01", last_interaction_on="2021-01-01")
    ends = {"what": "ended_on", "on": date(2026, 1, 1), "now": NOW, "actor": make.ACTOR}
    relationships.end(countess, newsletter, **ends)
    relationships.establish(countess, newsletter, role="prospect", note="Of the fair", now=NOW, actor=make.ACTOR)
    merge(ada, countess)
    tie = Relationship.objects.get(subject=ada, purpose=newsletter)
    assert tie.started_on == date(2020, 1, 1)
    assert tie.last_interaction_on > date(2026, 1, 1)
    assert tie.ended_on is None
    assert relationships.note_of(tie) == "Of the fair"


def test_a_shared_address_becomes_one(ada, countess):
    shared = Claim("phone", "020 7946 0001")
    people.verify_identifier(countess, shared, how="call", now=NOW, actor=make.ACTOR)
    people.verify_identifier(ada, shared, how="call", now=NOW, actor=make.ACTOR)
    assert people.verified_subject(shared) is None
    before = snapshot(ada), snapshot(countess)
    made = merge(ada, countess)
    assert people.verified_subject(shared) == ada
    undo(made)
    assert (snapshot(ada), snapshot(countess)) == before


def test_what_is_refused(ada, countess):
    test = make.person("test@example.com", "Test", "newsletter", is_test=True)
    for one, other in ((ada, ada), (ada, test), (test, ada)):
        with pytest.raises(merging.CannotMerge):
            merge(one, other)
    merge(ada, countess)
    for one, other in ((ada, countess), (countess, ada)):
        with pytest.raises(merging.CannotMerge):
            merge(one, other)


def test_parting_is_in_order_and_in_time(ada, countess):
    third = make.person("third@example.com", "Third", "newsletter")
    first, second = merge(ada, countess), merge(third, ada)
    with pytest.raises(merging.CannotMerge):
        undo(first)
    with pytest.raises(merging.TooLate):
        undo(second, now=NOW + merging.UNDO)
    undo(second)
    undo(first)
    assert countess.items.count() == 2


def test_after_thirty_days_the_empty_record_goes(ada, countess):
    make_office.consent(countess)
    merge(ada, countess)
    assert merging.expire(now=LATER) == 0
    assert merging.expire(now=NOW + merging.UNDO) == 1
    assert not DataSubject.objects.filter(pk=countess.pk).exists()
    assert not ConsentState.objects.filter(subject=countess.uuid).exists()
    assert Merge.objects.get().moved == {}
    assert standing(ada) == {"given"}


def test_nothing_of_either_survives_an_erasure(ada, countess, purposes):
    merge(ada, countess)
    end_needs(needs_of(ada, list(purposes.values())), now=LATER)
    assert not DataSubject.objects.exists()
    assert not Merge.objects.exists()
    assert not Identifier.objects.exists()


def test_an_empty_record_outlives_a_run_while_it_can_be_parted(ada, countess, purposes):
    note_emptied([countess.pk], now=NOW)
    made = merge(ada, countess)
    shells.sweep(runs.start(ada.uuid, as_of=LATER.date(), now=LATER), lambda: LATER)
    assert undo(made) == countess
    merge(ada, countess, now=LATER)
    assert merging.expire(now=LATER + merging.UNDO) == 1
    assert list(DataSubject.objects.all()) == [ada]


def test_taking_off_an_address(ada, countess):
    people.verify_identifier(ada, Claim("phone", "020 7946 0001"), how="call", now=NOW, actor=make.ACTOR)
    phone = Identifier.objects.get(type="phone")
    merging.take_off(ada, phone.uuid, now=NOW, actor=make.OFFICER)
    assert not Identifier.objects.filter(pk=phone.pk).exists()
    assert Entry.objects.filter(kind="identifier.unlinked", subject=ada.uuid).count() == 1
    with pytest.raises(merging.CannotMerge):
        merging.take_off(ada, ada.identifiers.get().uuid, now=NOW, actor=make.OFFICER)


def test_an_address_under_a_hold_is_not_taken_off_with_its_key(client, ada, countess):
    phone = Claim("phone", "020 7946 0001")
    people.link(ada, phone)
    client.force_login(make_office.staff())
    row = Identifier.objects.get(type="phone")
    about = {"matter": "M1", "reason": "order", "review_due": LATER.date() + timedelta(days=30)}
    for whom in ([ada], []):
        purposes = [Purpose.objects.get(slug="newsletter")]
        hold = holds.place(whom, purposes=purposes, **about, now=NOW, actor=make.OFFICER)
        with pytest.raises(blocks.UnderHold):
            merging.take_off(ada, row.uuid, now=NOW, actor=make.OFFICER)
        path = reverse("admin:person-take-off", args=[ada.uuid, row.uuid])
        assert "A legal hold is over this" in client.post(path, follow=True).text
        assert DataKey.objects.filter(owner=Owner.IDENTIFIER, owner_id=row.uuid).exists()
        assert SubjectIdentifier.objects.filter(subject=ada, identifier=row).exists()
        holds.release(hold, now=NOW, actor=make.OFFICER)
    # That somebody else has it too does not matter: what the person was known by is part of what is kept.
    people.link(countess, phone)
    hold = holds.place([ada], **about, now=NOW, actor=make.OFFICER)
    with pytest.raises(blocks.UnderHold):
        merging.take_off(ada, row.uuid, now=NOW, actor=make.OFFICER)
    holds.release(hold, now=NOW, actor=make.OFFICER)
    merging.take_off(ada, row.uuid, now=NOW, actor=make.OFFICER)
    # And a pending request for a copy is no evidence of that kind.
    blocks.place(countess, kind="access_request", placed_for=uuid4(), now=NOW, actor=make.OFFICER)
    merging.take_off(countess, row.uuid, now=NOW, actor=make.OFFICER)
    assert not Identifier.objects.filter(pk=row.pk).exists()


def test_the_pages(client, ada, countess):
    client.force_login(make_office.staff())
    make_office.consent(ada)
    make_office.consent(countess, status="withdrawn")
    plan = client.post(reverse("admin:person-merge-plan", args=[ada.uuid]), {"text": "countess@example.com"})
    page = plan.content.decode()
    assert "They answered differently about: newsletter" in page
    assert "countess@example.com" not in page
    assert not Merge.objects.exists()
    done = client.post(reverse("admin:person-merge", args=[ada.uuid, countess.uuid]), follow=True).content.decode()
    assert "The two records are one now." in done
    assert client.get(reverse("admin:person", args=[countess.uuid])).status_code == 302
    made = Merge.objects.get()
    parted = client.post(reverse("admin:person-part", args=[ada.uuid, made.uuid]), follow=True).content.decode()
    assert "parted again" in parted
    nobody = client.post(reverse("admin:person-merge-plan", args=[ada.uuid]), {"text": "x@example.com"}, follow=True)
    assert "Nobody else is found" in nobody.content.decode()


def test_who_may(client, ada, countess):
    client.force_login(make_office.staff("auditor", group="auditor"))
    url = reverse("admin:person-merge", args=[ada.uuid, countess.uuid])
    assert client.post(url).status_code == 404
    assert client.get(url).status_code == 405
    assert not ConsentEvent.objects.filter(origin="merge").exists()


def test_a_yes_that_its_form_has_outgrown_stays_so_under_the_record_that_is_kept():
    ours = {"controllers": [Controller.current().name]}
    make_consents.published(**ours)
    make_consents.captured("countess@example.com")
    make_consents.captured("ada@example.com", choices={"newsletter-email": True}, now=make_consents.NOW)
    kept, gone = (people.find([Claim("email", email)]) for email in ("ada@example.com", "countess@example.com"))
    changed = make_consents.draft(title="More", **ours)
    now = make_consents.days(1)
    forms.publish(changed, now=now, actor=make.OFFICER, asks_again=["newsletter-email"])
    merge(kept, gone, now=now)
    renewals.end_due(now=now + timedelta(days=renewals.DAYS))
    assert standing(kept) == {"invalidated"}


def test_what_was_erased_while_they_were_one_stays_erased(ada, countess, purposes):
    made = merge(ada, countess)
    end_needs(needs_of(ada, [purposes["newsletter"]]), now=LATER)
    undo(made)
    assert list(Relationship.objects.values_list("subject", "purpose__slug")) == [
        (countess.pk, "contract-administration")
    ]
    assert list(DataSubject.objects.filter(emptied_at=LATER)) == [ada]


def test_an_older_backup_brings_neither_back(ada, countess, purposes, tmp_path, settings):
    settings.JOURNAL_DIR = tmp_path
    make_office.consent(countess)
    backup = transaction.savepoint()
    merge(ada, countess)
    chosen = list(purposes.values())
    erasure.erase(subject=ada, purposes=chosen, request=ada.uuid, actor=make.OFFICER, now=LATER)
    outbox.deliver_due(now=LATER)
    transaction.savepoint_rollback(backup)
    assert DataSubject.objects.count() == 2
    replay(now=LATER)
    assert not DataSubject.objects.exists()


def test_what_came_while_two_were_one_stays_under_the_holds_of_both(ada, countess, purposes):
    """The company of the record that goes back is held, and so is what came to it under the other name."""
    acme = organisations.represent(countess, name="Acme", now=NOW, actor=make.ACTOR)
    hold = blocks.place_rule(placed_for=countess.uuid, organisation=acme, now=NOW, actor=make.ACTOR)
    made = merge(ada, countess)
    make_subjects.item(ada, "newsletter", category="name")
    named = blocks.place(ada, kind="hold", placed_for=uuid4(), now=LATER, actor=make.ACTOR)
    undo(made)
    theirs = needs_of(countess, list(purposes.values()))
    blocks.release(named.placed_for, now=LATER, actor=make.ACTOR)
    # What was Ada's before goes; what came since does not, nor does anything of the countess.
    assert end_needs(needs_of(ada, list(purposes.values())), now=LATER).items == 1
    assert ada.items.count() == 1
    assert end_needs(theirs, now=LATER).needs == 0
    blocks.release(hold.placed_for, now=LATER, actor=make.ACTOR)
    assert end_needs(needs_of(ada, list(purposes.values())), now=LATER).items == 1
    assert end_needs(theirs, now=LATER).items == 2


def test_a_hold_placed_on_two_that_were_one_is_over_both(ada, countess, purposes):
    made = merge(ada, countess)
    hold = blocks.place(ada, kind="hold", placed_for=uuid4(), now=LATER, actor=make.ACTOR)
    undo(made)
    assert end_needs(needs_of(countess, list(purposes.values())), now=LATER).needs == 0
    blocks.release(hold.placed_for, now=LATER, actor=make.ACTOR)
    assert end_needs(needs_of(countess, list(purposes.values())), now=LATER).needs == 2


def test_what_a_hold_over_one_company_keeps_stays_held_with_somebody_of_another(ada, countess, purposes):
    acme = organisations.represent(countess, name="Acme", now=NOW, actor=make.ACTOR)
    organisations.represent(ada, name="Other", now=NOW, actor=make.ACTOR)
    hold = blocks.place_rule(placed_for=countess.uuid, organisation=acme, now=NOW, actor=make.ACTOR)
    merge(ada, countess)
    assert end_needs(needs_of(ada, list(purposes.values())), now=LATER).needs == 0
    blocks.release(hold.placed_for, now=LATER, actor=make.ACTOR)
    assert end_needs(needs_of(ada, list(purposes.values())), now=LATER).needs == 3
