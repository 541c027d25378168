"""What a browser keeps of its choice: one first-party cookie that its pages, its server and we can read.

`1.<consent id>.<version>.<unix time>.<act>.<gpc>.<purposes>`, the purposes with ~ between and ! before each "no". The
act is the first letter of cookies.models.How, or q while a "yes" waits for its proof to be stored.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import UUID

from cookies.models import CookieChoice, How, Site

FORM = re.compile(r"1\.([0-9a-f]{32})\.(\d{1,5})\.(\d{9,11})\.([arcepgq])\.([01])\.([A-Za-z0-9_~!-]{0,2000})")


@dataclass(frozen=True)
class Stored:
    consent_id: UUID
    version: int
    at: datetime
    how: str
    is_gpc: bool
    granted: frozenset[str]
    denied: frozenset[str]

    @property
    def is_answered(self) -> bool:
        """Whether a person chose. A signal of the browser is honoured, and still no answer."""
        return self.how not in ("q", How.GPC.value[0])

    def is_on(self, purpose: Mapping[str, object]) -> bool:
        """Whether this choice lets the purpose (of a version's content) go on."""
        if purpose["need"] == "consent":
            return purpose["id"] in self.granted and int(str(purpose["since"])) <= self.version
        return purpose["id"] not in self.denied

    def without(self, purposes: Collection[str]) -> "Stored":
        """The same choice, once these purposes have ended elsewhere."""
        return replace(self, granted=self.granted.difference(purposes), denied=self.denied.union(purposes))


def of(choice: CookieChoice, *, since: datetime | None = None) -> str:
    """`since` is when somebody chose, where this row only ends a part of it."""
    purposes = "~".join([*choice.granted, *(f"!{slug}" for slug in choice.denied)])
    at = int((since or choice.chosen_at).timestamp())
    return f"1.{choice.consent_id.hex}.{choice.version}.{at}.{choice.how[0]}.{int(choice.is_gpc)}.{purposes}"


def read(text: str) -> Stored | None:
    """What stands in the cookie; None for anything that is not of this form."""
    found = FORM.fullmatch(text)
    if found is None:
        return None
    id, version, at, how, gpc, purposes = found.groups()
    slugs = [slug for slug in purposes.split("~") if slug]
    return Stored(
        consent_id=UUID(id),
        version=int(version),
        at=datetime.fromtimestamp(int(at), UTC),
        how=how,
        is_gpc=gpc == "1",
        granted=frozenset(slug for slug in slugs if not slug.startswith("!")),
        denied=frozenset(slug[1:] for slug in slugs if slug.startswith("!")),
    )


def domain_for(site: Site, host: str) -> str | None:
    """The domain under which a cookie set by this host reaches the site: "" for this host alone, None if it cannot."""
    name = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
    shared = site.cookie_domain.lstrip(".")
    if shared and (name == shared or name.endswith(f".{shared}")):
        return shared
    return "" if name in {urlsplit(origin).hostname for origin in site.origins} else None
