"""Builders of the register for any test. `purpose()` skips the gates: forms and assessments have tests of their own."""

from datetime import UTC, datetime

from processing.models import (
    DataCategory,
    ProcessingActivity,
    Purpose,
    PurposeVersion,
    Status,
    System,
)

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def category(slug="email"):
    return DataCategory.objects.get_or_create(slug=slug, defaults={"label": f"Your {slug}"})[0]


def system(slug="kraken-privacy", connector="builtin"):
    return System.objects.get_or_create(slug=slug, defaults={"name": slug, "connector": connector})[0]


def draft(slug="newsletter", basis="a", *, categories=("email",), systems=("kraken-privacy",), **fields):
    activity = ProcessingActivity.objects.get_or_create(
        slug="testing", defaults={"title": "Testing", "owner": "Tester", "security": "Locked."}
    )[0]
    purpose = Purpose.objects.get_or_create(slug=slug, defaults={"activity": activity})[0]
    fields = {
        "title": slug.replace("-", " ").capitalize(),
        "description": f"We do {slug}.",
        "interests": "Ours and yours." if basis == "f" else "",
        "subject_categories": ["customer-contact"],
        "sources": ["website"],
        "retention_summary": "12 months.",
        **fields,
    }
    version = PurposeVersion.objects.create(purpose=purpose, number=purpose.versions.count() + 1, basis=basis, **fields)
    version.categories.set([category(name) for name in categories])
    version.systems.set([system(name) for name in systems])
    return version


def purpose(slug="newsletter", basis="a", **fields):
    """A live purpose."""
    version = draft(slug, basis, **fields)
    PurposeVersion.objects.filter(pk=version.pk).update(status=Status.LIVE, effective_from=LONG_AGO)
    return version.purpose
