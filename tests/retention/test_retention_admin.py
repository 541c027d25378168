"""The officers' pages: drafts are written and approved, evidence is only read."""

import re
from datetime import date
from html import unescape
from importlib import import_module

import pytest
import yaml
from django.apps import apps
from django.urls import reverse

from core.errors import DomainError
from kraken_privacy.demo.files import read
from ledger.models import Entry
from processing.models import DataCategory, Purpose
from retention import defaults, recipes, rules, strategies
from retention.models import RetentionRule
from retention.purge import purge
from subjects.models import PersonalDataItem
from tests.make_retention import NOW, TODAY, item, live, person, rule

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(admin_client):
    return admin_client


def act(client, action, one):
    url = reverse("admin:retention_retentionrule_changelist")
    return client.post(url, {"action": action, "_selected_action": [one.pk]}, follow=True)


def form(**changes):
    given = {"slug": "letters", "purpose": live().pk, "category": "", "trigger": "collection", "period": "P12M"}
    return given | {"action": "erase", "legal_reason": "No longer needed."} | changes


def test_a_draft_is_written_looked_at_and_put_in_force(officer):
    item(person(1), ["newsletter"], date(2020, 1, 1))
    seen = officer.post(reverse("admin:rule-new"), form(look="1"))
    assert "1 row is due today" in seen.text
    assert not RetentionRule.objects.exists()
    assert "Give a period such as" in officer.post(reverse("admin:rule-new"), form(period="P0D")).text
    answer = officer.post(reverse("admin:rule-new"), form())
    assert answer.status_code == 302, answer.context["form"].errors
    one = RetentionRule.objects.get()
    officer.post(reverse("admin:rule-edit", args=[one.pk]), form(grace="P1M"))
    one.refresh_from_db()
    assert (one.version, one.after) == (1, "12 months + 1 month")
    assert "Somebody else must look" in act(officer, "put_in_force", one).text
    RetentionRule.objects.update(drafted_by="user:somebody-else")
    officer.post(reverse("admin:rule-force", args=[one.pk]))
    one.refresh_from_db()
    assert one.status == "active"
    assert one.approved_by.startswith("user:")
    assert officer.get(reverse("admin:rule-edit", args=[one.pk])).status_code == 404
    begun = officer.get(reverse("admin:rule-new"), {"version-of": one.pk})
    assert begun.context["form"].initial["grace"] == "P1M"
    officer.post(reverse("admin:rule-new"), form(period="P24M"))
    assert [rule.version for rule in RetentionRule.objects.order_by("version")] == [1, 2]
    assert Entry.objects.filter(kind="retention.drafted").count() == 3


def test_a_period_or_a_name_in_other_words_is_answered_at_its_field(officer):
    given = form(period="6 months", grace="a month", slug="Job applicants")
    for look in ({}, {"look": "1"}):
        errors = officer.post(reverse("admin:rule-new"), given | look).context["form"].errors
        assert set(errors) == {"slug", "period", "grace"}
        assert "P6M for six months" in errors["period"][0]
        assert "small letters" in errors["slug"][0]


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"action": "anonymise"}, "recipe", "Say what becomes of each field"),
        ({"trigger": "fixed_date"}, "fixed_on", "Give the date that the rule counts from"),
        ({"fixed_on": "2026-01-31"}, "fixed_on", "and none for another event"),
    ],
)
def test_what_belongs_together_is_asked_for_at_its_field(officer, given, field, words):
    for empty in ({}, {"slug": ""}):
        errors = officer.post(reverse("admin:rule-new"), form() | given | empty).context["form"].errors
        assert words in errors[field][0]
        assert set(errors) == {field, *empty}


def test_whoever_has_no_recipe_gets_one_with_every_field_that_there_is(officer):
    held = person()
    item(held, ["newsletter"], TODAY, category="email", content="ada@example.com")
    item(held, ["newsletter"], TODAY, category="phone", content='{"born": "1980", "score": "4"}')
    item(held, ["surveys"], TODAY, category="phone", content='{"shoe": "43"}')
    for look in ({}, {"look": "1"}):
        found = officer.post(reverse("admin:rule-new"), form(action="anonymise") | look)
        begun = yaml.safe_load(found.context["form"]["recipe"].value())
        assert begun["fields"] == {name: {"strategy": "suppress"} for name in ("email", "phone.born", "phone.score")}
    found = officer.post(reverse("admin:rule-new"), form(action="anonymise", recipe=yaml.safe_dump(begun)))
    assert found.context["form"].errors == {
        "recipe": ["quasi: Name at least one quasi-identifier and one sensitive field."]
    }


@pytest.mark.parametrize(
    ("slip", "words"),
    [
        ("quasi: 5", "quasi: Write a list"),
        ("thresholds: {k: 1e400}", "thresholds: Thresholds are numbers"),
        (r'note: "\0"', "cannot be kept"),
        (r'note: "\ud800"', "cannot be kept"),
        ("note: .inf", "cannot be kept"),
        ("reviewed: 2026-01-01", "cannot be kept"),
        ("reviewed: 2026-13-45", "cannot be kept"),
        ("note: &a [*a]", "cannot be kept"),
        ("note: [", "look at line 4"),
    ],
)
def test_a_slip_in_a_recipe_loses_nothing_that_was_typed(officer, slip, words):
    recipe = "fields: {a: {strategy: keep}, b: {strategy: keep}}\nquasi: [a]\nsensitive: [b]\n" + slip
    for look in ({}, {"look": "1"}):
        found = officer.post(reverse("admin:rule-new"), form(action="anonymise", recipe=recipe) | look)
        [said] = found.context["form"].errors["recipe"]
        assert words in said
        assert found.context["form"]["recipe"].value() == recipe


def test_what_is_wrong_in_a_recipe_is_said_at_it_and_by_the_name_of_the_field(officer):
    wrong = {"fields": {"category": {"strategy": "keep"}, "feedback.born": {"strategy": "decade"}}}
    found = officer.post(reverse("admin:rule-new"), form(action="anonymise", recipe=yaml.safe_dump(wrong)))
    [said] = found.context["form"].errors["recipe"]
    assert said.startswith("feedback.born: Choose a strategy: bucket, date,")
    wrong["fields"]["feedback.born"] = {"strategy": "suppress"}
    found = officer.post(reverse("admin:rule-new"), form(action="anonymise", recipe=yaml.safe_dump(wrong)))
    assert found.context["form"].errors == {
        "recipe": ["category: A field that stays is either a quasi-identifier or sensitive."]
    }


def test_whoever_puts_it_in_force_sees_what_becomes_of_each_field(officer):
    how = {
        "fields": {
            "born": {"strategy": "date", "to": "decade"},
            "score": {"strategy": "keep"},
            "name": {"strategy": "suppress"},
        },
        "quasi": ["born"],
        "sensitive": ["score"],
        "thresholds": {"k": 7},
    }
    officer.post(reverse("admin:rule-new"), form(action="anonymise", recipe=yaml.safe_dump(how)))
    page = " ".join(officer.get(reverse("admin:forgetting-rule", args=[RetentionRule.objects.get().pk])).text.split())
    rows = [
        ["".join(re.split("<[^>]+>", cell)) for cell in re.findall("<t[dh].*?</t[dh]>", row)]
        for row in re.findall("<tr>.*?</tr>", page)
    ]
    assert [
        "born",
        "a day becomes its month, quarter, year or decadeto decade",
        "could be known from elsewhere",
    ] in rows
    assert ["score", "stays as it is", "nobody should learn it"] in rows
    assert ["name", "leaves no column: it names somebody", ""] in rows
    assert "from k 7, l 3 and t 0.2" in page


def test_every_strategy_is_explained_where_a_recipe_is_written(officer):
    assert recipes.STRATEGIES.keys() == strategies.STRATEGIES.keys() | strategies.REMOVED
    page = unescape(officer.get(reverse("admin:rule-new")).text)
    for name, (_words, example) in recipes.STRATEGIES.items():
        assert example in page
        given = yaml.safe_load(example)
        assert given["strategy"] == name
        strategies.strategy("field", given)


def test_who_wrote_a_draft_is_offered_no_button_to_put_it_in_force(officer):
    officer.post(reverse("admin:rule-new"), form())
    page = reverse("admin:forgetting-rule", args=[RetentionRule.objects.get().pk])
    force = reverse("admin:rule-force", args=[RetentionRule.objects.get().pk])
    shown = officer.get(page).text
    assert "somebody else looks at it" in shown
    assert force not in shown
    RetentionRule.objects.update(drafted_by="user:somebody-else")
    assert force in officer.get(page).text


def test_a_rule_that_takes_what_another_keeps_longer_says_so_wherever_it_is_written(officer):
    live()
    phone = DataCategory.objects.get(slug="phone")
    rule(live(), slug="phone-numbers", category=phone, period="P6Y")
    rule(live(), slug="short-phones", category=phone, period="P3M", action="restrict")
    rule(live(), slug="addresses", category=DataCategory.objects.get(slug="email"), period="P6M")
    words = "the rule “phone-numbers” keeps it for 6 years"
    seen = officer.post(reverse("admin:rule-new"), form(look="1"))
    assert seen.text.count(words) == 1
    assert "It takes “" in seen.text
    assert "“short-phones”" not in seen.text
    assert "“addresses”" not in seen.text
    assert words in officer.post(reverse("admin:rule-new"), form(), follow=True).text
    general = RetentionRule.objects.get(slug="letters")
    RetentionRule.objects.filter(pk=general.pk).update(drafted_by="user:somebody-else")
    assert words in officer.get(reverse("admin:forgetting-rule", args=[general.pk])).text
    assert words in officer.post(reverse("admin:rule-force", args=[general.pk]), follow=True).text
    # From the other side, too; and what is as long, or longer, says nothing.
    longer = officer.post(reverse("admin:rule-new"), form(slug="mails", category=phone.pk, period="P2Y", look="1")).text
    assert "The rule “letters” takes “" in longer
    assert (
        "Another rule keeps"
        not in officer.post(
            reverse("admin:rule-new"), form(slug="mails", category=phone.pk, period="P3M", action="review", look="1")
        ).text
    )
    assert words not in officer.post(reverse("admin:rule-new"), form(slug="all", period="P6Y", look="1")).text


def test_of_rules_that_count_from_other_days_none_is_said_to_be_the_first(officer):
    rule(live(), slug="contracts", trigger="contract_end", period="P1Y")
    rule(live(), slug="century", trigger="fixed_date", fixed_on=date(2035, 1, 1), period="P1Y")
    seen = officer.post(reverse("admin:rule-new"), form(period="P2Y", look="1")).text
    assert seen.count("Whichever comes first decides.") == 2
    assert "“End of contract” and 1 year, here “Collection” and 2 years" in seen
    assert "keeps nothing" not in seen
    fixed = {"slug": "again", "trigger": "fixed_date", "period": "P6M", "look": "1"}
    assert "keeps it for" not in officer.post(reverse("admin:rule-new"), form(fixed_on="2036-01-01", **fixed)).text
    assert "keeps it for" in officer.post(reverse("admin:rule-new"), form(fixed_on="2034-12-01", **fixed)).text


def test_a_draft_is_thrown_away_and_a_rule_in_force_is_not(officer):
    one = rule(live())
    assert officer.post(reverse("admin:rule-discard", args=[one.pk])).status_code == 404
    with pytest.raises(DomainError):
        rules.discard(one, by="user:1", now=NOW)
    officer.post(reverse("admin:rule-new"), form())
    officer.post(reverse("admin:rule-discard", args=[RetentionRule.objects.get(status="draft").pk]))
    assert list(RetentionRule.objects.all()) == [one]


def test_suggested_rules_are_drafts_for_what_has_none(officer):
    live("recruitment", "b")
    live("rights-requests", "c")
    page = officer.get(reverse("admin:rule-suggestions"))
    assert "Equality Act 2010" in page.text
    begun = officer.get(reverse("admin:rule-new"), {"like": "applicants"})
    assert begun.context["form"].initial["period"] == "P12M"
    for _again in range(2):
        officer.post(reverse("admin:rule-suggestions-draft"))
    assert set(RetentionRule.objects.values_list("slug", "trigger", "status")) == {
        ("applicants", "application_closed", "draft"),
        ("rights-cases", "case_closed", "draft"),
    }


def test_every_suggestion_can_be_applied_and_the_demo_agrees():
    told = {row["slug"]: row for row in read("retention")}
    for default in defaults.DEFAULTS.values():
        for purpose, slug in default.purposes.items():
            made = RetentionRule(slug=slug, purpose=Purpose(slug=purpose), trigger=default.trigger)
            made.period = default.period
            rules.check(made)
            assert (told[slug]["purpose"], told[slug]["trigger"]) == (purpose, default.trigger)
            assert (told[slug]["period"], told[slug].get("category", "")) == (default.period, default.category)
    assert set(told) == {slug for default in defaults.DEFAULTS.values() for slug in default.purposes.values()}


def test_the_proof_of_consent_outlives_what_the_consent_was_for(officer):
    live("talent-pool", "a", categories=("email", "application"))
    live("newsletter", "a")
    officer.post(reverse("admin:rule-suggestions-draft"))
    assert set(RetentionRule.objects.values_list("slug", "category__slug", "period")) == {
        ("talent-pool", "application", "P1M"),
        ("talent-pool-consent", None, "P6Y"),
        ("newsletter-profiles", None, "P6Y"),
    }
    assert officer.get(reverse("admin:rule-new"), {"like": "talent-pool"}).context["form"].initial["category"]


def test_drafts_as_they_were_offered_are_corrected_and_nothing_else_is():
    correct = import_module("retention.migrations.0012_proof_of_consent_outlives_it_by_six_years")
    given = {"purpose": live(), "trigger": "consent_ended", "period": "P24M", "legal_reason": correct.BEFORE}
    offered = RetentionRule.objects.create(slug="newsletter-profiles", **given)
    ours = RetentionRule.objects.create(slug="survey-answers", **given | {"legal_reason": "Our own."})
    in_force = RetentionRule.objects.create(slug="partner-profiles", **given)
    rules.activate(in_force, approved_by="user:1", now=NOW)
    correct.correct_drafts(apps, None)
    for one in (offered, ours, in_force):
        one.refresh_from_db()
    assert [one.period for one in (offered, ours, in_force)] == ["P6Y", "P24M", "P24M"]
    assert offered.legal_reason == str(defaults.PROOF)


def test_what_cannot_be_put_in_force_says_why(officer):
    one = RetentionRule.objects.create(
        slug="r", purpose=live(), trigger="case_closed", period="P1M", legal_reason="Test."
    )
    assert "Cases are kept for these purposes only" in act(officer, "put_in_force", one).text


def test_counting_changes_nothing(officer):
    item(person(1), ["newsletter"], date(2020, 1, 1))
    assert "1 due, 0 held, 0 without a date" in act(officer, "count_due", rule(live())).text
    assert PersonalDataItem.objects.exists()


def test_runs_and_their_batches_are_only_read(officer):
    item(person(1), ["newsletter"], date(2020, 1, 1))
    report = purge(rule(live()), as_of=TODAY, commit=True, now=NOW)
    listing = officer.get(reverse("admin:retention_run_changelist"))
    assert listing.status_code == 200
    run = listing.context["cl"].queryset.get(uuid=report.run)
    page = officer.get(reverse("admin:retention_run_change", args=[run.pk]))
    assert str(run.batches.get().entry) in page.text
    assert officer.post(reverse("admin:retention_run_change", args=[run.pk]), {}).status_code == 404
