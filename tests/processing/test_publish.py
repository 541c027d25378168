"""A version goes live through its gates, retires the one before it, and is never changed again."""

from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from core.errors import DomainError
from ledger.models import Entry
from processing import gates, purposes
from processing.gates import NotReady
from processing.models import DataCategory, PurposeVersion
from tests import make_register

pytestmark = pytest.mark.django_db
MAY = datetime(2026, 5, 1, 9, tzinfo=UTC)
JUNE = datetime(2026, 6, 1, 9, tzinfo=UTC)


def refused(change):
    with pytest.raises(DatabaseError), transaction.atomic():
        change()


@pytest.fixture
def no_gates(monkeypatch):
    monkeypatch.setattr(gates, "_checks", {basis: [] for basis in "abcdef"})


def test_publishing_retires_the_version_before_it(no_gates):
    first = make_register.draft("newsletter", title="News")
    first.publish(now=MAY, actor="user:1")
    second = make_register.draft("newsletter", title="News and offers")
    second.publish(now=JUNE, actor="user:1")
    first.refresh_from_db()
    assert (first.status, first.effective_to) == ("retired", JUNE)
    assert purposes.live("newsletter") == second
    assert purposes.as_of("newsletter", MAY) == first
    assert purposes.as_of("newsletter", JUNE) == second


def test_publishing_is_evidence(no_gates):
    version = make_register.draft("newsletter")
    entry = Entry.objects.get(uuid=version.publish(now=MAY, actor="user:1"))
    assert entry.kind == "purpose.published"
    assert version.sha256 in entry.body


def test_only_a_draft_is_published(no_gates):
    version = make_register.draft("newsletter")
    version.publish(now=MAY, actor="user:1")
    with pytest.raises(DomainError, match="already-published"):
        version.publish(now=JUNE, actor="user:1")


def test_a_gate_says_what_is_missing(no_gates):
    gates._checks["a"] = [lambda purpose: f"No form asks about {purpose.slug}."]
    version = make_register.draft("newsletter")
    with pytest.raises(NotReady) as error:
        version.publish(now=MAY, actor="user:1")
    assert str(error.value.message) == "No form asks about newsletter."
    version.refresh_from_db()
    assert version.status == "draft"
    make_register.draft("account-access", "b").publish(now=MAY, actor="user:1")


def test_the_interests_of_basis_f_are_stated(no_gates):
    with pytest.raises(NotReady, match="purpose-not-ready"):
        make_register.draft("direct-sales", "f", interests="").publish(now=MAY, actor="user:1")


def test_published_versions_are_frozen(no_gates):
    version = make_register.draft("newsletter")
    version.publish(now=MAY, actor="user:1")
    row = PurposeVersion.objects.filter(pk=version.pk)
    for change in (
        {"title": "Other"},
        {"retention_summary": "For ever."},
        {"sources": ["phone"]},
        {"interests": "New ones."},
        {"effective_from": JUNE},
        {"status": "draft"},
    ):
        refused(lambda change=change: row.update(**change))
    refused(lambda: version.categories.add(make_register.category("phone")))
    refused(lambda: version.categories.clear())
    refused(lambda: version.systems.add(make_register.system("crm")))
    refused(row.delete)


def test_drafts_can_still_change():
    version = make_register.draft("newsletter")
    PurposeVersion.objects.filter(pk=version.pk).update(title="Other")
    version.categories.set([])
    version.delete()


def test_special_categories_are_refused():
    with pytest.raises(IntegrityError, match="processing_special_categories_are_refused"), transaction.atomic():
        make_register.draft("newsletter", art9_condition="explicit-consent")
    for slug in ("health", "biometric", "national-insurance-number"):
        with pytest.raises(IntegrityError, match="processing_category_is_not_special"), transaction.atomic():
            DataCategory.objects.create(slug=slug, label=slug)


def test_marketing_needs_consent_or_interest():
    with pytest.raises(IntegrityError, match="processing_marketing_needs"), transaction.atomic():
        make_register.draft("contract-administration", "b", direct_marketing=True)


def test_retired_and_unknown_purposes_are_not_live(no_gates):
    version = make_register.draft("newsletter")
    version.publish(now=MAY, actor="user:1")
    version.retire(now=JUNE, actor="user:1")
    for slug in ("newsletter", "no-such-purpose"):
        with pytest.raises(purposes.UnknownPurpose):
            purposes.live(slug)
    with pytest.raises(DomainError, match="not-live"):
        version.retire(now=JUNE, actor="user:1")
