"""What every installation has after migrate: the law with its dates, public holidays, groups, rights of the role."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction

from core import holidays, reference, roles, rules
from core.models import BankHoliday, RuleSet
from tests.database import connected_as

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("place", "day", "slug"),
    [
        ("UK", date(2018, 5, 25), "uk-2018"),
        ("UK", date(2025, 8, 19), "uk-2018"),
        ("UK", date(2025, 8, 20), "uk-2025-08"),
        ("UK", date(2026, 2, 4), "uk-2025-08"),
        ("UK", date(2026, 2, 5), "uk-2026-02"),
        ("UK", date(2026, 6, 18), "uk-2026-02"),
        ("UK", date(2026, 6, 19), "uk-2026-06"),
        ("UK", date(2040, 1, 1), "uk-2026-06"),
        ("EU", date(2026, 6, 19), "eu-2018"),
    ],
)
def test_rule_set_in_force(place: str, day: date, slug: str) -> None:
    assert rules.rule_set(place, day).slug == slug


@pytest.mark.parametrize(("place", "day"), [("UK", date(2018, 5, 24)), ("US", date(2026, 1, 1))])
def test_no_rule_set(place: str, day: date) -> None:
    with pytest.raises(rules.NoRuleSet):
        rules.rule_set(place, day)


def test_what_the_law_changed() -> None:
    before, twelve_a, complaints = (rules.rule_set("UK", date(2026, month, 1)).params for month in (1, 3, 7))
    assert (before["pause_rights"], twelve_a["pause_rights"]) == ([], ["access"])
    assert (twelve_a["complaint_ack_days"], complaints["complaint_ack_days"]) == (None, 30)
    assert "controller" in complaints["complaint_routes"]
    assert all((p["months"], p["extension_months"], p["breach_hours"]) == (1, 2, 72) for p in (before, complaints))


def test_rule_sets_of_a_place_follow_each_other_without_a_gap() -> None:
    for place in ("UK", "EU"):
        rows = list(RuleSet.objects.filter(jurisdiction=place).order_by("effective_from"))
        assert [row.effective_to for row in rows[:-1]] == [row.effective_from for row in rows[1:]]
        assert rows[-1].effective_to is None


def test_loading_again_changes_nothing_and_keeps_what_was_added_by_hand() -> None:
    jubilee = BankHoliday.objects.create(
        date=date(2030, 6, 3), division="england-and-wales", title="Jubilee", source="hand"
    )
    RuleSet.objects.filter(slug="eu-2018").update(params={"months": 9})
    before = [RuleSet.objects.count(), BankHoliday.objects.count(), Group.objects.count()]
    reference.load()
    assert before == [RuleSet.objects.count(), BankHoliday.objects.count(), Group.objects.count()]
    assert not holidays.is_working_day(jubilee.date, "england-and-wales")
    assert rules.rule_set("EU", date(2026, 1, 1)).params == {"months": 9}


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2026, 12, 24), {"england-and-wales", "scotland", "northern-ireland"}),
        (date(2026, 12, 25), set()),
        (date(2026, 12, 28), set()),  # Boxing Day on a Saturday: the Monday instead
        (date(2026, 11, 30), {"england-and-wales", "northern-ireland"}),  # St Andrew's Day
        (date(2026, 7, 13), {"england-and-wales", "scotland"}),  # the Boyne was on a Sunday: the Monday instead
        (date(2027, 1, 4), {"england-and-wales", "northern-ireland"}),  # 2 January on a Saturday
        (date(2022, 9, 19), set()),  # the Queen's funeral
        (date(2026, 11, 22), set()),  # a Sunday
    ],
)
def test_working_days(day: date, working: set[str]) -> None:
    assert {name for name in holidays.DIVISIONS if holidays.is_working_day(day, name)} == working


def test_non_working_agrees_with_each_day() -> None:
    start, end = date(2026, 3, 28), date(2026, 4, 12)
    found = holidays.non_working("england-and-wales", start, end)
    days = [start + timedelta(days=n) for n in range((end - start).days + 1)]
    assert found == {day for day in days if not holidays.is_working_day(day, "england-and-wales")}
    assert {date(2026, 4, 3), date(2026, 4, 6), start, end} <= found


def test_every_year_is_frozen() -> None:
    years = {day.year for day in BankHoliday.objects.dates("date", "year")}
    assert years == set(holidays.YEARS)


# --- The runtime role -----------------------------------------------------------------------------------------------


def may(role: str, table: str, right: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(%s, %s, %s)", [role, table, right])
        return cursor.fetchone()[0]


@pytest.mark.parametrize("table", sorted(roles.APPEND_ONLY))
def test_runtime_role_lacks_what_append_only_tables_forbid(table: str) -> None:
    assert may("kraken_app", table, "SELECT")
    for right in roles.APPEND_ONLY[table].split(", "):
        assert not may("kraken_app", table, right), right


def test_runtime_role_may_work_elsewhere_but_never_truncate() -> None:
    for table in connection.introspection.table_names():
        if table not in roles.APPEND_ONLY:
            assert all(may("kraken_app", table, right) for right in ("SELECT", "INSERT", "UPDATE", "DELETE")), table
        assert not may("kraken_app", table, "TRUNCATE"), table


def test_runtime_role_owns_nothing_and_grants_itself_nothing() -> None:
    assert roles.grant() is False
    with pytest.raises(Exception, match=r"must be owner|permission denied"), transaction.atomic():
        connection.cursor().execute("ALTER TABLE ledger_entry DISABLE TRIGGER ALL")


@pytest.mark.django_db(transaction=True)
def test_owner_grants_as_often_as_it_likes() -> None:
    with connected_as("kraken_owner"):
        assert roles.grant() is True
        assert roles.grant() is True
