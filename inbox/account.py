"""The mailbox as the settings name it. The password stays in here: nothing shows or logs an account."""

import ssl
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

# Scheme → port. Without TLS only to a server on the same machine, where nobody listens in between.
SCHEMES = {"imaps": 993, "imap+starttls": 143, "imap": 143}
LOOPBACK = ("localhost", "127.0.0.1", "::1")
FOLDERS = {"inbox": "INBOX", "junk": "", "done": ""}


@dataclass(frozen=True)
class Account:
    scheme: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folders: dict[str, str]
    ca: str = ""

    def place(self, folder: str) -> str:
        """A folder of this account, without naming either."""
        return sha256(f"{self.user}@{self.host}:{self.port}/{folder}".encode()).hexdigest()

    @property
    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca or None)


def current() -> Account | None:
    """The account of MAILBOX_URL, or None when there is none. Raises ImproperlyConfigured, which never says the URL."""
    if not settings.MAILBOX_URL:
        return None
    try:
        parts = urlsplit(settings.MAILBOX_URL)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _wrong("It is no address.") from error
    if parts.scheme not in SCHEMES:
        raise _wrong("It must begin with imaps:// or imap+starttls://.")
    if parts.scheme == "imap" and host not in LOOPBACK:
        raise _wrong("Without TLS it may only name this machine.")
    if not host or not parts.username or not parts.password:
        raise _wrong("It must name user, password and host.")
    given = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    if unknown := set(given) - {*FOLDERS, "ca"}:
        raise _wrong(f"It knows no {', '.join(sorted(unknown))}.")
    return Account(
        scheme=parts.scheme,
        host=host,
        port=port or SCHEMES[parts.scheme],
        user=unquote(parts.username),
        password=unquote(parts.password),
        folders={name: given.get(name, usual) for name, usual in FOLDERS.items()},
        ca=given.get("ca", ""),
    )


def own_domains() -> set[str]:
    """Domains of the controller: what comes from them is from a colleague, never from the person."""
    named = {domain.strip().lower().lstrip("@") for domain in settings.MAILBOX_OWN_DOMAINS}
    return named or {settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip(" >").lower()}


def own_addresses() -> set[str]:
    return {settings.DEFAULT_FROM_EMAIL.rpartition("<")[2].strip(" >").lower()}


def _wrong(why: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"MAILBOX_URL cannot be used. {why}")
