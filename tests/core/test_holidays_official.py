"""The frozen public holidays against what GOV.UK prints: working days must be the same, division by division."""

import json
from datetime import date
from pathlib import Path

import pytest

from core.models import BankHoliday

pytestmark = pytest.mark.django_db
PRINTED = json.loads((Path(__file__).with_name("gov_uk_bank_holidays.json")).read_text())
# Proclaimed after that copy was taken; the library has it, the copy cannot.
LATER = {"scotland": {date(2026, 6, 15)}}


@pytest.mark.parametrize("division", ["england-and-wales", "scotland", "northern-ireland"])
def test_the_table_is_what_is_printed(division):
    rows = BankHoliday.objects.filter(division=division, date__year__range=(2024, 2028))
    frozen = {day for day in rows.values_list("date", flat=True) if day.weekday() < 5}
    printed = {date.fromisoformat(day) for day in PRINTED[division]}
    assert frozen == printed | LATER.get(division, set())


def test_the_copy_covers_five_years_of_all_three():
    assert "govuk-bank-holidays 0.19" in PRINTED["provenance"]
    years = {division: {day[:4] for day in days} for division, days in PRINTED.items() if division != "provenance"}
    assert len(years) == 3
    assert all(found == {"2024", "2025", "2026", "2027", "2028"} for found in years.values())
