"""Giving data to somebody: every reason, one person or many, over the API, and recorded only when it is allowed."""

import html
from uuid import uuid4

import pytest
from django.urls import reverse

from consents import disclosing, suppression
from consents.disclosing import NotDisclosed, Plan, UnknownRecipient, may_disclose
from consents.withdraw import withdraw
from core.errors import Invalid
from ledger.models import Entry
from processing.models import PurposeVersion, Recipient, Status
from subjects import lawful_uses, people, restrictions
from subjects.identifiers import Claim
from subjects.models import DataSubject, Disclosure, Identifier
from tests import make_consents as make
from tests import make_office, make_register, make_subjects

pytestmark = pytest.mark.django_db
ADA = Claim("email", "ada@example.com")
LAW = {"power": "Order of the county court, 12 March", "approved_by": "user:b", "categories": ["email"]}


def recipient(ground="consent", slug="partner", *, purposes=("newsletter",), **fields):
    reached = {"address": "2 Other Road", "contact": "privacy@partner.example"}
    fields = {"role": "controller", "name": "Partner Ltd", "contract": "Agreement of 2 May", **reached, **fields}
    made = Recipient.objects.create(slug=slug, ground=ground, **fields)
    for version in PurposeVersion.objects.filter(purpose__slug__in=purposes):
        # As it was written before it went live.
        PurposeVersion.recipients.through.objects.bulk_create(
            [PurposeVersion.recipients.through(version=version, recipient=made)]
        ) if version.status == Status.DRAFT else None
    return made


@pytest.fixture
def partner():
    """Ada agreed to the newsletter on a form that names Partner Ltd, which the register names too."""
    draft = make_register.draft("newsletter", "a", direct_marketing=True, channels=["email"])
    made = recipient()
    PurposeVersion.objects.filter(pk=draft.pk).update(status=Status.LIVE, effective_from=make_register.LONG_AGO)
    make.published(controllers=["Example Ltd", "Partner Ltd"])
    make.captured()
    return made


def serving(ground, basis="b", slug="customer-support", categories=("email",), **fields):
    """A recipient of a purpose that needs no consent, and somebody it is for."""
    draft = make_register.draft(slug, basis, categories=categories)
    made = recipient(ground, "firm", purposes=[slug], **fields)
    PurposeVersion.objects.filter(pk=draft.pk).update(status=Status.LIVE, effective_from=make_register.LONG_AGO)
    return made


def ada():
    return people.find_or_create([ADA], now=make.NOW, actor=make.ACTOR)


def reason(recipient="partner", purpose="newsletter", *, who=None, **plan):
    """The same for a person and for their address; with a plus for yes."""
    asked = Plan(recipient, purpose, **plan)
    one = may_disclose(who or ADA, asked, now=make.NOW)
    if subject := people.find([ADA]) if who is None else None:
        other = may_disclose(subject, asked, now=make.NOW)
        assert (other.allowed, other.reason, other.evidence) == (one.allowed, one.reason, one.evidence)
    assert one.sentence
    return ("+" if one.allowed else "") + one.reason


def test_with_consent_that_named_the_recipient(partner):
    verdict = may_disclose(ADA, Plan("partner", "newsletter"), now=make.NOW)
    assert (verdict.allowed, verdict.reason, verdict.e_privacy) == (True, "consent-given", None)
    assert verdict.valid_until
    assert verdict.evidence == Entry.objects.get(kind="consent.given").uuid
    assert reason(categories=["email"]) == "+consent-given"
    assert reason(who=Claim("email", "nobody@example.com")) == "unknown-person"


def test_consent_to_others_names_nobody(partner):
    Recipient.objects.filter(pk=partner.pk).update(name="Another Ltd")
    assert reason() == "recipient-not-named"


def test_of_several_who_share_an_address_each_was_told_of_the_recipient(partner):
    """Eve was told and Ada was not. Eve's consent ends first, which must not make hers the only one looked at."""
    Recipient.objects.filter(pk=partner.pk).update(name="Another Ltd")
    make.published("other", controllers=["Example Ltd", "Another Ltd"])
    make.captured("eve@example.com", form="other", now=make.days(-30))
    eve = Claim("email", "eve@example.com")
    assert reason(who=eve) == "+consent-given"
    Identifier.objects.get(subjects=people.find([ADA])).subject_links.create(subject=people.find([eve]), is_shared=True)
    assert reason(who=ADA) == "recipient-not-named"


def test_what_ended_consent_ends_this(partner):
    withdraw([ADA], purposes=["newsletter"], now=make.NOW, actor=make.ACTOR)
    assert reason() == "consent-withdrawn"
    withdraw([ADA], purposes="all-marketing", now=make.NOW, actor=make.ACTOR)
    assert reason() == "objected"


def test_restricted_data_are_not_given(partner):
    restrictions.restrict(DataSubject.objects.get(), ground="accuracy", now=make.NOW, actor=make.ACTOR)
    assert reason() == "restricted"


def restricted(subject, *slugs):
    """What is held of these kinds for customer support, each restricted by itself."""
    for slug in slugs:
        item = make_subjects.item(subject, "customer-support", category=slug, now=make.NOW)
        restrictions.restrict(subject, ground="accuracy", item=item, now=make.NOW, actor=make.ACTOR)


def test_kinds_of_data_that_may_only_be_stored_are_not_given():
    serving("instruction", "c", categories=["email", "address"])
    subject, support = ada(), ("firm", "customer-support")
    make_subjects.item(subject, "customer-support", now=make.NOW)
    restricted(subject, "address")
    for asked in (["address"], ["email", "address"]):
        assert reason(*support, categories=asked) == "restricted"
        with pytest.raises(NotDisclosed):
            disclosing.disclose(subject, Plan(*support, asked), now=make.NOW, actor="user:a")
    assert reason(*support, categories=["email"]) == reason(*support) == "+legal-obligation"
    # Where nothing is named, it is what may be given.
    done = disclosing.disclose(subject, Plan(*support), now=make.NOW, actor="user:a")
    assert [one.slug for one in done.categories.all()] == ["email"]
    make_subjects.item(subject, "customer-support", category="address", now=make.NOW)
    assert reason(*support, categories=["address"]) == "+legal-obligation"


def test_under_a_recorded_use_it_ends_with_the_use(partner):
    subject, until = DataSubject.objects.get(), make.days(5)
    purpose = PurposeVersion.objects.get(purpose__slug="newsletter").purpose
    restrictions.restrict(subject, ground="accuracy", now=make.NOW, actor=make.ACTOR)
    given = {"ground": "consent", "placed_for": uuid4(), "sealed": b"x", "until": until, "items": []}
    by = {"now": make.NOW, "actor": make.ACTOR}
    use = lawful_uses.record(subject, uuid=uuid4(), purpose=purpose, **given, **by)
    for who in (ADA, subject):
        verdict = may_disclose(who, Plan("partner", "newsletter"), use=use.uuid, now=make.NOW)
        assert (verdict.allowed, verdict.reason) == (True, "restricted-use")
        assert (verdict.evidence, verdict.valid_until) == (use.uuid, until)
    assert reason() == "restricted"
    # The consent still has to name the recipient.
    Recipient.objects.filter(pk=partner.pk).update(name="Another Ltd")
    verdict = may_disclose(ADA, Plan("partner", "newsletter"), use=use.uuid, now=make.NOW)
    assert (verdict.allowed, verdict.reason) == (False, "recipient-not-named")


def test_a_purpose_that_rests(partner):
    PurposeVersion.objects.update(status=Status.SUSPENDED)
    assert reason() == "purpose-not-live"


def test_what_the_register_does_not_say(partner):
    make_register.category("phone")
    recipient(slug="other", name="Other Ltd", purposes=())
    assert reason("other") == "recipient-not-registered"
    assert reason(categories=["email", "phone"]) == "category-not-needed"
    for plan, field in ((Plan("partner", "newsletter", ["nonsense"]), "categories"), (Plan("partner"), "purpose")):
        with pytest.raises(Invalid) as refused:
            may_disclose(ADA, plan, now=make.NOW)
        assert set(refused.value.fields) == {field}
    with pytest.raises(UnknownRecipient):
        reason("nobody")


def test_whoever_works_for_us_needs_a_contract():
    firm, subject = serving("instruction", "c", role="processor"), ada()
    assert reason("firm", "customer-support") == "+legal-obligation"
    Recipient.objects.filter(pk=firm.pk).update(contract="")
    assert reason("firm", "customer-support") == "contract-missing"
    Recipient.objects.filter(pk=firm.pk).update(ground="professional_advice")
    assert reason("firm", "customer-support") == "+legal-obligation"
    DataSubject.objects.filter(pk=subject.pk).update(is_test=True)
    assert reason("firm", "customer-support", who=subject) == "unknown-person"


def test_only_with_consent_where_the_purpose_asks_for_none():
    serving("consent")
    ada()
    assert reason("firm", "customer-support") == "sharing-needs-consent"


def test_what_the_law_demands_is_named_and_nothing_stops_it():
    make_register.category()
    recipient("required_by_law", "court", purposes=(), role="authority")
    suppressed = suppression.hash_of(ADA)
    restrictions.restrict(ada(), ground="accuracy", now=make.NOW, actor=make.ACTOR)
    suppression.add([suppressed], purposes=[None], reason="objection", entry=DataSubject().uuid, now=make.NOW)
    for missing in LAW:
        assert reason("court", "", **{**LAW, missing: ""}) == "power-missing"
    assert reason("court", "", **LAW) == "+required-by-law"
    assert reason("court", "", who=Claim("email", "nobody@example.com"), **LAW) == "unknown-person"
    assert reason("court", "", who=Claim("email", "no address"), **LAW) == "unknown-person"


def test_it_is_recorded_only_when_it_may_be(partner):
    subject, by = DataSubject.objects.get(), {"now": make.NOW, "actor": "user:a"}
    done = disclosing.disclose(subject, Plan("partner", "newsletter"), **by)
    assert (done.ground, [one.slug for one in done.categories.all()]) == ("consent", ["email"])
    assert Entry.objects.filter(kind="data.disclosed", object=done.uuid).exists()
    withdraw([ADA], purposes=["newsletter"], now=make.NOW, actor=make.ACTOR)
    with pytest.raises(NotDisclosed) as refused:
        disclosing.disclose(subject, Plan("partner", "newsletter"), **by)
    assert str(refused.value.message) == "The person has withdrawn consent."
    recipient("required_by_law", "court", purposes=(), role="authority")
    with pytest.raises(Invalid):
        disclosing.disclose(subject, Plan("court", **{**LAW, "approved_by": "user:a"}), **by)
    law = disclosing.disclose(subject, Plan("court", **LAW), **by)
    assert (law.legal_power, law.approved_by, law.purpose) == (LAW["power"], "user:b", None)
    assert Disclosure.objects.count() == 2


def test_the_call_answers_in_order_with_few_queries(partner, client, django_assert_max_num_queries):
    key, url = make.key("permissions:read"), "/api/v1/permissions/disclosure/"
    body = {"recipient": "partner", "purpose": "newsletter", "type": "email", "explain": True}
    body["values"] = ["nobody@example.com", "Ada@Example.com", *(f"p{n}@example.com" for n in range(50))]
    with django_assert_max_num_queries(14):
        answer = client.post(url, body, content_type="application/json", **key).json()
    first, second = answer["results"][:2]
    assert (first["reason"], second["reason"], len(answer["results"])) == ("unknown-person", "consent-given", 52)
    assert second["sentence"]
    for wrong in ({"recipient": 1}, {"categories": "email"}, {"channel": "email"}, {"values": "x"}):
        response = client.post(url, body | wrong, content_type="application/json", **key)
        assert response.status_code == 400
        assert response.json()["errors"][0]["field"] == next(iter(wrong))
    unknown = client.post(url, body | {"recipient": "nobody"}, content_type="application/json", **key)
    assert (unknown.status_code, unknown.json()["type"].rpartition(":")[2]) == (404, "unknown-recipient")


def test_staff_record_it_on_the_persons_page(partner, client):
    client.force_login(make_office.staff())
    address = reverse("admin:person-disclose", args=[DataSubject.objects.get().uuid])
    given = {"recipient": "partner", "purpose": "newsletter", "categories": ["email"]}
    assert "What is given" in client.get(address).text
    recipient(slug="other", name="Other Ltd", purposes=())
    refused = client.post(address, given | {"recipient": "other"})
    assert "The register does not name this recipient for this purpose." in html.unescape(refused.text)
    assert not Disclosure.objects.exists()
    page = client.post(address, given, follow=True).text
    assert "Partner Ltd" in page
    assert Disclosure.objects.get().recipient == partner
