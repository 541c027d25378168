"""Rectification: proposed and decided field by field, the old value gone, documents supplemented, others told."""

import json
from datetime import timedelta

import pytest

from consents.models import Suppression
from consents.suppression import hashes_of
from consents.withdraw import withdraw
from core import outbox
from core.errors import DomainError, Invalid
from core.models import DataKey, Owner
from core.vault import Key, Unreadable, key_of
from processing.models import Purpose
from requests import letters, proposing, rectifying, two_people, ways
from requests.models import Correction
from retention import holds
from subjects import blocks, corrections, items, names, people, restrictions
from subjects.identifiers import Claim
from subjects.models import DataSubject, Identifier, PersonalDataItem, SubjectIdentifier
from tests import make_office as make
from tests import make_subjects

pytestmark = pytest.mark.django_db
BY = {"actor": make.OFFICER, "now": make.NOW}


@pytest.fixture
def subject():
    make.register()
    return make.person("newsletter", "contract-administration", "statutory-accounts", token="Grase")


@pytest.fixture
def rights_request(subject, mailoutbox):
    return make.confirmed("rectification", mailbox=mailoutbox).requests.get()


def item_of(subject, slug="newsletter"):
    return PersonalDataItem.objects.get(subject=subject, needs__purpose__slug=slug)


def content(item):
    item.refresh_from_db()
    return json.loads(items.contents([item])[item.pk])


def propose(rights_request, item, new, **given):
    return proposing.propose(rights_request, kind="item", about=item.uuid, new=new, **given, **BY)


def accept(rights_request, reason="inaccurate", note=""):
    for row in rights_request.corrections.filter(outcome=""):
        proposing.decide(row, reason, note, **BY)


def parts_of(rights_request):
    return letters.parts_of(letters.read(letters.latest(rights_request))["html"])


def test_the_old_value_is_replaced_under_a_new_key_and_the_old_key_is_gone(subject, rights_request):
    item = item_of(subject)
    old_key = DataKey.objects.get(owner=Owner.ITEM, owner_id=item.uuid)
    sealed = bytes(item.sealed)
    propose(rights_request, item, "Grace Hopper")
    accept(rights_request)
    assert content(item) == "Grase for newsletter"
    assert rectifying.release(rights_request, **BY).state == "fulfilled"
    assert content(item) == "Grace Hopper"
    assert not DataKey.objects.filter(pk=old_key.pk).exists()
    with pytest.raises(Unreadable):
        key_of(Owner.ITEM, item.uuid).open("content", sealed)
    assert list(names.people_named("grace hopper")) == [subject]
    assert list(names.people_named("grase newsletter")) == []
    parts = parts_of(rights_request)
    assert "Grace Hopper" in parts["corrected"]
    assert "Grase" not in letters.read(letters.latest(rights_request))["text"]
    assert parts["backups"]


def test_the_same_mistake_is_proposed_everywhere_it_stands(subject, rights_request):
    make_subjects.item(subject, "newsletter", content="Same", category="name", now=make.NOW)
    first = make_subjects.item(subject, "contract-administration", content="Same", category="name", now=make.NOW)
    assert len(propose(rights_request, first, "Other", everywhere=True)) == 2
    assert len(propose(rights_request, first, "Another", everywhere=False)) == 1
    assert rights_request.corrections.count() == 2


def test_one_part_of_a_record_is_corrected_and_the_rest_stays(subject, rights_request):
    item = make_subjects.item(
        subject, "newsletter", content={"given": "Grase", "family": "Hopper"}, category="name", now=make.NOW
    )
    propose(rights_request, item, "Grace", part="given")
    accept(rights_request)
    rectifying.release(rights_request, **BY)
    assert content(item) == {"given": "Grace", "family": "Hopper"}


def test_a_document_stays_and_carries_the_statement(subject, rights_request):
    invoice = item_of(subject, "statutory-accounts")
    [row] = propose(rights_request, invoice, "I never lived there.")
    assert row.target == "statement"
    with pytest.raises(Invalid):
        proposing.decide(row, "inaccurate", **BY)
    accept(rights_request, "document-stays")
    rectifying.release(rights_request, **BY)
    assert content(invoice) == "Grase for statutory-accounts"
    assert corrections.statements_of([invoice]) == {invoice.pk: [{"on": "2026-11-22", "text": "I never lived there."}]}
    assert "I never lived there." in parts_of(rights_request)["supplemented"]


def test_a_statement_outlives_a_correction_of_the_same_item(subject):
    item = item_of(subject)
    by = {"request": subject.uuid, **BY}
    corrections.add_statement(item, "It is Grace.", on=make.NOW.date(), **by)
    corrections.correct_item(item, "", "Grace", **by)
    item.refresh_from_db()
    assert corrections.statements_of([item])[item.pk][0]["text"] == "It is Grace."


def test_denied_with_a_reason_is_a_refusal_that_owes_nobody_anything(subject, rights_request):
    make.disclosed(subject, "newsletter")
    propose(rights_request, item_of(subject), "Grace")
    accept(rights_request, "accurate", "We saw your passport.")
    assert rectifying.release(rights_request, **BY).state == "refused"
    parts = parts_of(rights_request)
    assert "We saw your passport." in parts["denied"]
    assert "164A" in parts["complain-to-us"]
    assert "165" in parts["complain-to-commissioner"]
    assert parts["court"]
    assert not rights_request.recipient_notices.exists()


def test_part_accepted_is_partly_fulfilled(subject, rights_request):
    propose(rights_request, item_of(subject), "Grace")
    accept(rights_request)
    propose(rights_request, item_of(subject, "contract-administration"), "Admiral Grace")
    accept(rights_request, "not-shown")
    assert rectifying.release(rights_request, **BY).state == "partly_fulfilled"


def test_an_address_is_swapped_unconfirmed_and_every_no_goes_with_it(subject, rights_request):
    old = Identifier.objects.get(subject_links__subject=subject)
    withdraw(subject, purposes="all-marketing", now=make.NOW, actor="test", collected_by="staff")
    count = Suppression.objects.filter(lifted_at=None).count()
    [row] = proposing.propose(rights_request, kind="identifier", about=old.uuid, new="Grace@New.example", **BY)
    accept(rights_request)
    rectifying.release(rights_request, **BY)
    assert rights_request.state == "fulfilled"
    link = subject.identifier_links.select_related("identifier").get()
    assert (link.verified_at, link.is_later) == (None, True)
    assert people.emails_of(subject) == ["grace@new.example"]
    assert not Identifier.objects.filter(pk=old.pk).exists()
    assert not DataKey.objects.filter(owner=Owner.IDENTIFIER, owner_id=old.uuid).exists()
    assert Suppression.objects.filter(lifted_at=None).count() == 2 * count
    assert row.what == "email"


def test_of_an_address_that_others_still_have_only_what_reached_them_there_goes_with_it(subject, rights_request):
    """What is said in a mailbox of several people is said of e-mail, and of no text message to one of them."""
    family = Claim("email", "family@example.net")
    eve = people.find_or_create([Claim("customer_number", "C2")], now=make.NOW, actor="test")
    for one in (subject, eve):
        people.verify_identifier(one, family, how="link", now=make.NOW, actor="test")
    old = Identifier.objects.get(subject_links__subject=eve, type="email")
    withdraw([family], purposes="all-marketing", now=make.NOW, actor="public")
    proposing.propose(rights_request, kind="identifier", about=old.uuid, new="grace@new.example", **BY)
    accept(rights_request)
    rectifying.release(rights_request, **BY)
    said = Suppression.objects.filter(hash__in=hashes_of([Claim("email", "grace@new.example")]))
    assert [(no.purpose, no.channel, no.since) for no in said] == [(None, "email", make.NOW)]


def test_somebody_elses_address_is_not_taken(subject, rights_request):
    people.find_or_create([Claim("email", "eve@example.com")], now=make.NOW, actor="test")
    old = Identifier.objects.get(subject_links__subject=subject)
    proposing.propose(rights_request, kind="identifier", about=old.uuid, new="eve@example.com", **BY)
    accept(rights_request)
    with pytest.raises(people.AmbiguousIdentity):
        rectifying.release(rights_request, **BY)
    assert people.emails_of(subject) == [make.EMAIL]


def test_whoever_received_it_hears_what_is_right(subject, rights_request, mailoutbox):
    make.disclosed(subject, notify="privacy@printer.example")
    make.disclosed(subject, to="binder", category="invoice", notify="privacy@binder.example")
    propose(rights_request, item_of(subject), "Grace Hopper")
    accept(rights_request)
    _kind, context = ways.draft(rights_request, now=make.NOW)
    assert context["told"] == [{"name": "Printer Ltd"}]
    rectifying.release(rights_request, **BY)
    outbox.deliver_due(now=make.NOW)
    [mail] = [mail for mail in mailoutbox if mail.to == ["privacy@printer.example"]]
    assert "name: Grace Hopper" in mail.body
    assert not [mail for mail in mailoutbox if mail.to == ["privacy@binder.example"]]
    assert "Printer Ltd" in parts_of(rights_request)["recipients"]


def test_other_systems_that_are_silent_make_a_part_answer(mailoutbox):
    make.register(manual=True)
    subject = make.person("newsletter")
    rights_request = make.confirmed("rectification", mailbox=mailoutbox).requests.get()
    propose(rights_request, item_of(subject), "Grace")
    accept(rights_request)
    assert rectifying.release(rights_request, **BY).state == "partly_answered"
    assert "crm" in parts_of(rights_request)["gaps"]
    make.answered(rights_request, outcome="done")
    assert rectifying.release(rights_request, **BY).state == "fulfilled"
    assert rights_request.letters.count() == 2
    assert rectifying.release(rights_request, **BY).letters.count() == 2


def test_nothing_goes_before_everything_is_decided(subject, rights_request):
    for _round in range(2):
        with pytest.raises(DomainError) as refusal:
            rectifying.release(rights_request, **BY)
        assert refusal.value.code == "undecided"
        propose(rights_request, item_of(subject), "Grace")


def test_what_we_do_not_hold_can_only_be_denied(subject, rights_request):
    [row] = proposing.propose(rights_request, kind="other", about=subject.uuid, new="My shoe size.", **BY)
    with pytest.raises(Invalid):
        proposing.decide(row, "inaccurate", **BY)
    proposing.decide(row, "not-held", **BY)
    assert rectifying.release(rights_request, **BY).state == "refused"


def test_contested_items_are_stored_only_and_kept(subject, rights_request):
    item = item_of(subject)
    propose(rights_request, item, "Grace")
    assert rectifying.restrict(rights_request, **BY) == 1
    assert rectifying.restrict(rights_request, **BY) == 1
    [restriction] = restrictions.placed_for(rights_request.uuid)
    assert (restriction.item, restriction.ground) == (item, "accuracy")
    accept(rights_request, "accurate")
    rectifying.release(rights_request, **BY)
    assert "we tell you before" in parts_of(rights_request)["restriction"]


def test_nobody_else_releases_what_they_decided(subject, rights_request, settings):
    settings.TWO_PERSON_RELEASE = True
    propose(rights_request, item_of(subject), "Grace")
    accept(rights_request)
    with pytest.raises(two_people.TwoPeopleNeeded):
        rectifying.release(rights_request, **BY)
    rectifying.release(rights_request, actor="user:00000000-0000-4000-8000-000000000002", now=make.NOW)
    assert rights_request.state == "fulfilled"


def test_words_are_sealed_under_the_case(subject, rights_request):
    [row] = propose(rights_request, item_of(subject), "Amazing Grace")
    assert b"Amazing" not in bytes(Correction.objects.get(pk=row.pk).sealed)
    assert proposing.opened(row)["new"] == "Amazing Grace"


def test_a_stranger_hears_that_nothing_was_found(mailoutbox):
    make.register()
    rights_request = make.confirmed("rectification", mailbox=mailoutbox, email="nobody@example.com").requests.get()
    make.looked(rights_request)
    rectifying.release(rights_request, **BY)
    assert letters.latest(rights_request).kind == "nothing_found"
    assert not DataSubject.objects.exists()


def test_what_a_hold_keeps_is_not_corrected_away(subject, rights_request):
    known = subject.identifiers.get(type="email")
    about = {"matter": "M1", "reason": "claim", "review_due": make.NOW.date() + timedelta(days=30)}
    purposes = [Purpose.objects.get(slug="newsletter")]
    hold = holds.place([subject], purposes=purposes, **about, **BY)
    same = {"request": rights_request.uuid, **BY}
    with pytest.raises(blocks.UnderHold):
        corrections.correct_item(item_of(subject), "", "Grace", **same)
    with pytest.raises(blocks.UnderHold):
        corrections.replace_identifier(subject, known.uuid, "new@example.com", **same)
    SubjectIdentifier.objects.create(subject=DataSubject.objects.create(), identifier=known)
    with pytest.raises(blocks.UnderHold):
        corrections.replace_identifier(subject, known.uuid, "new@example.com", **same)
    # It is about the newsletter only, and a document gets words beside it.
    corrections.correct_item(item_of(subject, "contract-administration"), "", "Grace", **same)
    corrections.add_statement(item_of(subject), "Not so.", on=make.NOW.date(), **same)
    holds.release(hold, **BY)
    hold = holds.place([], purposes=purposes, **about, **BY)
    with pytest.raises(blocks.UnderHold):
        corrections.correct_item(item_of(subject), "", "Grace", **same)
    holds.release(hold, **BY)
    corrections.correct_item(item_of(subject), "", "Grace", **same)
    assert content(item_of(subject)) == "Grace"


def test_staff_correct_on_pages(subject, rights_request, client):
    client.force_login(make.staff())
    page = f"/admin/rights/{rights_request.uuid}/"
    assert "Grase" not in client.get(page).content.decode()
    shown = client.post(f"{page}corrections/").content.decode()
    assert "Grase for newsletter" in shown
    about = {"kind": "item", "about": str(item_of(subject).uuid), "part": "", "new": "Grace Hopper"}
    client.post(f"{page}corrections/propose/", about)
    assert "Grace Hopper" not in client.get(page).content.decode()
    row = rights_request.corrections.get()
    client.post(f"{page}corrections/contest/")
    client.post(f"{page}corrections/{row.uuid}/decide/", {"reason": "inaccurate", "note": "Sorry."})
    assert "Grace Hopper" in client.post(f"{page}review/").content.decode()
    client.post(f"{page}release/")
    rights_request.refresh_from_db()
    assert rights_request.state == "fulfilled"
    assert content(item_of(subject)) == "Grace Hopper"


def test_a_key_of_the_old_value_opens_nothing_new(subject):
    item = item_of(subject)
    old = key_of(Owner.ITEM, item.uuid)
    corrections.correct_item(item, "", "Grace", request=subject.uuid, **BY)
    item.refresh_from_db()
    with pytest.raises(Unreadable):
        Key(Owner.ITEM, item.uuid, old.secret).open("content", bytes(item.sealed))
