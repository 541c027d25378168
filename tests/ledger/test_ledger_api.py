"""Evidence over HTTP: the chain, proofs that stand without us, and the keys."""

import uuid
from hashlib import sha256

import pytest
from joserfc import jws
from joserfc.jwk import KeySet
from rest_framework.test import APIClient

from core import apikeys
from ledger import merkle
from ledger.models import Entry
from tests.make_evidence import entry, seal

pytestmark = pytest.mark.django_db(transaction=True)


def client(*scopes: str) -> APIClient:
    key = apikeys.create("test", scopes)[1]
    return APIClient(headers={"Authorization": f"Api-Key {key}"})


def get(path: str, *scopes: str):
    return client(*(scopes or ("ledger:read",))).get(f"/api/v1/ledger/{path}")


@pytest.mark.parametrize("size", [1, 5])
def test_proof_stands_without_us(size: int) -> None:
    rows = [entry(n) for n in range(size)]
    seal()
    keys = APIClient().get("/.well-known/jwks.json").json()
    for n, row in enumerate(rows):
        proof = get(f"entries/{row.uuid}/proof/").json()
        stated = jws.deserialize_compact(proof["seal"]["jws"], KeySet.import_key_set(keys), algorithms=["Ed25519"])
        assert stated.payload.decode() == proof["seal"]["body"]
        assert sha256(stated.payload).hexdigest() == proof["seal"]["hash"]
        leaf = merkle.leaf(proof["body"].encode())
        path = [bytes.fromhex(sibling) for sibling in proof["path"]]
        assert merkle.is_included(leaf, n, size, path, bytes.fromhex(proof["seal"]["root"]))
        assert (proof["index"], proof["size"], proof["leaf"]) == (n, size, leaf.hex())


def test_entry_without_a_seal_says_ask_again() -> None:
    answer = get(f"entries/{entry().uuid}/proof/")
    assert (answer.status_code, answer.json()["code"]) == (409, "not-sealed-yet")


def test_unknown_entry() -> None:
    assert get(f"entries/{uuid.uuid4()}/proof/").status_code == 404


def test_seals_come_in_pages_in_order() -> None:
    made = []
    for n in range(3):
        entry(n)
        made.append(seal().hash)
    first = get("seals/?limit=2").json()
    second = client("ledger:read").get(first["next"]).json()
    assert [row["hash"] for row in first["results"] + second["results"]] == made
    assert "count" not in first
    assert second["next"] is None


def test_seals_are_listed_without_their_entries(django_assert_max_num_queries) -> None:
    entry()
    seal()
    with django_assert_max_num_queries(6):
        get("seals/")
    assert Entry.objects.count() == 1


@pytest.mark.parametrize("path", ["seals/", "entries/5f0c954e-7a22-4ab5-b1a6-2f3c3b6f0f10/proof/"])
def test_no_key_and_wrong_scope(path: str) -> None:
    assert APIClient().get(f"/api/v1/ledger/{path}").status_code == 401
    assert get(path, "forms:read").status_code == 403
