"""Strategies, recipes, and the word that the measurement earns."""

import pytest

from core.errors import Invalid
from retention import anonymise
from retention.strategies import strategy


@pytest.mark.parametrize(
    ("options", "value", "becomes"),
    [
        ({"strategy": "date", "to": "month"}, "1984-06-07T10:00", "1984-06"),
        ({"strategy": "date", "to": "quarter"}, "1984-06-07", "1984-Q2"),
        ({"strategy": "date", "to": "year"}, "1984-06-07", "1984"),
        ({"strategy": "date", "to": "decade"}, "1984-06-07", "1980s"),
        ({"strategy": "date", "to": "year"}, "born in Leeds", ""),
        ({"strategy": "postcode", "to": "district"}, "ts1 3ba", "TS1"),
        ({"strategy": "postcode", "to": "area"}, "SW1A 1AA", "SW"),
        ({"strategy": "postcode", "to": "area"}, "12 High Street", ""),
        ({"strategy": "place", "table": {"Middlesbrough": "Teesside"}}, "middlesbrough", "Teesside"),
        ({"strategy": "place", "table": {"Middlesbrough": "Teesside"}}, "Nowhere", "other"),
        ({"strategy": "ip"}, "203.0.113.77", "203.0.0.0/16"),
        ({"strategy": "ip"}, "2001:db8:1:2::3", "2001:db8::/32"),
        ({"strategy": "ip"}, "not an address", ""),
        ({"strategy": "bucket", "width": 10}, "42", "40 to under 50"),
        ({"strategy": "bucket", "width": 10}, "-1", "-10 to under 0"),
        ({"strategy": "bucket", "width": 10, "top": 80}, "93", "80 or more"),
        ({"strategy": "bucket", "width": 10}, "secret", ""),
        ({"strategy": "top-code", "top": 90}, "97", "90 or more"),
        ({"strategy": "top-code", "top": 90, "bottom": 18}, "12", "18 or less"),
        ({"strategy": "top-code", "top": 90}, "1,0", "10"),
        ({"strategy": "keep"}, " yes ", "yes"),
        ({"strategy": "keep"}, "y\0es", ""),
        # What no counting ends in would overflow, or become a text of a million digits.
        *(
            (options, number, "")
            for options in ({"strategy": "bucket", "width": 10}, {"strategy": "top-code", "top": 90})
            for number in ("1e9999999", "-1e999999", "1e-9999999", "9" * 50)
        ),
    ],
)
def test_what_a_strategy_makes_of_a_value(options, value, becomes):
    assert strategy("field", options)(value) == becomes


@pytest.mark.parametrize("name", ["suppress", "free-text", "unlink"])
def test_some_leave_no_column(name):
    assert strategy("field", {"strategy": name}) is None


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"strategy": "hash"},
        {"strategy": "date", "to": "day"},
        {"strategy": "place"},
        {"strategy": "ip", "v4": 32},
        {"strategy": "bucket", "width": 0},
        {"strategy": "bucket", "width": "1e9999999"},
        {"strategy": "bucket"},
        {"strategy": "top-code"},
        {"strategy": "top-code", "top": 1, "bottom": 2},
    ],
)
def test_what_is_wrong_names_the_field(options):
    with pytest.raises(Invalid) as error:
        strategy("born", options)
    assert list(error.value.fields) == ["born"]


RECIPE = {
    "fields": {
        "name": {"strategy": "suppress"},
        "born": {"strategy": "date", "to": "decade"},
        "outcome": {"strategy": "keep"},
    },
    "quasi": ["born"],
    "sensitive": ["outcome"],
    "thresholds": {"k": 3, "l": 3, "t": 0.2},
}


def people(decades=(1970, 1980), outcomes="abc"):
    return [
        {"name": f"n{decade}{outcome}", "born": f"{decade + 3}-01-02", "outcome": outcome}
        for decade in decades
        for outcome in outcomes
    ]


def test_rows_are_anonymous_only_when_every_threshold_is_reached():
    found = anonymise.anonymise(people(), anonymise.recipe(RECIPE))
    assert (found.status, found.measured.k, found.measured.l, found.missed) == ("anonymous", 3, 3, [])
    assert {tuple(row) for row in found.rows} == {("born", "outcome")}
    found = anonymise.anonymise(people(outcomes="aab"), anonymise.recipe(RECIPE))
    assert (found.status, found.missed) == ("pseudonymised", ["l"])
    assert anonymise.anonymise([], anonymise.recipe(RECIPE)).status == "pseudonymised"


def test_the_few_are_left_out_up_to_a_share():
    rows = [*people(), {"name": "x", "born": "1911-01-01", "outcome": "a"}]
    assert anonymise.anonymise(rows, anonymise.recipe(RECIPE)).missed == ["k", "l", "t"]
    found = anonymise.anonymise(rows, anonymise.recipe({**RECIPE, "leave_out": 0.2}))
    assert (found.status, found.left_out) == ("anonymous", 1)
    assert anonymise.anonymise(rows, anonymise.recipe({**RECIPE, "leave_out": 0.1})).status == "pseudonymised"


def test_a_field_that_nobody_thought_of_is_refused():
    with pytest.raises(Invalid) as error:
        anonymise.anonymise([{**people()[0], "shoe size": "43"}], anonymise.recipe(RECIPE))
    assert list(error.value.fields) == ["shoe size"]


@pytest.mark.parametrize(
    ("part", "value", "field"),
    [
        ("fields", [], "fields"),
        ("quasi", [], "born"),
        ("quasi", ["name"], "name"),
        ("quasi", 5, "quasi"),
        ("sensitive", "outcome", "sensitive"),
        ("sensitive", ["born", "outcome"], "born"),
        ("thresholds", {"k": 1}, "thresholds"),
        ("thresholds", {"t": "near"}, "thresholds"),
        ("thresholds", {"k": float("inf")}, "thresholds"),
        ("leave_out", 10**400, "leave_out"),
        ("leave_out", 0.9, "leave_out"),
    ],
)
def test_a_recipe_that_cannot_be_measured_is_refused(part, value, field):
    with pytest.raises(Invalid) as error:
        anonymise.recipe({**RECIPE, part: value})
    assert list(error.value.fields) == [field]
