"""The verdict of a kind with somebody's own put in is the verdict on them alone, opinions and all."""

from datetime import timedelta
from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from consents import permission_sql
from consents.kinds import Kinds
from consents.models import Status
from consents.verdicts import Rules, decide
from processing.models import Basis, Channel
from subjects import identifiers
from subjects.models import Organisation
from tests import make_consents as make

DAYS = st.integers(-2, 2).map(make.days)
RULES = st.builds(
    Rules,
    purpose=st.uuids(),
    is_live=st.sampled_from([True, True, False]),
    basis=st.sampled_from(Basis.values),
    direct_marketing=st.booleans(),
    assessment=st.none() | st.uuids(),
    relies=st.booleans(),
    review_due=st.none() | DAYS.map(lambda at: at.date()),
)
CHOICES = st.tuples(st.sampled_from(Status.values), DAYS, st.none() | DAYS, st.uuids(), st.uuids())
NONE = st.just((None,) * 5)
INTERESTS = st.tuples(
    st.sampled_from(["", *Organisation.LegalType.values]),
    st.none() | st.uuids(),
    st.sampled_from([None, "", "mutual-interest", "soft-opt-in"]),
    st.booleans(),
)


@settings(max_examples=300)
@given(RULES, st.sampled_from(["", *Channel.values]), st.lists(st.tuples(NONE | CHOICES, INTERESTS), min_size=2))
def test_a_kind_says_what_would_be_said_of_each_alone(rules, channel, people):
    def judge(facts):
        return decide(rules, facts, channel=channel, now=make.NOW, today=make.NOW.date(), grace=timedelta(1))

    on_consent = rules.basis == Basis.CONSENT
    kinds = Kinds(judge, on_consent=on_consent, now=make.NOW)
    for choice, interest in people:
        row = (b"", 1, *choice, None, None, None, *(() if on_consent else interest))
        found = kinds.verdict(row)
        if found is None:
            assert choice[2]
            assert not on_consent
        else:
            assert found == judge(permission_sql.facts_in(row, (), None))


def test_who_is_restricted_is_judged_alone():
    row = (b"", 1, "given", make.NOW, None, uuid4(), uuid4(), None, f"-{uuid4()}", None)
    assert Kinds(None, on_consent=True, now=make.NOW).verdict(row) is None


@given(st.lists(st.from_regex(r"[A-Za-z0-9_.+-]{1,8}@[A-Za-z0-9-]{1,34}(\.[A-Za-z0-9-]{1,6}){0,2}\n?", fullmatch=True)))
def test_plain_addresses_are_hashed_as_all_the_rules_make_them(values):
    texts = identifiers.texts_of("email", values)
    assert texts == identifiers.texts_of("email", [f"\u200b{value}" for value in values])
    assert texts == [identifiers._possible("email", value, "") for value in values]


def test_texts_of_other_kinds_and_of_what_is_no_identifier():
    assert identifiers.texts_of("external_id", ["A 1", ""], system="crm") == [b"external_id|crm|A 1", None]
    assert identifiers.texts_of("email", ["A@example.com"], system="crm") == [None]
