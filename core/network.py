"""Where a request comes from, when proxies stand in front of us; and where we may send something of our own."""

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError

# What one subscriber is given: inside it addresses are changed at will.
ONE_SUBSCRIBER = 64
# IPv6 that leads to an IPv4 inside it: NAT64, 6to4, Teredo, mapped and compatible addresses.
_DISGUISES = [IPv6Network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")]
_DISGUISES.append(IPv6Network("::ffff:0:0/96"))


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


def shortened(address: str) -> str:
    """The network that an address is in, /24 or /48, which many share; empty for what is no address."""
    tidy = _tidy(address)
    return str(ip_network(f"{tidy}/{48 if ':' in tidy else 24}", strict=False)) if tidy else ""


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


class AddressRefused(DomainError):
    """An address that we do not send to: it is none, or it leads into a network that is not public."""

    code = "address-refused"
    message = _("This is not an https address of somebody on the public internet.")


@dataclass(frozen=True)
class Target:
    """An address outside, looked up once: `url` names the number, so that nobody can lead the name elsewhere later."""

    url: str
    host: str
    name: str


def target_of(url: str) -> Target:
    """Look an address up and check every number behind it. Raises AddressRefused, or OSError when it leads nowhere.

    Plain http, and a network that is not public, only where OUTGOING_NETWORKS allows it.
    """
    parts, port = checked_url(url)
    name = parts.hostname or ""
    found = {str(row[4][0]).partition("%")[0] for row in socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)}
    addresses = sorted(map(ip_address, found), key=lambda one: (one.version, one.packed))
    allowed = [one for one in addresses if any(one in network for network in settings.OUTGOING_NETWORKS)]
    if not addresses or not all(one in allowed or is_public(one) for one in addresses):
        raise AddressRefused
    if parts.scheme != "https" and allowed != addresses:
        raise AddressRefused
    number = f"[{addresses[0]}]" if addresses[0].version == 6 else str(addresses[0])
    return Target(parts._replace(netloc=f"{number}:{port}").geturl(), parts.netloc, name)


def checked_url(url: str) -> tuple[SplitResult, int]:
    """The parts of an address that could be sent to, and its port. Raises AddressRefused; looks nothing up."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise AddressRefused from error
    is_plain = not (parts.username or parts.password or parts.fragment) and url.isascii() and url.isprintable()
    if parts.scheme not in ("https", "http") or not parts.hostname or not is_plain or " " in url:
        raise AddressRefused
    if parts.scheme == "http" and not settings.OUTGOING_NETWORKS:
        raise AddressRefused
    return parts, port


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether it is one of the public internet, and does not hide another inside."""
    if address.is_multicast or address.is_reserved or address.is_unspecified or not address.is_global:
        return False
    return not any(address in network for network in _DISGUISES)
