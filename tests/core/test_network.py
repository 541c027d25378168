"""Which address is believed."""

from ipaddress import ip_network

import pytest

from core.network import client_address, network_of

OURS = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("remote", "forwarded", "proxies", "believed"),
    [
        # Nobody is trusted: what was sent is a claim.
        ("203.0.113.9", "198.51.100.1", [], "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1", [], "10.0.0.1"),
        # Not one of our proxies.
        ("203.0.113.9", "198.51.100.1", OURS, "203.0.113.9"),
        # One proxy, and two.
        ("10.0.0.1", "198.51.100.1", OURS, "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", OURS, "198.51.100.1"),
        # What the client wrote itself stands before what our proxy added.
        ("10.0.0.1", "192.0.2.1, 198.51.100.1", OURS, "198.51.100.1"),
        ("10.0.0.1", "10.0.0.7, 198.51.100.1", OURS, "198.51.100.1"),
        # Nothing, nonsense, a port: as far as it can be read.
        ("10.0.0.1", "", OURS, "10.0.0.1"),
        ("10.0.0.1", "unknown", OURS, "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, <script>", OURS, "10.0.0.1"),
        ("10.0.0.1", "10.0.0.2", OURS, "10.0.0.2"),
        ("", "198.51.100.1", OURS, ""),
        # IPv6, and IPv4 within it.
        ("fd00::1", "2001:DB8::1", OURS, "2001:db8::1"),
        ("::ffff:10.0.0.1", "::ffff:198.51.100.1", OURS, "198.51.100.1"),
        ("fe80::1%eth0", "", OURS, "fe80::1"),
    ],
)
def test_only_our_own_proxies_are_believed(rf, settings, remote, forwarded, proxies, believed):
    settings.TRUSTED_PROXIES = proxies
    request = rf.get("/", REMOTE_ADDR=remote, headers={"X-Forwarded-For": forwarded})
    assert client_address(request) == believed


def test_a_subscriber_cannot_step_aside_within_their_own_network(rf):
    one, two = (rf.get("/", REMOTE_ADDR=f"2001:db8:1:2::{host}") for host in ("1", "ffff"))
    assert network_of(one) == network_of(two) == "2001:db8:1:2::/64"
    assert network_of(rf.get("/", REMOTE_ADDR="203.0.113.9")) == "203.0.113.9"
    assert network_of(rf.get("/", REMOTE_ADDR="")) == ""
