"""The matrix of purpose and right, from the basis and the facts."""

from datetime import UTC, date, datetime

import pytest

from core.errors import DomainError
from processing.models import Basis, Purpose, PurposeVersion
from requests import exemptions, rights
from requests.models import Right
from requests.reasons import REASONS, for_right
from retention import rules
from retention.models import RetentionRule
from tests import make_register

TODAY = date(2026, 11, 22)


def version(basis, slug="some", marketing=False):
    return PurposeVersion(purpose=Purpose(slug=slug), basis=basis, direct_marketing=marketing)


def erasure(basis, *, slug="some", marketing=False, **facts):
    return rights.propose(Right.ERASURE, version(basis, slug, marketing), rights.Facts(today=TODAY, **facts))


@pytest.mark.parametrize(
    ("basis", "facts", "outcome", "reason"),
    [
        ("a", {}, "grant", "consent-withdrawn"),
        ("a", {"held": True}, "refuse", "legal-claims"),
        ("b", {"contract_running": True}, "refuse", "contract-running"),
        ("b", {"contract_ended_on": date(2021, 1, 1)}, "refuse", "claims-period"),
        ("b", {"contract_ended_on": date(2020, 11, 22)}, "refuse", "claims-period"),
        ("b", {"contract_ended_on": date(2020, 11, 21)}, "grant", "no-longer-needed"),
        ("b", {"contract_ended_on": date(2026, 1, 1), "term_over": True}, "grant", "no-longer-needed"),
        ("b", {"contract_ended_on": date(2010, 1, 1), "term_over": False}, "refuse", "claims-period"),
        ("b", {"application_open": True}, "refuse", "application-open"),
        ("b", {"application_closed_on": date(2026, 3, 1)}, "refuse", "claims-period"),
        ("b", {"application_closed_on": date(2025, 3, 1)}, "grant", "no-longer-needed"),
        ("b", {}, "grant", "no-longer-needed"),
        ("c", {}, "refuse", "legal-obligation"),
        ("c", {"term_over": True}, "grant", "no-longer-needed"),
        ("d", {}, "refuse", "vital-interests"),
        ("d", {"term_over": False}, "refuse", "vital-interests"),
        ("d", {"term_over": True}, "grant", "no-longer-needed"),
        ("e", {}, "refuse", "public-task"),
        ("e", {"term_over": False}, "refuse", "public-task"),
        ("e", {"term_over": True}, "grant", "no-longer-needed"),
        ("e", {"objection": "open", "restricted": True}, "refuse", "objection-open"),
        ("f", {}, "refuse", "interest-continues"),
        ("f", {"objection": "open"}, "refuse", "objection-open"),
        ("f", {"objection": "upheld"}, "grant", "objection-upheld"),
        ("f", {"objection": "refused"}, "refuse", "interest-overrides"),
        ("f", {"objection": "refused", "term_over": True}, "grant", "no-longer-needed"),
        ("f", {"objection": "open", "marketing": True}, "grant", "marketing-objection"),
        ("f", {"marketing": True}, "grant", "marketing-objection"),
        # Whoever asked us to keep it for a claim is asked first; an objection asks us to keep nothing.
        ("f", {"marketing": True, "restricted": True}, "refuse", "restriction-stands"),
        ("ea", {"objection": "upheld"}, "grant", "objection-upheld"),
    ],
)
def test_erasure_by_basis(basis, facts, outcome, reason):
    proposal = erasure(basis, **facts)
    assert (proposal.outcome, proposal.reason) == (outcome, reason)
    assert proposal.sentence


@pytest.mark.parametrize("slug", sorted(rights.KEPT_AS_PROOF))
def test_the_proof_of_what_we_did_is_kept(slug):
    assert erasure("c", slug=slug, term_over=True).reason == "legal-obligation"


@pytest.mark.parametrize("basis", Basis.values)
def test_a_copy_is_due_on_every_basis(basis):
    assert rights.propose(Right.ACCESS, version(basis), rights.Facts(today=TODAY)).is_grant


@pytest.mark.parametrize(
    ("right", "granted"),
    [
        (Right.RECTIFICATION, Basis.values),
        (Right.PORTABILITY, ["a", "b"]),
        (Right.OBJECTION, ["e", "ea", "f"]),
        (Right.WITHDRAWAL, ["a"]),
        (Right.ADM_REVIEW, ["a", "b", "c", "d", "e", "f"]),
    ],
)
def test_the_other_rights_by_basis(right, granted):
    facts = rights.Facts(today=TODAY)
    found = [basis for basis in Basis.values if rights.propose(right, version(basis), facts).is_grant]
    assert found == granted


@pytest.mark.parametrize("basis", Basis.values)
def test_a_restriction_needs_one_of_four_grounds_on_any_basis(basis):
    def proposed(**facts):
        facts = rights.Facts(today=TODAY, **facts)
        return rights.propose(Right.RESTRICTION, version(basis), facts).reason

    assert proposed() == "no-ground"
    assert proposed(named_ground="kept-for-your-claim", contested=True) == "kept-for-your-claim"
    assert proposed(contested=True) == "accuracy-contested"
    weighed = "objection-weighed" if basis in ("e", "ea", "f") else "no-ground"
    assert proposed(objection="open") == proposed(objection="open", named_ground="objection-weighed") == weighed
    assert proposed(named_ground="objection-weighed") == proposed(objection="upheld") == "no-ground"


def test_objecting_to_marketing_is_absolute():
    facts = rights.Facts(today=TODAY)
    assert rights.propose(Right.OBJECTION, version("a", marketing=True), facts).is_grant
    assert rights.propose(Right.OBJECTION, version("a"), facts).reason == "withdraw-instead"


def test_every_right_has_both_outcomes_and_every_reason_a_sentence():
    for right in Right:
        assert {reason.outcome for reason in for_right(right)} == {"grant", "refuse"}
    assert all(str(reason.sentence).endswith(".") and reason.article for reason in REASONS.values())


def test_no_exemption_decides_a_purpose_and_what_was_decided_so_is_still_read():
    offered = {reason.code for right in Right for reason in for_right(right)}
    for code in ("crime-and-tax", "others-information", "privilege", "negotiations", "confidential-reference"):
        assert code not in offered
        assert "DPA 2018 Sch 2" in REASONS[code].article
    assert not [reason for right in Right for reason in for_right(right) if "DPA" in reason.article]


def test_where_the_law_is_that_of_the_union_nothing_british_is_offered():
    assert {one.code for one in for_right(Right.ERASURE)} - {one.code for one in for_right(Right.ERASURE, "EU")} == {
        "malicious-allegation"
    }
    for right in Right:
        assert not [one for one in exemptions.for_right(right, "EU") if "DPA" in one.article]
    assert [one.article for one in exemptions.for_right(Right.ACCESS, "EU")] == ["Art 15(4)"]
    assert [one.article for one in exemptions.for_right(Right.PORTABILITY, "EU")] == ["Art 20(4)"]
    with pytest.raises(DomainError):
        exemptions.exemption("crime-and-tax", Right.ERASURE, "EU")


def test_a_rule_may_say_that_its_period_has_run(monkeypatch):
    monkeypatch.setattr(rights, "_terms", [lambda purpose, facts: None, lambda purpose, facts: True])
    assert rights.term_over(Purpose(slug="x"), rights.Facts(today=TODAY)) is True


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("ended", "reason"), [(date(2026, 5, 22), "claims-period"), (date(2026, 5, 21), "no-longer-needed")]
)
def test_the_retention_rule_says_when_a_contract_is_over(ended, reason):
    purpose = make_register.purpose("contract-administration", "b")
    rule = RetentionRule.objects.create(
        slug="contracts", purpose=purpose, trigger="contract_end", period="P6M", legal_reason="Test."
    )
    rules.activate(rule, approved_by="user:test", now=datetime(2026, 1, 1, tzinfo=UTC))
    facts = rights.Facts(today=TODAY, contract_ended_on=ended)
    facts = rights.Facts(**{**facts.__dict__, "term_over": rights.term_over(purpose, facts)})
    assert rights.propose(Right.ERASURE, purpose.versions.get(), facts).reason == reason
