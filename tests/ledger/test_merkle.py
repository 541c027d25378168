"""RFC 9162 section 2.1, against the test data of the certificate-transparency projects and by brute force."""

from hashlib import sha256

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import merkle

# The eight leaves and roots that every implementation of RFC 6962 and 9162 is tested with.
LEAVES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
HASHES = [merkle.leaf(data) for data in LEAVES]


def defined_root(hashes: list[bytes]) -> bytes:
    """The definition of 2.1.1, word for word."""
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return sha256(b"\x01" + defined_root(hashes[:k]) + defined_root(hashes[k:])).digest()


def defined_path(m: int, hashes: list[bytes]) -> list[bytes]:
    """The definition of 2.1.3.1, word for word."""
    if len(hashes) == 1:
        return []
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    if m < k:
        return [*defined_path(m, hashes[:k]), defined_root(hashes[k:])]
    return [*defined_path(m - k, hashes[k:]), defined_root(hashes[:k])]


@pytest.mark.parametrize("size", range(1, 9))
def test_known_roots(size: int) -> None:
    assert merkle.root_of(HASHES[:size]).hex() == ROOTS[size - 1]


def test_empty_tree() -> None:
    assert merkle.root_of([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("size", range(1, 35))
def test_path_is_the_defined_one_and_leads_to_the_root(size: int) -> None:
    hashes = [merkle.leaf(bytes([n])) for n in range(size)]
    root = defined_root(hashes)
    assert merkle.root_of(hashes) == root
    for index in range(size):
        path = merkle.inclusion_path(iter(hashes), index, size)
        assert path == defined_path(index, hashes)
        assert merkle.is_included(hashes[index], index, size, path, root)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine proves nothing
@given(st.integers(1, 200), st.data())
def test_a_wrong_proof_fails(size: int, data) -> None:
    hashes = [merkle.leaf(n.to_bytes(2)) for n in range(size)]
    root, index = merkle.root_of(hashes), data.draw(st.integers(0, size - 1))
    path = merkle.inclusion_path(hashes, index, size)
    other = merkle.leaf(b"other")
    assert not merkle.is_included(other, index, size, path, root)
    assert not merkle.is_included(hashes[index], index, size, [*path, other], root)
    if path:
        assert not merkle.is_included(hashes[index], index, size, path[:-1], root)
        assert not merkle.is_included(hashes[index], index ^ 1, size, path, root)
    assert not merkle.is_included(hashes[index], size, size, path, root)


def test_no_such_leaf() -> None:
    with pytest.raises(ValueError, match="no such leaf"):
        merkle.inclusion_path(HASHES, 8, 8)
