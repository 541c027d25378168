"""Builders of the register for any test. `purpose()` skips the gates: forms and assessments have tests of their own."""

from collections import Counter
from datetime import UTC, datetime

from processing.models import (
    DataCategory,
    ProcessingActivity,
    Purpose,
    PurposeVersion,
    Status,
    System,
    VersionCategory,
    VersionSystem,
)

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def category(slug="email"):
    return categories_of([slug])[0]


def categories_of(slugs):
    return _of(DataCategory, {slug: {"label": f"Your {slug}"} for slug in slugs})


def system(slug="kraken-privacy", connector="builtin"):
    return systems_of([slug], connector)[0]


def systems_of(slugs, connector="builtin"):
    return _of(System, {slug: {"name": slug, "connector": connector} for slug in slugs})


def _of(model, wanted):
    """By slug: what is there, and what is not, made. Nearly every test builds these, so it takes two questions."""
    found = {one.slug: one for one in model.objects.filter(slug__in=wanted)}
    new = [model(slug=slug, **fields) for slug, fields in wanted.items() if slug not in found]
    found |= {one.slug: one for one in model.objects.bulk_create(new)}
    return [found[slug] for slug in wanted]


def draft(slug="newsletter", basis="a", **fields):
    return drafts({slug: {"basis": basis, **fields}})[0]


def drafts(wanted):
    """A version of each of these purposes; by the purpose what differs from the usual."""
    activity = _of(ProcessingActivity, {"testing": {"title": "Testing", "owner": "Tester", "security": "Locked."}})[0]
    purposes = _of(Purpose, {slug: {"activity": activity} for slug in wanted})
    numbers = Counter(PurposeVersion.objects.filter(purpose__in=purposes).values_list("purpose", flat=True))
    told = [dict(one) for one in wanted.values()]
    categories = [one.pop("categories", ("email",)) for one in told]
    systems = [one.pop("systems", ("kraken-privacy",)) for one in told]
    versions = PurposeVersion.objects.bulk_create(
        PurposeVersion(purpose=purpose, number=numbers[purpose.pk] + 1, **_fields(purpose.slug, **one))
        for purpose, one in zip(purposes, told, strict=True)
    )
    _list(VersionCategory, "category", versions, categories_of, categories)
    _list(VersionSystem, "system", versions, systems_of, systems)
    return versions


def _fields(slug, basis, **fields):
    return {
        "basis": basis,
        "title": slug.replace("-", " ").capitalize(),
        "description": f"We do {slug}.",
        "interests": "Ours and yours." if basis == "f" else "",
        "subject_categories": ["customer-contact"],
        "sources": ["website"],
        "retention_summary": "12 months.",
        **fields,
    }


def _list(model, name, versions, of, lists):
    known = {one.slug: one for one in of(dict.fromkeys(slug for slugs in lists for slug in slugs))}
    rows = [(version, slug) for version, slugs in zip(versions, lists, strict=True) for slug in dict.fromkeys(slugs)]
    model.objects.bulk_create(model(version=version, **{name: known[slug]}) for version, slug in rows)


def purpose(slug="newsletter", basis="a", **fields):
    """A live purpose."""
    return live({slug: {"basis": basis, **fields}})[0]


def live(wanted):
    versions = drafts(wanted)
    pks = [version.pk for version in versions]
    PurposeVersion.objects.filter(pk__in=pks).update(status=Status.LIVE, effective_from=LONG_AGO)
    return [version.purpose for version in versions]
