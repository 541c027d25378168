"""Where a request comes from, when proxies stand in front of us."""

from ipaddress import IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest

# What one subscriber is given: inside it addresses are changed at will.
ONE_SUBSCRIBER = 64


def client_address(request: HttpRequest) -> str:
    """The address of whoever spoke to the first proxy that is ours; empty when it is not known.

    X-Forwarded-For can be written by anybody, so it is believed from its end backwards, and only as far as each
    address is a proxy of TRUSTED_PROXIES.
    """
    address = _tidy(request.META.get("REMOTE_ADDR", ""))
    hops = request.headers.get("X-Forwarded-For", "").split(",")
    while hops and _is_ours(address) and (before := _tidy(hops.pop())):
        address = before
    return address


def network_of(request: HttpRequest) -> str:
    """What to count by: the address, or of IPv6 the network of one subscriber."""
    address = client_address(request)
    if ":" not in address:
        return address
    return str(IPv6Network((address, ONE_SUBSCRIBER), strict=False))


def _is_ours(address: str) -> bool:
    return bool(address) and any(ip_address(address) in network for network in settings.TRUSTED_PROXIES)


def _tidy(text: str) -> str:
    """The address in its one spelling; empty when it is none. IPv4 within IPv6 is IPv4."""
    try:
        address = ip_address(text.strip().partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address)
