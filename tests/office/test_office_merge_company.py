"""Two records made one, of which one speaks for a company whose contract has ended."""

from datetime import date

import pytest

from ledger.models import Entry
from office import merging
from subjects import organisations
from subjects.models import Relationship
from tests import make_office
from tests import make_people as make

pytestmark = pytest.mark.django_db
NOW = make.NOW


@pytest.mark.parametrize("is_undone", [True, False])
def test_whoever_comes_to_speak_for_a_company_ends_with_its_contract(is_undone):
    """Ada's own dealings ran; the company of the other record has ended."""
    make_office.register()
    ada, countess = (
        make.person(f"{name}@example.com", name, "contract-administration") for name in ("ada", "countess")
    )
    acme = organisations.represent(countess, name="Acme", now=NOW, actor=make.ACTOR)
    organisations.amend(acme, contract_ended_on=date(2020, 1, 31), now=NOW, actor=make.ACTOR)
    ends = Relationship.objects.filter(purpose__slug="contract-administration")
    made = merging.merge(ada, countess, now=NOW, actor=make.OFFICER)
    assert list(ends.values_list("subject", "contract_ended_on")) == [(ada.pk, date(2020, 1, 31))]
    if is_undone:
        merging.undo(made, now=NOW, actor=make.OFFICER)
        assert dict(ends.values_list("subject", "contract_ended_on")) == {ada.pk: None, countess.pk: date(2020, 1, 31)}


def test_a_contract_of_their_own_that_ended_with_the_company_runs_on_when_they_are_parted():
    make_office.register()
    ada = make.person("ada@example.com", "Ada", "contract-administration")
    countess = make.person("countess@example.com", "Countess", "newsletter")
    acme = organisations.represent(countess, name="Acme", now=NOW, actor=make.ACTOR)
    organisations.amend(acme, contract_ended_on=date(2020, 1, 31), now=NOW, actor=make.ACTOR)
    made = merging.merge(ada, countess, now=NOW, actor=make.OFFICER)
    tie = ada.relationships.get(purpose__slug="contract-administration")
    assert tie.contract_ended_on == date(2020, 1, 31)
    merging.undo(made, now=NOW, actor=make.OFFICER)
    tie.refresh_from_db()
    assert tie.contract_ended_on is None
    assert [entry.kind for entry in Entry.objects.filter(object=tie.uuid).order_by("pk")][-2:] == [
        "relationship.ended",
        "relationship.resumed",
    ]
