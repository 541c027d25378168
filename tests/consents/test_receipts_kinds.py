"""A receipt tells the truth about every kind of event: whose act it was, of what kind, how, and under which notice."""

import json
from datetime import date, datetime

import pytest

from consents import (
    answers,
    capture,
    deferring,
    endings,
    entered,
    importing,
    opt_in,
    receipts_record,
    renewing,
    revoking,
    withdraw,
)
from consents.models import ConsentEvent, ConsentState, Status
from consents.unsubscribe import Recipient
from cookies import linking
from core.files import File
from core.models import Controller, DataKey
from ledger import signing
from notices import published
from processing.models import Recipient as RegisterRecipient
from subjects import people
from subjects.identifiers import Claim
from subjects.models import DataSubject
from tests import make_consents as make
from tests import make_cookies, make_register
from tests.make_receipts import check

pytestmark = pytest.mark.django_db
ADA, EMAIL = [Claim("email", "ada@example.com")], "ada@example.com"
PERSON, GUARDIAN, OTHERS = "dpv:DataSubject", "dpv:GuardianOfDataSubject", "dpv:ThirdParty"
PDF = File("paper.pdf", b"%PDF-1.4 signed")
EXPRESSED, NONE = "dpv:ExpressedConsent", "dpv:Consent"


def signed():
    make.published(minimum_age=13)
    data = make.body(guardian={"until": "2027-05"}, source={"channel": "paper"})
    return entered.enter(data, kind="paper", note={"guardian": "Seen."}, file=PDF, actor=make.ACTOR, now=make.NOW)


def spoken():
    make.published()
    data = make.body(source={"channel": "phone"})
    note = {"words": "Script 3.", "volunteered": "yes"}
    return entered.enter(data, kind="phone", note=note, file=None, actor=make.ACTOR, now=make.NOW)


def told():
    make.live()
    return entered.tell(entered.Told(ADA, "newsletter", ["email"], make.NOW), actor=make.ACTOR, now=make.NOW)


def shown():
    consent = told()
    entered.accept(consent, note=dict.fromkeys(entered.NEEDED, "x"), file=PDF, actor=make.ACTOR, now=make.NOW)
    return consent


def imported(tmp_path):
    make.live()
    said = {"email": EMAIL, "purpose": "newsletter", "channel": "email", "status": "given", "evidence": "F1"}
    (tmp_path / "rows.ndjson").write_text(json.dumps(said | {"at": "2026-02-01T10:00:00Z"}))
    importing.take(tmp_path / "rows.ndjson", actor=make.ACTOR, now=make.NOW)


def given():
    make.published()
    return make.captured().consent


def withdrawn():
    given()
    withdraw.withdraw(ADA, purposes=["newsletter"], now=make.days(1), actor=make.ACTOR, collected_by="one_click")


def expired():
    given()
    endings.expire_due(now=make.NOW.replace(year=2028))


def renewed():
    given()
    renewing.renew(Recipient(EMAIL, ""), ["join:newsletter-email"], address=str, now=make.days(700))


def invalidated():
    given()
    state = ConsentState.objects.get()
    how = {"kind": "consent.ended", "actor": make.ACTOR, "status": Status.INVALIDATED}
    endings.close(state.subject, state.purpose, [state], now=make.days(1), **how)


def revoked():
    given()
    state = ConsentState.objects.get()
    person = DataSubject.objects.get(uuid=state.subject)
    revoking.revoke(person, state.event, why="not-pursued", now=make.days(1), actor=make.ACTOR)


def deferred():
    given()
    deferring.defer(Recipient(EMAIL, ""), now=make.days(700))


def refused():
    make.published()
    return make.captured(choices={"newsletter-email": False}).consent


def browsed():
    people.find_or_create(ADA, now=make.NOW, actor=make.ACTOR)
    row = make_cookies.chosen(make_cookies.published())
    linking.link(row.consent_id, ADA, now=make.NOW, actor=make.ACTOR)


KINDS = {
    given: ("dpv:ConsentGiven", EXPRESSED, PERSON, "an answer on a website", PERSON),
    refused: ("dpv:ConsentRefused", NONE, PERSON, "an answer on a website", PERSON),
    withdrawn: ("dpv:ConsentWithdrawn", NONE, PERSON, "unsubscribe button", PERSON),
    expired: ("dpv:ConsentExpired", NONE, "us", "time ran out", PERSON),
    invalidated: ("dpv:ConsentInvalidated", NONE, "us", "something else", PERSON),
    revoked: ("dpv:ConsentRevoked", NONE, "us", "relies on it no more", PERSON),
    deferred: ("dpv:ConsentRequestDeferred", NONE, PERSON, "a page of ours", PERSON),
    renewed: ("dpv:RenewedConsentGiven", EXPRESSED, PERSON, "a page of ours", PERSON),
    signed: ("dpv:ConsentGiven", EXPRESSED, GUARDIAN, "on paper", PERSON),
    spoken: ("dpv:ConsentGiven", EXPRESSED, PERSON, "by phone", PERSON),
    told: ("dpv:ConsentUnknown", NONE, OTHERS, "nothing shows it yet", OTHERS),
    shown: ("dpv:ConsentGiven", EXPRESSED, PERSON, "who showed us", OTHERS),
    imported: ("dpv:ConsentGiven", EXPRESSED, PERSON, "earlier system", "dpv:DataController"),
    browsed: ("dpv:ConsentGiven", EXPRESSED, PERSON, "an answer on a website", PERSON),
}


@pytest.mark.parametrize("make_one", KINDS, ids=lambda one: one.__name__)
def test_a_receipt_tells_who_did_what(make_one, tmp_path):
    state, type_, by, how, source = KINDS[make_one]
    published.publish(version="1", html="<p>All.</p>", effective_from=date(2026, 1, 1), now=make.NOW, actor=make.ACTOR)
    make_one(tmp_path) if make_one is imported else make_one()
    event = ConsentEvent.objects.latest("id")
    # What is sealed may be gone: the receipt rests on codes alone.
    DataKey.objects.filter(owner="consent").delete()
    record = receipts_record.receipt(event.consent, now=make.NOW)
    check(record)
    (activity,) = record["dpv:hasRecordOfActivity"]
    said = activity["dpv:hasConsentStatus"][-1]
    us = activity["dpv:hasDataController"][0]["@id"]
    assert (said["@type"], said["dpv:isIndicatedBy"]) == ([state, type_], us if by == "us" else by)
    assert how in said["dpv:hasIndicationMethod"]
    assert activity["dpv:hasProcess"][-1]["dpv:hasDataSource"] == source
    assert activity["dpv:hasNotice"]["dct:identifier"] == "1"
    answered = activity["dpv:hasNotice"].get("dct:hasVersion")
    assert answered == {browsed: "shop 1"}.get(make_one, "join 1" if event.form_version else None)
    if make_one is shown:
        assert [one["@type"][0] for one in activity["dpv:hasConsentStatus"]] == ["dpv:ConsentUnknown", state]


def test_a_notice_that_nobody_knows_is_left_out_and_every_party_is_whole():
    make.live()
    place = {"address": "2 Example Street", "contact": "privacy@partner.example.com"}
    for name in ("Partner Ltd", "Nobody knows Ltd"):
        RegisterRecipient.objects.create(slug=name[:5].lower(), name=name, role="controller", **place)
    make.published(controllers=["Example Ltd", "Partner Ltd", "Nobody knows Ltd"])
    RegisterRecipient.objects.filter(name="Nobody knows Ltd").delete()
    consent = make.captured().consent
    whole = receipts_record.receipt(consent, now=make.NOW)
    check(whole)
    us, *_more, partner, unknown = whole["dpv:hasRecordOfActivity"][0]["dpv:hasDataController"]
    reached = [partner[name] for name in ("schema:name", "schema:address", "dpv:hasContact")]
    assert reached == ["Partner Ltd", "2 Example Street", "mailto:privacy@partner.example.com"]
    # Whom the register does not tell of any more is reached through whoever asked.
    assert unknown["schema:address"] == f"c/o {us['schema:address']}"
    assert unknown["dpv:hasContact"] == us["dpv:hasContact"]
    endings.expire_due(now=make.NOW.replace(year=2028))
    last = receipts_record.receipt(ConsentEvent.objects.latest("id").consent, now=make.NOW)
    check(last)
    assert "dct:identifier" not in last["dpv:hasRecordOfActivity"][0]["dpv:hasNotice"]


def test_a_receipt_tells_what_the_purpose_meant_then():
    consent = given()
    make.live().versions.update(status="retired", effective_to=make.days(1))
    later = make_register.draft(title="Other news")
    later.purpose.versions.filter(pk=later.pk).update(status="live", effective_from=make.days(1))
    record = receipts_record.receipt(consent, now=make.days(2))
    (process,) = record["dpv:hasRecordOfActivity"][0]["dpv:hasProcess"]
    assert process["dpv:hasPurpose"]["dct:title"] == "Newsletter"


def test_under_the_law_of_the_union_its_law_is_named():
    Controller.objects.update_or_create(
        pk=1,
        defaults={"name": "Example Ltd", "address": "A", "dpo_contact": "dpo@example.com", "jurisdiction": "EU"},
    )
    record = receipts_record.receipt(given(), now=make.NOW)
    check(record)
    (activity,) = record["dpv:hasRecordOfActivity"]
    assert (activity["dpv:hasJurisdiction"], "legal-gb" in json.dumps(activity)) == ("loc:EU", False)


GUARDIANS = {"guardian": {"email": "parent@example.com", "until": "2027-05"}}
MAILBOX, NOBODY_KNOWS = "only the owner of the mailbox", "by whom it was confirmed is not recorded"


@pytest.mark.parametrize(
    ("age", "said", "is_proof_left", "by", "how"),
    [
        (None, {}, True, PERSON, MAILBOX),
        (None, {}, False, PERSON, MAILBOX),
        (13, GUARDIANS, True, GUARDIAN, "a website"),
        (13, GUARDIANS, False, "not recorded", NOBODY_KNOWS),
        (13, {"of_age": True}, False, "not recorded", NOBODY_KNOWS),
    ],
)
def test_of_what_was_confirmed_before_evidence_said_by_whom(age, said, is_proof_left, by, how, monkeypatch):
    pattern = capture._pattern
    monkeypatch.setattr(capture, "_pattern", lambda *given: pattern(*given[:7], "", *given[8:]))
    monkeypatch.setattr(opt_in.secrets, "token_urlsafe", lambda _size: "the-token")
    # For a child the parent alone is asked, as it was then.
    make.published(minimum_age=age).form.__class__.objects.update(double_opt_in="guardian" not in said)
    data = make.body(**said)
    asked = opt_in.ask(answers.read(data, now=make.NOW), data, now=make.NOW, actor=make.ACTOR)
    opt_in.confirm("the-token", now=make.NOW)
    if not is_proof_left:
        DataKey.objects.filter(owner="consent").delete()
    record = receipts_record.receipt(asked.consent, now=make.NOW)
    check(record)
    (told,) = record["dpv:hasRecordOfActivity"][0]["dpv:hasConsentStatus"]
    assert told["dpv:isIndicatedBy"] == by
    assert how in told["dpv:hasIndicationMethod"]


def test_the_short_receipt_says_where_to_take_it_back(settings):
    make.published()
    short = json.loads(signing.verify(make.captured().receipt))
    assert short["withdrawal_method"] == f"{settings.BASE_URL}/preferences/"
    assert datetime.fromisoformat(short["choices"][0]["valid_until"]).year == 2028
