"""Every promise of the customer's policy stands in the register. Take one row away and a promise is broken.

Left: the promise, told in our words. Right: the rows that keep it.
"""

import copy
from pathlib import Path

import pytest
import yaml

from processing.vocabulary import REFUSED_CATEGORIES, Source
from requests.models import Right

REGISTER = yaml.safe_load((Path(__file__).parents[2] / "kraken_privacy/demo/register.yml").read_text())

# promise → (purpose, lawful basis, fields that must be so)
PURPOSES = {
    "marketing that people asked for": ("newsletter", "a", {"direct_marketing": True, "channels": ["email"]}),
    "promotions of associated partners": ("partner-promotions", "a", {"direct_marketing": True}),
    "information about what was bought": ("product-information", "b", {"service_message": True}),
    "direct sales where a mutual interest is established": ("direct-sales", "f", {"direct_marketing": True}),
    "replies to contact forms": ("contact-enquiries", "f", {}),
    "follow-up of incoming requests": ("customer-support", "b", {}),
    "access and services": ("account-access", "b", {}),
    "order confirmations, licences, invoices, reminders": ("contract-administration", "b", {"service_message": True}),
    "notices of disruption": ("service-notices", "b", {"service_message": True}),
    "surveys": ("surveys", "a", {}),
    "job applications": ("recruitment", "b", {}),
    "screening for risk and fraud by device information": ("fraud-screening", "f", {}),
    "optimising the website by device information": ("website-analytics", "a", {}),
    "contracts with partners and suppliers": ("supplier-management", "b", {}),
    "legal requirements under applicable laws": ("statutory-accounts", "c", {}),
    "legal claims, complaints and safeguarding": ("security-and-legal-claims", "f", {}),
    "every right can be exercised": ("rights-requests", "c", {}),
    "each consent is stored and documented": ("evidence-ledger", "c", {}),
}
# Not in the policy, yet offered: keeping an application beyond its vacancy needs a purpose and a consent of its own.
# What an employment needs of it has a purpose, too.
BEYOND = {"talent-pool", "employment"}

# promise → (source, purposes that must draw on it)
SOURCES = {
    "in person": ("in_person", {"direct-sales"}),
    "through correspondence": ("correspondence", {"contact-enquiries", "customer-support"}),
    "by phone": ("phone", {"contact-enquiries", "customer-support"}),
    "by social media": ("social_media", {"contact-enquiries"}),
    "through our websites": ("website", {"newsletter", "contact-enquiries", "website-analytics"}),
    "while using our products": ("product", {"account-access", "customer-support"}),
    "from third-party aggregators that may share it": ("third_party", {"direct-sales"}),
    "from public sources": ("public_source", {"direct-sales"}),
}

# promise → (category, a purpose that needs it)
CATEGORIES = {
    "name": ("name", "newsletter"),
    "phone number": ("phone", "contact-enquiries"),
    "job title": ("job-title", "direct-sales"),
    "e-mail address": ("email", "newsletter"),
    "company's name and contact information": ("employer", "contract-administration"),
    "feedback, comments and questions": ("feedback", "customer-support"),
    "service-related communication": ("correspondence", "customer-support"),
    "IP address": ("device", "fraud-screening"),
    "actions taken on the site": ("website-activity", "website-analytics"),
    "what an applicant provides": ("application", "recruitment"),
    "invoices": ("invoice", "statutory-accounts"),
    "licence details and agreements": ("contract", "contract-administration"),
    "account activities": ("account", "account-access"),
}

# promise → (recipient, the only ground on which it receives anything)
RECIPIENTS = {
    "partners only with consent": ("event-partners", "consent"),
    "disclosure where the law or a court requires it": ("authorities", "required_by_law"),
    "protecting the company's rights": ("legal-advisers", "professional_advice"),
    "accounts the law requires": ("accountants", "professional_advice"),
    "storage stays on our instructions": ("hosting-provider", "instruction"),
    "delivery stays on our instructions": ("mail-provider", "instruction"),
}

SYSTEMS = {"kraken-privacy", "crm", "mailbox", "accounting"}
ACTIVITIES = {"marketing", "sales", "customer-service", "contracts", "recruitment", "websites", "compliance"}

# promise → the right that keeps it
RIGHTS = {
    "a copy": Right.ACCESS,
    "correction": Right.RECTIFICATION,
    "deletion": Right.ERASURE,
    "withdrawal of consent": Right.WITHDRAWAL,
    "portability": Right.PORTABILITY,
    "restriction": Right.RESTRICTION,
    "objection": Right.OBJECTION,
}


def by_slug(register, part):
    return {row["slug"]: row for row in register[part]}


def broken(register):
    """Every promise that this register does not keep."""
    purposes, categories = by_slug(register, "purposes"), by_slug(register, "categories")
    recipients = by_slug(register, "recipients")
    for promise, (slug, basis, fields) in PURPOSES.items():
        row = purposes.get(slug, {})
        if row.get("basis") != basis or any(row.get(name) != value for name, value in fields.items()):
            yield promise
    for promise, (source, drawn_by) in SOURCES.items():
        if not all(source in purposes.get(slug, {"sources": []})["sources"] for slug in drawn_by):
            yield promise
    for promise, (slug, needed_by) in CATEGORIES.items():
        if slug not in categories or slug not in purposes.get(needed_by, {"categories": []})["categories"]:
            yield promise
    for promise, (slug, ground) in RECIPIENTS.items():
        if recipients.get(slug, {}).get("ground") != ground:
            yield promise
        if not any(slug in row["recipients"] for row in purposes.values()):
            yield promise
    for part, expected in (("systems", SYSTEMS), ("activities", ACTIVITIES)):
        yield from expected - set(by_slug(register, part))


def test_the_register_keeps_every_promise():
    assert list(broken(REGISTER)) == []


PARTS = ["purposes", "categories", "recipients", "systems", "activities"]
ROWS = [(part, row["slug"]) for part in PARTS for row in REGISTER[part] if row["slug"] not in BEYOND]


@pytest.mark.parametrize(("part", "slug"), ROWS)
def test_each_row_is_needed(part, slug):
    register = copy.deepcopy(REGISTER)
    register[part] = [row for row in register[part] if row["slug"] != slug]
    assert list(broken(register))


@pytest.mark.parametrize("source", Source.values)
def test_each_source_is_needed(source):
    register = copy.deepcopy(REGISTER)
    for row in register["purposes"]:
        row["sources"] = [name for name in row["sources"] if name != source]
    assert list(broken(register))


def test_partners_receive_nothing_without_consent():
    for row in REGISTER["purposes"]:
        if "event-partners" in row["recipients"]:
            assert row["basis"] == "a", row["slug"]


def test_third_parties_serve_assessed_purposes_only():
    """Bought or public data are used only where an assessment stands behind the purpose, and with evidence per item."""
    for row in REGISTER["purposes"]:
        if {"third_party", "public_source"} & set(row["sources"]):
            assert row["basis"] == "f", row["slug"]


def test_special_categories_are_not_collected():
    assert not {row["slug"] for row in REGISTER["categories"]} & set(REFUSED_CATEGORIES)
    assert all("art9_condition" not in row for row in REGISTER["purposes"])


def test_legitimate_interests_are_stated():
    assert all(row["interests"] for row in REGISTER["purposes"] if row["basis"] == "f")


def test_everything_has_a_period():
    assert all(row["retention"] for row in REGISTER["purposes"])


def test_every_right_can_be_exercised():
    assert set(RIGHTS.values()) <= set(Right)


def test_the_controller_is_named():
    controller = REGISTER["controller"]
    assert controller["name"] == "Kraken IM"
    assert controller["address"].split("\n")[:3] == ["Boho 5", "Middlesbrough", "TS2 1NY"]
    assert controller["dpo_contact"] == "privacy@kraken.im"
