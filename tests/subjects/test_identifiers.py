"""Normalisation is frozen: what was blinded under version 1 must be found under version 1 for ever."""

import json
from pathlib import Path

import idna
import phonenumbers
import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.keys import keyring
from core.models import DataKey, Owner
from core.vault import destroy_keys
from subjects import identifiers, people
from subjects.identifiers import Claim, normalise, parse_identity
from subjects.models import Identifier
from tests import make_subjects as make
from tests.plugin import key_ring

VECTORS = json.loads((Path(__file__).parent / "identifier_vectors.json").read_text("utf-8"))


@pytest.mark.parametrize("vector", VECTORS["accepted"], ids=lambda v: f"{v['type']}:{v['value']!a}")
def test_frozen_vectors(vector):
    system = vector.get("system", "")
    assert normalise(vector["type"], vector["value"], system=system) == vector["normalised"]
    assert normalise(vector["type"], vector["normalised"], system=system) == vector["normalised"]


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda v: f"{v['type']}:{v['value']!a}")
def test_impossible_ones_are_refused_by_field_and_without_the_value(vector):
    with pytest.raises(Invalid) as refusal:
        normalise(vector["type"], vector["value"], system=vector.get("system", ""))
    assert list(refusal.value.fields) == [f"identity.{vector['type']}"]
    value = vector["value"].strip()
    assert len(value) < 3 or value not in str(refusal.value) + str(refusal.value.message)


def test_the_vectors_are_of_the_rules_in_force():
    assert VECTORS["rules_version"] == identifiers.RULES_VERSION
    assert len(VECTORS["accepted"]) + len(VECTORS["refused"]) >= 40


@given(st.sampled_from(["email", "phone", "customer_number", "device"]), st.text(max_size=80))
def test_normalising_twice_is_normalising_once(kind, value):
    try:
        once = normalise(kind, value)
    except Invalid:
        return
    assert normalise(kind, once) == once


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_possible_address_is_stable(local, domain):
    try:
        once = normalise("email", f"{local}@{domain}.example")
    except Invalid:
        return
    assert normalise("email", once) == once
    assert normalise("email", f"  {once}\u200b") == once


@given(st.from_regex(r"[A-Za-z0-9-]{1,6}(\.[A-Za-z0-9-]{1,6}){1,3}", fullmatch=True))
def test_the_short_way_for_plain_domains_ends_where_the_long_one_does(domain):
    if identifiers._PLAIN_DOMAIN.fullmatch(domain):
        assert identifiers._a_labels(domain) == idna.encode(domain, uts46=True, std3_rules=True).decode()


def test_region_decides_a_number_without_country():
    assert normalise("phone", "030 901820", region="DE") == "+4930901820"


def test_identity_object():
    claims = parse_identity(
        {"phone": "07700 900123", "email": "Ada@example.com", "external_id": {"system": "crm", "id": "x"}}
    )
    assert [claim.type for claim in claims] == ["email", "external_id", "phone"]
    assert claims[0].normalised == "ada@example.com"


@pytest.mark.parametrize(
    ("identity", "fields"),
    [
        ({}, {"identity"}),
        ("ada", {"identity"}),
        ({"email": "x", "phone": "y"}, {"identity.email", "identity.phone"}),
        ({"email": 3}, {"identity.email"}),
        ({"name": "Ada"}, {"identity.name"}),
        ({"external_id": "x"}, {"identity.external_id"}),
        ({"external_id": {"system": "a|b", "id": "x"}}, {"identity.external_id.system"}),
    ],
)
def test_identity_object_names_every_part_at_fault(identity, fields):
    with pytest.raises(Invalid) as refusal:
        parse_identity(identity)
    assert set(refusal.value.fields) == fields


def test_blind_index_tells_types_and_systems_apart():
    values = {identifiers.blind(t, "x", s) for t in ("device", "cookie") for s in ("", "crm")}
    assert len(values) == 4


def test_suppression_hash_has_its_own_key():
    assert identifiers.suppression_hash("email", "a@b.c") != identifiers.blind("email", "a@b.c")


@pytest.fixture
def rotated():
    """A new blind-index key in front of the old one."""
    new = "t2:" + key_ring("n").partition(":")[2]
    with override_settings(BLIND_INDEX_KEYS=f"{new},{key_ring('b')}"):
        keyring.cache_clear()
        yield
    keyring.cache_clear()


def test_rotation_finds_old_rows_and_moves_them(db, request):
    ada = make.person()
    request.getfixturevalue("rotated")
    assert people.find([make.email("ADA@example.com")]) == ada
    assert make.person() == ada
    assert Identifier.objects.get().blind_key == "t1"
    assert identifiers.reblind() == 1
    assert identifiers.reblind() == 0
    row = Identifier.objects.get()
    assert row.blind_key == "t2"
    assert bytes(row.blind) == make.email().blind
    assert people.find([make.email()]) == ada


def test_values_are_sealed_and_unreadable_without_their_key(db):
    make.person()
    row = Identifier.objects.get()
    assert b"ada" not in bytes(row.sealed)
    assert identifiers.reveal([row]) == {row.pk: "ada@example.com"}
    assert destroy_keys(Owner.IDENTIFIER, [row.uuid]) == 1
    assert identifiers.reveal([row]) == {}
    assert not DataKey.objects.exists()


def test_a_claim_is_one_value_however_it_is_typed():
    assert Claim("email", "ADA@example.com").blind == Claim("email", "ada@example.com").blind


def test_a_plain_british_number_is_read_at_once_as_the_library_reads_it():
    for number in range(1_000_000_007, 10_000_000_000, 60_000_049):
        for written in (f"0{number}", f"+44{number}", f"0{number}"[:5] + " " + f"0{number}"[5:]):
            parsed = phonenumbers.parse(written, "GB")
            assert phonenumbers.is_possible_number(parsed)
            assert normalise("phone", written) == phonenumbers.format_number(parsed, 0)
    assert normalise("phone", "0100000000", region="FR") == "+33100000000"
    with pytest.raises(Invalid):
        normalise("phone", "01632960000 x7")
