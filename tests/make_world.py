"""A small random world to forget in, and what it knows of itself without asking the product's queries."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from dateutil.relativedelta import relativedelta

from core.keys import token_hash
from processing.models import DataCategory, Purpose, System
from requests import intake, moves
from requests.models import CaseFile
from retention import holds, holds_change
from retention.models import LegalHold
from subjects import organisations
from subjects.models import DataSubject, ItemPurpose, Organisation, Relationship, Restriction
from tests import make_requests
from tests.make_register import category, system
from tests.make_retention import NOW, TODAY, dates, item, live, person, rule

PURPOSES = {"newsletter": "a", "rights-requests": "c"}
CATEGORIES = ("email", "phone")
SYSTEMS = ("kraken-privacy", "crm")
ROLES = ("prospect", "customer_contact")
LAWS = ("UK", "EU")
# The column of a dealing that each event is read from; the other events have none.
COLUMNS = {
    "last_interaction": "last_interaction_on",
    "contract_end": "contract_ended_on",
    "application_closed": "application_closed_on",
    "consent_ended": "consent_ended_on",
    "ended": "ended_on",
}
TRIGGERS = (*COLUMNS, "collection", "collection", "fixed_date", "case_closed")
ACTIONS = ("erase", "erase", "erase", "erase", "anonymise", "anonymise", "restrict", "review")
MONTHS = (6, 12)
# Whoever gave the same kinds of data hides among the others who did.
RECIPE = {
    "fields": {name: {"strategy": "keep"} for name in CATEGORIES},
    "quasi": ["email"],
    "sensitive": ["phone"],
    "thresholds": {"k": 2, "l": 1, "t": 1},
}


class Need(NamedTuple):
    """One item that one purpose needs."""

    pk: int
    item: int
    person: int
    purpose: str
    category: str
    system: str
    on: date


@dataclass(frozen=True)
class Held:
    """A hold as it was asked for. What is empty means any; naming nobody, it holds whomever it describes."""

    people: frozenset
    purposes: frozenset
    systems: frozenset
    company: int | None
    since: date | None
    until: date | None
    categories: frozenset = frozenset()
    roles: frozenset = frozenset()
    laws: frozenset = frozenset()

    @property
    def is_whole(self):
        """Whether it tells no item from another."""
        return not (self.systems or self.categories or self.since or self.until)

    def means(self, company, law):
        return self.company in (None, company) and (not self.laws or law in self.laws)

    def keeps(self, person, company, law, purpose, role, need=None):
        if self.purposes and purpose not in self.purposes:
            return False
        if self.people or (need is None and not self.is_whole):
            return person in self.people
        if not self.means(company, law) or (self.roles and role not in self.roles):
            return False
        of = need is None or (
            (self.since or need.on) <= need.on <= (self.until or need.on)
            and (not self.systems or need.system in self.systems)
            and (not self.categories or need.category in self.categories)
        )
        return bool(of)


class World:
    """What stands in the tables now, row by row, and the holds and cases that were made here."""

    def __init__(self, dice):
        self.dice, self.now = dice, NOW
        self.holds: dict[int, Held] = {}
        # The case of each person who asked for a copy: [whose it is, when it came, whether it is confirmed].
        self.cases: dict[int, list] = {}
        self.address, self.rules = {}, []
        for name in SYSTEMS:
            system(name, "builtin" if name == SYSTEMS[0] else "manual")
        for name, basis in PURPOSES.items():
            live(name, basis)
        for number in range(dice.randrange(3, 6)):
            self._person(number)
        for number in range(dice.randrange(2, 5)):
            self._rule(number)
        if dice.random() < 0.6:
            self.hold()

    def _person(self, number):
        dice, one = self.dice, person(number)
        self.address[one.pk] = f"person{number}@example.org"
        DataSubject.objects.filter(pk=one.pk).update(jurisdiction=dice.choice(LAWS))
        if dice.random() < 0.4:
            organisations.represent(one, name="Acme", now=NOW, actor="test")
        for _item in range(dice.randrange(1, 4)):
            needed = dice.sample(sorted(PURPOSES), dice.randrange(1, 3))
            item(one, needed, self.day(), category=dice.choice(CATEGORIES), system=dice.choice(SYSTEMS))
        for name in PURPOSES:
            if dice.random() < 0.3:
                Relationship.objects.get_or_create(
                    subject=one, purpose=live(name), defaults={"role": "prospect", "started_on": self.day()}
                )
            dates(one, live(name), role=dice.choice(ROLES))
            dates(
                one, live(name), **{column: dice.choice([None, self.day(), self.day()]) for column in COLUMNS.values()}
            )
        if dice.random() < 0.3:
            self.ask(one.pk)
            if dice.random() < 0.7:
                self.answer(one.pk, closed_on=self.day())

    def _rule(self, number):
        dice, trigger = self.dice, self.dice.choice(TRIGGERS)
        purpose = "rights-requests" if trigger == "case_closed" else dice.choice(sorted(PURPOSES))
        action = dice.choice(ACTIONS)
        made = rule(
            live(purpose),
            slug=f"rule-{number}",
            trigger=trigger,
            action=action,
            period=f"P{dice.choice(MONTHS)}M",
            category=category(dice.choice(CATEGORIES)) if dice.random() < 0.2 else None,
            fixed_on=self.day() if trigger == "fixed_date" else None,
            recipe=RECIPE if action == "anonymise" else None,
        )
        self.rules.append(made)

    def day(self):
        """Often right at a boundary, else anywhere in three years."""
        edge = TODAY - relativedelta(months=self.dice.choice(MONTHS)) + timedelta(days=self.dice.choice([-1, 0, 1]))
        return self.dice.choice([edge, TODAY - timedelta(days=self.dice.randrange(1000))])

    # What may happen between two runs.

    def happen(self):
        acts = [self.wait, self.hold, self.hold, self.change, self.release]
        acts += [self.ask_somebody, self.confirm_somebody, self.answer_somebody]
        self.dice.choice(acts)()

    def wait(self):
        self.now += timedelta(days=self.dice.choice([1, 29, 31, 180]))

    def hold(self):
        scope = self._scope()
        if scope:
            about = {"matter": "1", "reason": "claim", "review_due": self.today + timedelta(days=90)}
            hold = holds.place(**self._given(scope), **about, actor="user:1", now=self.now)
            self.holds[hold.pk] = scope

    def _scope(self):
        """Of named people, or of whatever is described. None when nothing bounds it."""
        dice, people = self.dice, sorted(self.people)
        purposes = frozenset(dice.sample(sorted(PURPOSES), dice.choice([0, 0, 1, 2])))
        if people and dice.random() < 0.4:
            return Held(frozenset(dice.sample(people, 1)), purposes, frozenset(), None, None, None)
        systems = frozenset(dice.sample(SYSTEMS, dice.choice([0, 0, 1])))
        company = dice.choice([None, *Organisation.objects.values_list("pk", flat=True)])
        since, until = dice.choice([(None, None), (None, None), (self.day(), None), (None, self.day())])
        some = lambda names: frozenset(dice.sample(names, dice.choice([0, 0, 0, 1])))  # noqa: E731
        more = [some(CATEGORIES), some(ROLES), some(LAWS)]
        if not (purposes or systems or company or any(more)):
            return None
        return Held(frozenset(), purposes, systems, company, since, until, *more)

    def _given(self, scope):
        return {
            "people": list(DataSubject.objects.filter(pk__in=scope.people)),
            "purposes": list(Purpose.objects.filter(slug__in=scope.purposes)),
            "systems": list(System.objects.filter(slug__in=scope.systems)),
            "organisation": Organisation.objects.filter(pk=scope.company).first(),
            "collected_from": scope.since,
            "collected_to": scope.until,
            "categories": list(DataCategory.objects.filter(slug__in=scope.categories)),
            "roles": sorted(scope.roles),
            "jurisdictions": sorted(scope.laws),
        }

    def change(self):
        """A hold that names people goes on naming people."""
        scope, pk = self._scope(), self.dice.choice([None, *sorted(self.holds)])
        if scope and pk and bool(scope.people) == bool(self.holds[pk].people):
            new = holds_change.Scope(**self._given(scope))
            holds_change.change(LegalHold.objects.get(pk=pk), new, why="mistake", actor="user:1", now=self.now)
            self.holds[pk] = scope

    def release(self):
        if self.holds:
            pk = self.dice.choice(sorted(self.holds))
            del self.holds[pk]
            holds.release(LegalHold.objects.get(pk=pk), actor="user:1", now=self.now)

    def ask_somebody(self):
        if free := sorted(set(self.people) - set(self.cases)):
            self.ask(self.dice.choice(free))

    def ask(self, pk):
        made = make_requests.case("access", email=self.address[pk], now=self.now)
        self.cases[pk] = [made, self.now, False]

    def confirm_somebody(self):
        if waiting := [pk for pk in self._open() if not self.cases[pk][2] and pk in self.people]:
            self.confirm(self.dice.choice(sorted(waiting)))

    def confirm(self, pk):
        made, _at, _is_confirmed = self.cases[pk]
        days = {"confirm_expires_at": self.now + timedelta(days=1)}
        CaseFile.objects.filter(pk=made.pk).update(confirm_hash=token_hash(f"link {pk}"), **days)
        intake.confirm(f"link {pk}", now=self.now)
        self.cases[pk][2] = True

    def answer_somebody(self):
        if found := sorted(self._open()):
            self.answer(self.dice.choice(found))

    def answer(self, pk, *, closed_on=None):
        """Closed, and known whose it was; in the past if a day is given."""
        made, _at, is_confirmed = self.cases[pk]
        if closed_on and not is_confirmed:
            self.confirm(pk)
        moves.step(made.requests.get(), "withdrawn", actor="user:1", now=self.now)
        if closed_on:
            CaseFile.objects.filter(pk=made.pk).update(closed_at=NOW.replace(*closed_on.timetuple()[:3]))

    def _open(self):
        return [pk for pk, (made, *_rest) in self.cases.items() if made.requests.open().exists()]

    # What there is.

    @property
    def today(self):
        return self.now.date()

    @property
    def people(self):
        """Each with the company they speak for, and the law that they live under."""
        return {pk: about for pk, *about in DataSubject.objects.values_list("pk", "organisation", "jurisdiction")}

    @property
    def needs(self):
        columns = ("pk", "item", "subject", "purpose__slug", "category__slug", "item__system__slug", "collected_on")
        return {Need(*row) for row in ItemPurpose.objects.values_list(*columns)}

    @property
    def ties(self):
        """Dealings by (person, purpose), with their dates."""
        rows = Relationship.objects.values("subject", "purpose__slug", "started_on", "role", *COLUMNS.values())
        return {(row["subject"], row["purpose__slug"]): row for row in rows}

    @property
    def restricted(self):
        """The needs that are for storage only."""
        pairs = set(Restriction.objects.filter(lifted_at=None).values_list("item", "purpose__slug"))
        return {need for need in self.needs if (need.item, need.purpose) in pairs}

    @property
    def frozen(self):
        """Who may be meant by somebody who asked for a copy within thirty days, and has not shown who they are."""
        fresh = self.now - timedelta(days=30)
        return {pk for pk in self._open() if not self.cases[pk][2] and self.cases[pk][1] > fresh}

    @property
    def asking(self):
        """Who waits for a copy, and showed who they are."""
        return {pk for pk in self._open() if self.cases[pk][2]}

    @property
    def bound(self):
        """Who stays whatever else is left of them: a hold over all of them, a purpose of theirs, or an open request."""
        named = {pk for held in self.holds.values() for pk in held.people}
        of_people = [one for one in self.holds.values() if one.company or one.laws]
        whole = [one for one in of_people if one.is_whole and not (one.purposes or one.roles)]
        return (
            self.asking | named | {pk for pk, about in self.people.items() if any(one.means(*about) for one in whole)}
        )

    def closed(self, pk):
        """The day on which the last of a person's cases was closed, if none is open."""
        days = [at and at.date() for at in CaseFile.objects.filter(subject=pk).values_list("closed_at", flat=True)]
        return max(days) if days and all(days) else None

    def holds_still(self, pk, purpose, need=None):
        about, role = self.people[pk], self.ties.get((pk, purpose), {}).get("role")
        held = any(one.keeps(pk, *about, purpose, role, need) for one in self.holds.values())
        return held or pk in self.asking

    def hides(self, needs):
        """Whether everybody of whom these are has another one like them beside."""
        gave = {need.person: False for need in needs} | {
            need.person: True for need in needs if need.category == "email"
        }
        return min(Counter(gave.values()).values(), default=0) >= 2
