"""The register of a site: what may go on show, what a change means, and that nothing on show changes."""

import pytest
from django.db import DatabaseError, transaction

from cookies import publishing
from cookies.models import SiteVersion
from ledger.models import Entry
from tests import make_cookies as make

pytestmark = pytest.mark.django_db


def refused(site):
    with pytest.raises(publishing.NotPublishable) as error:
        publishing.publish(site, now=make.NOW, actor=make.ACTOR)
    return str(error.value.message)


def since(version):
    return {group["id"]: group["since"] for group in version.content["purposes"]}


def test_what_visitors_are_told_asks_first_and_names_every_line():
    version = make.published()
    told = [(group["id"], group["need"]) for group in version.content["purposes"]]
    assert told == [
        ("website-analytics", "consent"),
        ("site-appearance", "opt-out"),
        ("evidence-ledger", "information"),
    ]
    assert version.content["purposes"][0]["google"] == ["analytics_storage"]
    assert Entry.objects.filter(kind="cookies.published", object=version.site.uuid).count() == 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"slug": "service-notices", "basis": "b"}, "its purpose rests on something else"),
        ({"paragraph": "4"}, "its purpose rests on consent"),
        ({"slug": "site-appearance", "basis": "f", "paragraph": "6", "domain": "other.example"}, "must stay with the"),
        ({"slug": "site-statistics", "basis": "f", "paragraph": "5", "domain": "other.example"}, "must stay with the"),
        ({"slug": "site-appearance", "basis": "f", "paragraph": "4", "google": ["ad_storage"]}, "leaves none"),
        ({"slug": "site-appearance", "basis": "f", "paragraph": "5", "kind": "mail-beacon"}, "ask for consent"),
    ],
)
def test_a_line_that_cannot_be_true_is_refused(line, words):
    site = make.site()
    make.line(site, "wrong", **line)
    said = refused(site)
    assert said.startswith("wrong: ")
    assert words in said


def test_the_cookie_of_the_choice_is_in_the_list_and_purposes_are_live():
    site = make.site()
    site.cookies.get(pattern="kp_cookies_shop").delete()
    assert "kp_cookies_shop" in refused(site)
    draft = make.make_register.draft("not-yet", "a").purpose
    make.Cookie.objects.create(site=site, pattern="x", purpose=draft, paragraph="2", what_for="x", provider="x")
    assert "x: its purpose is not live" in refused(site)


@pytest.mark.parametrize("origin", ["http://shop.example.com", "https://shop.example.com/", "shop.example.com", ""])
def test_origins_are_origins(origin):
    assert "origin" in refused(make.site(origins=[origin]))


def test_only_the_group_that_gained_something_is_asked_again():
    first = make.published()
    assert "Nothing has changed" in refused(first.site)
    first.site.cookies.filter(pattern="theme").update(what_for="Remembers light or dark.")
    worded = make.published(now=make.days(1))
    assert since(worded) == since(first)
    make.line(first.site, "_new")
    grown = make.published(now=make.days(2))
    assert since(grown) == {**since(first), "website-analytics": 3}
    assert SiteVersion.objects.filter(superseded_at=None).get() == grown
    first.site.cookies.get(pattern="_new").delete()
    assert since(make.published(now=make.days(3))) == since(grown)


def test_what_was_on_show_stays_as_it_was():
    version = make.published()
    for change in ({"content": {}}, {"number": 7}, {"sha256": ""}):
        with pytest.raises(DatabaseError), transaction.atomic():
            SiteVersion.objects.filter(pk=version.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        version.delete()


@pytest.mark.parametrize("pattern", ["*", "a*b", ""])
def test_a_pattern_names_something(pattern):
    site = make.site()
    with pytest.raises(DatabaseError), transaction.atomic():
        make.line(site, pattern)
