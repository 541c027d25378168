"""What browsers chose: the proof, the signal, the limits of what can be claimed, and whose browser it is."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from consents.models import ConsentEvent, ConsentState, Suppression
from cookies import choices, linking, stored
from cookies.models import CookieChoice
from core.errors import Invalid
from ledger import signing
from ledger.models import Entry
from subjects import registry
from subjects.models import Identifier
from tests import make_consents, make_subjects
from tests import make_cookies as make

pytestmark = pytest.mark.django_db
ZEROS = "0" * 32


def test_one_row_one_entry_and_one_receipt():
    version = make.published()
    proof = make.proof(look=False)
    row = choices.record(version, proof, now=make.NOW, actor=make.ACTOR)
    again = choices.record(version, proof, now=make.days(1), actor=make.ACTOR)
    assert again == row
    assert (row.granted, row.denied) == (["website-analytics"], ["site-appearance"])
    assert (row.sha256, row.version) == (version.sha256, 1)
    assert Entry.objects.get(uuid=row.entry).kind == "cookies.chosen"
    assert str(row.consent_id).encode() in signing.verify(choices.receipt(row))
    with pytest.raises(choices.OtherChoice):
        choices.record(version, make.proof(yes=False, choice=proof.choice), now=make.NOW, actor=make.ACTOR)


def test_a_withdrawal_is_told_from_a_refusal():
    version, browser = make.published(), uuid4()
    make.chosen(version, browser=browser)
    no = make.chosen(version, browser=browser, yes=False, at=make.days(1))
    assert choices.statuses(no, choices.before(no)) == {"website-analytics": "withdrawn"}
    other = make.chosen(version, yes=False)
    assert choices.statuses(other, choices.before(other)) == {"website-analytics": "refused"}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"how": "gpc", "gpc": True}, "how"),
        ({"how": "reject"}, "how"),
        ({"how": "gpc", "yes": False, "look": False}, "gpc"),
        ({"how": "silence"}, "how"),
        ({"at": make.days(-70)}, "chosen_at"),
        ({"at": make.days(1)}, "chosen_at"),
    ],
)
def test_what_nobody_can_have_chosen(wrong, field):
    version = make.published()
    with pytest.raises(Invalid) as error:
        choices.record(version, make.proof(**wrong), now=make.NOW, actor=make.ACTOR)
    assert field in error.value.fields
    assert not CookieChoice.objects.exists()


def test_the_signal_objects_and_suppresses_no_mail():
    version = make.published()
    subject = make_subjects.person(verified=True)
    make_consents.published()
    make_consents.captured()
    row = make.chosen(version, how="gpc", gpc=True, yes=False, look=False)
    linking.link(row.consent_id, [make_subjects.email()], now=make.NOW, actor=make.ACTOR)
    assert Entry.objects.get(uuid=row.entry).kind == "cookies.objected"
    assert not Suppression.objects.exists()
    assert set(ConsentState.objects.filter(subject=subject.uuid).values_list("purpose__slug", "status")) == {
        ("newsletter", "given")
    }


def test_rows_are_evidence_and_go_after_three_years():
    version = make.published()
    row = make.chosen(version)
    with pytest.raises(DatabaseError), transaction.atomic():
        CookieChoice.objects.filter(pk=row.pk).update(granted=[])
    with pytest.raises(DatabaseError), transaction.atomic():
        row.delete()
    old = row.recorded_at - timedelta(days=4 * 366)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO cookies_cookiechoice (uuid, schema_version, consent_id, site, version, sha256, how, is_gpc,"
            " granted, denied, chosen_at, recorded_at, actor, entry) SELECT %s, 1, consent_id, site, version, sha256,"
            " how, is_gpc, granted, denied, %s, %s, actor, entry FROM cookies_cookiechoice",
            [uuid4(), old, old],
        )
    assert choices.forget(now=make.NOW) == 1
    assert CookieChoice.objects.get() == row


def stands(subject):
    return dict(ConsentState.objects.filter(subject=subject.uuid).values_list("purpose__slug", "status"))


def test_a_person_who_signs_in_finds_their_choice_among_the_others():
    version, browser = make.published(), uuid4()
    subject = make_subjects.person(verified=True)
    make.chosen(version, browser=browser)
    assert make_consents.reason(purpose="website-analytics", channel="", now=make.days(1)) == "consent-missing"
    linking.link(browser, [make_subjects.email()], now=make.days(1), actor=make.ACTOR)
    assert make_consents.reason(purpose="website-analytics", channel="", now=make.days(1)) == "+consent-given"
    linking.link(browser, [make_subjects.email()], now=make.days(1), actor=make.ACTOR)
    assert ConsentEvent.objects.filter(subject=subject.uuid).count() == 1
    make.chosen(version, browser=browser, yes=False, at=make.days(2))
    assert stands(subject) == {"website-analytics": "withdrawn"}
    told = next(one for one in registry.categories() if "cookies.CookieChoice.granted" in one.fields)
    assert [row["allowed"] for row in told.export(subject)] == [["website-analytics"], []]


def test_an_old_yes_of_another_browser_is_told_to_nobody_after_a_later_no():
    version, old, new = make.published(), uuid4(), uuid4()
    subject = make_subjects.person(verified=True)
    make.chosen(version, browser=old)
    make.chosen(version, browser=new, at=make.days(1))
    linking.link(new, [make_subjects.email()], now=make.days(2), actor=make.ACTOR)
    make.chosen(version, browser=new, yes=False, at=make.days(3))
    told = Entry.objects.filter(kind="consent.given", subject=subject.uuid).count()
    linking.link(old, [make_subjects.email()], now=make.days(9), actor=make.ACTOR)
    assert stands(subject) == {"website-analytics": "withdrawn"}
    assert ConsentEvent.objects.filter(subject=subject.uuid, status="given").count() == 2
    assert Entry.objects.filter(kind="consent.given", subject=subject.uuid).count() == told == 1


def test_a_browser_of_two_people_is_nobodys():
    version, browser = make.published(), uuid4()
    first = make_subjects.person(verified=True)
    second = make_subjects.person(make_subjects.email("grace@example.com"), verified=True)
    make.chosen(version, browser=browser)
    linking.link(browser, [make_subjects.email()], now=make.NOW, actor=make.ACTOR)
    linking.link(browser, [make_subjects.email("grace@example.com")], now=make.NOW, actor=make.ACTOR)
    make.chosen(version, browser=browser, yes=False, at=make.days(1))
    assert (stands(first), stands(second)) == ({"website-analytics": "given"}, {})
    assert Identifier.objects.filter(type="cookie").count() == 1


def test_an_unknown_person_or_browser_changes_nothing():
    row = make.chosen(make.published())
    linking.link(row.consent_id, [make_subjects.email("nobody@example.com")], now=make.NOW, actor=make.ACTOR)
    make_subjects.person()
    linking.link(uuid4(), [make_subjects.email()], now=make.NOW, actor=make.ACTOR)
    assert not Identifier.objects.filter(type="cookie").exists()


@settings(max_examples=12)
@given(acts=st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.booleans()), min_size=1, max_size=4))
def test_the_latest_choice_stands_whenever_it_is_linked_or_sent(acts):
    """Proofs arrive in any order, before or after the person signs in; a later "no" is never turned into a yes."""
    with transaction.atomic():
        version, browser = make.published(f"shop{uuid4().hex[:8]}"), uuid4()
        subject = make_subjects.person(make_subjects.email(f"{uuid4().hex}@example.com"), verified=True)
        claims = [linking.Claim("email", next(iter(make_subjects.people.emails_of(subject))))]
        for yes, day, is_first in acts:
            if is_first:
                linking.link(browser, claims, now=make.days(9), actor=make.ACTOR)
            make.chosen(version, browser=browser, yes=yes, at=make.days(day), now=make.days(9))
        linking.link(browser, claims, now=make.days(9), actor=make.ACTOR)
        last = max(day for _yes, day, _first in acts)
        expected = all(yes for yes, day, _first in acts if day == last)
        assert (stands(subject)["website-analytics"] == "given") == expected
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "x" * 5000,
        "1.zz.1.1.a.0.",
        "2." + "0" * 32 + ".1.1795352400.a.0.",
        "1." + "0" * 32 + ".1.1795352400.x.0.",
    ],
)
def test_a_cookie_of_another_form_is_none(text):
    assert stored.read(text) is None


def test_what_a_browser_keeps_is_read_as_it_was_written():
    row = make.chosen(make.published(), look=False, how="page", gpc=True)
    found = stored.read(stored.of(row))
    assert (found.consent_id, found.version, found.how, found.is_gpc) == (row.consent_id, 1, "p", True)
    assert (found.granted, found.denied) == ({"website-analytics"}, {"site-appearance"})


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("privacy.example.com", "example.com"),
        ("example.com:8000", "example.com"),
        ("notexample.com", None),
        ("shop.elsewhere.example", ""),
        ("localhost", None),
    ],
)
def test_where_a_cookie_reaches_the_site(host, domain):
    site = make.site(cookie_domain=".example.com", origins=["https://shop.elsewhere.example"])
    assert stored.domain_for(site, host) == domain
