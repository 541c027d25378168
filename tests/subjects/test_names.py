"""Finding people by words of their name: whole words only, nothing readable, gone with the name."""

from io import StringIO

import pytest
from django.core.management import call_command

from subjects import names
from subjects.erasure import end_needs, needs_of
from subjects.models import NameToken
from tests import make_subjects as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def support():
    return make.purposes("customer-support")[0]


def named(content, email="ada@example.com"):
    subject = make.person(make.email(email))
    make.item(subject, "customer-support", content=content, category="name")
    return subject


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ada Lovelace", ["ada", "lovelace"]),
        ("José O\u2019Brien-Müller", ["jose", "obrien", "muller"]),
        ("  ADA\tada J. ", ["ada"]),
        ("Straße \ufb01n", ["strasse", "fin"]),
        ("李小龍 李", ["李小龍"]),
        ("", []),
    ],
)
def test_words(text, found):
    assert names.words(text) == found


def test_all_words_must_be_there_and_whole(support):
    ada = named("Ada King Lovelace")
    other = named({"first": "Ada", "last": ["Smith"]}, "other@example.com")
    assert list(names.people_named("lovelace ada")) == [ada]
    assert list(names.people_named("ada")) == [ada, other]
    assert not names.people_named("love").exists()
    assert not names.people_named(" ").exists()


def test_nothing_readable_is_stored(support):
    named("Ada Lovelace")
    assert {len(bytes(row.token)) for row in NameToken.objects.all()} == {32}
    assert names.token("ada") in [bytes(row.token) for row in NameToken.objects.all()]


def test_words_go_with_the_name(support):
    ada = named("Ada Lovelace")
    end_needs(needs_of(ada, [support]), now=make.NOW)
    assert not NameToken.objects.exists()


def test_other_categories_have_no_words(support):
    make.item(make.person(), "customer-support", content="Ada Lovelace", category="email")
    assert not NameToken.objects.exists()


def test_names_of_before_are_indexed_later(support):
    ada = named("Ada Lovelace")
    NameToken.objects.all().delete()
    said = StringIO()
    call_command("names", "reindex", stdout=said)
    assert "1 names were indexed." in said.getvalue()
    assert names.reindex() == 0
    assert list(names.people_named("ada lovelace")) == [ada]
