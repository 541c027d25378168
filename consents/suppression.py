"""The "no" that survives erasure: keyed hashes of identifiers, never the identifiers.

A suppression is lifted only by a later explicit opt-in of the person (consents/capture_sql.py), never by an import. An
objection to all marketing is never lifted as a whole: a later opt-in reaches exactly the purpose that was opted in to,
and of a "no" to every channel it leaves one to each of the others.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from consents.models import Suppression
from core import outbox
from core.keys import keyring
from core.models import Outbox
from processing.models import Purpose
from subjects import one_person, people
from subjects.identifiers import Claim, reveal, suppression_hash, suppression_hashes
from subjects.models import DataSubject, SubjectIdentifier

Key = TypeVar("Key")
OBJECTION, WITHDRAWAL, ONE_CLICK = "objection", "withdrawal", "one_click"
# Collected by a deletion that was asked for. Whoever asks for that has refused nothing of what others have too.
BY_DELETION = "deletion"

# On which channels something reaches whoever has it (empty: on every one): PECR regs 21 and 22 ask what the subscriber
# of it has said. A number that names a customer is no mailbox: what is said by it is said of the customer.
REACHES = {"email": ("email",), "phone": ("phone", "sms"), "customer_number": ("",), "external_id": ("",)}

LATER = """
ON CONFLICT (hash, purpose_id, channel) WHERE lifted_at IS NULL DO UPDATE SET
    since = EXCLUDED.since, reason = EXCLUDED.reason, entry = EXCLUDED.entry
WHERE EXCLUDED.since > consents_suppression.since
"""
ADD = """
INSERT INTO consents_suppression (uuid, schema_version, hash, hash_key, purpose_id, channel, reason, since, entry)
SELECT gen_random_uuid(), 1, new.*
FROM unnest(%s::bytea[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[], %s::uuid[])
     AS new (hash, key, purpose, channel, reason, since, entry)
ORDER BY new.hash, new.purpose, new.channel
"""


@dataclass(frozen=True)
class Hash:
    """A keyed hash and the id of the key that made it."""

    key: str
    value: bytes


class Spread(NamedTuple):
    """A "no", and what it is said under besides. `whose`: as `theirs_again` and `alone_again` read it."""

    no: Suppression
    hashes: list[Hash]
    whose: Mapping[str, Any] = MappingProxyType({})


def hash_of(claim: Claim) -> Hash:
    return Hash(keyring("SUPPRESSION_KEYS").current, suppression_hash(claim.type, claim.normalised, claim.system))


def hashes_of(claims: Iterable[Claim]) -> list[bytes]:
    """Under every active key: what a look-up tries."""
    return [value for claim in claims for value in suppression_hashes(claim.type, claim.normalised, claim.system)]


def reaches(type: str, channel: str) -> bool:
    """Whether what is said under this kind of identifier is said for whoever has it, on this channel (empty: any)."""
    return not channel or not {"", channel}.isdisjoint(REACHES.get(type, ()))


def claims_of(subject: DataSubject) -> list[Claim]:
    """The identifiers that are this person's alone, readable. Two queries, one where that is none."""
    return [claim for claim, _is_shared in known_by(subject, is_shared=False)]


def reached_by(subject: DataSubject, channel: str = "") -> list[Claim]:
    """Everything under which something may be said for this person on a channel (empty: any): what is theirs alone, and
    what others have too where it reaches them.
    """
    return [one for one, is_shared in known_by(subject) if not is_shared or reaches(one.type, channel)]


def known_by(
    subject: DataSubject, *, beside: Iterable[Claim] = (), is_shared: bool | None = None
) -> list[tuple[Claim, bool]]:
    """The identifiers of this person, but for those, and which of them are others' as well. Of both kinds or of one."""
    known = {(claim.type, claim.system, blind) for claim in beside for blind in claim.blinds}
    links = SubjectIdentifier.objects.filter(subject=subject).select_related("identifier").order_by("identifier")
    if is_shared is not None:
        links = links.filter(is_shared=is_shared)
    shared = {
        link.identifier: link.is_shared
        for link in links
        if (link.identifier.type, link.identifier.system, bytes(link.identifier.blind)) not in known
    }
    values = reveal(shared) if shared else {}
    return [(Claim(row.type, values[row.pk], row.system), shared[row]) for row in shared if row.pk in values]


def spoken_for(claims: Sequence[Claim], named: people.Named, *, alone: bool = False) -> list[Claim]:
    """Those under which these claims speak, with all that is theirs whom they name. What that one has with others says
    nothing of its own: it is judged by that person's word as well, and the others cannot take back what was not theirs.

    `alone`: nor does it where they have nothing else.
    """
    others = [claim for claim in claims if claim not in named.shared]
    if named.subject is None:
        return others
    return [*others, *(claims_of(named.subject) if alone else speaks_by(named.subject))]


def speaks_by(subject: DataSubject) -> list[Claim]:
    """Under what a "no" of this person is kept: what is theirs alone; where nothing is, all that they are known by."""
    return claims_of(subject) or reached_by(subject)


def add(
    hashes: Sequence[Hash],
    *,
    purposes: Sequence[Purpose | None],
    channel: str = "",
    reason: str,
    entry: UUID,
    now: datetime,
    where_none: bool = False,
) -> None:
    """Suppress these identifiers for each purpose (None: all marketing). A repeated "no" moves the date forward, but
    for one that is only for `where_none` stands.
    """
    one = {"channel": channel, "reason": reason, "since": now, "entry": entry}
    noes = (Spread(Suppression(purpose=purpose, **one), list(hashes)) for purpose in purposes)
    store(noes, or_else="ON CONFLICT DO NOTHING" if where_none else LATER)


def store(noes: Iterable[Spread], *, or_else: str = LATER) -> None:
    """Each of these under its identifiers, in one statement."""
    every = sorted(((no, found) for no, hashes, _whose in noes for found in hashes), key=lambda one: one[0].since)
    # Of what is said twice the later one.
    rows = {(found.value, no.purpose_id, no.channel): (no, found) for no, found in every}.values()
    if not rows:
        return
    columns = zip(
        *((found.value, found.key, no.purpose_id, no.channel, no.reason, no.since, no.entry) for no, found in rows),
        strict=True,
    )
    with connection.cursor() as cursor:
        cursor.execute(ADD + or_else, [list(column) for column in columns])


def gaps(claims: Sequence[Claim], reached: Sequence[Suppression] = ()) -> list[Spread]:
    """The latest of each "no" that stands under any of these, and of what else `reached` the person, with those of them
    under which it was never said.
    """
    return lacking(said_under({claim: claim for claim in claims}), reached)


def lacking(said: Mapping[Claim, Sequence[Suppression]], reached: Sequence[Suppression] = ()) -> list[Spread]:
    """The same of what is known to have been said under each, what was taken back there too: it does not come back."""
    parts = _told_in_part(said.values())
    every = [no for noes in said.values() for no in noes if no.channel or _key(no) not in parts]
    standing = [*(no for no in every if no.lifted_at is None), *reached]
    latest = {(no.purpose_id, no.channel): no for no in sorted(standing, key=lambda no: (no.since, -(no.pk or 0)))}
    found = []
    for no in latest.values():
        missing = [hash_of(claim) for claim, noes in said.items() if not any(covers(other, no) for other in noes)]
        found += [Spread(no, missing)] if missing else []
    return found


def _told_in_part(said: Iterable[Sequence[Suppression]]) -> set[tuple[UUID, int | None, datetime]]:
    """What stands as a whole where several had it, and elsewhere only as it reached this person: it goes on so."""
    found = set()
    for noes in said:
        whole = {no.purpose_id for no in noes if not no.channel}
        found |= {_key(no) for no in noes if no.channel and no.purpose_id not in whole}
    return found


def _key(no: Suppression) -> tuple[UUID, int | None, datetime]:
    return no.entry, no.purpose_id, no.since


def standing_under(claims: Mapping[Key, Claim]) -> dict[Key, list[Suppression]]:
    """What was said under each of these and stands. One query."""
    return {key: [no for no in noes if no.lifted_at is None] for key, noes in said_under(claims).items()}


def said_under(claims: Mapping[Key, Claim]) -> dict[Key, list[Suppression]]:
    """Likewise with what was taken back since."""
    whose = {value: key for key, claim in claims.items() for value in hashes_of([claim])}
    found: dict[Key, list[Suppression]] = {key: [] for key in claims}
    for no in own(whose):
        found[whose[bytes(no.hash)]].append(no)
    return found


def narrowed(no: Suppression, type: str) -> list[Suppression]:
    """A "no" as it reaches whoever has this kind of identifier: for each channel of it alone. Not stored."""
    same = {"hash": no.hash, "purpose": no.purpose, "reason": no.reason, "since": no.since, "entry": no.entry}
    channels = [one or no.channel for one in REACHES.get(type, ()) if not one or no.channel in ("", one)]
    return [Suppression(channel=channel, **same) for channel in channels]


def own(hashes: Iterable[bytes]) -> QuerySet[Suppression]:
    """What was said under these. Not the register of PECR reg 26, which is no word of the person to us."""
    rows = Suppression.objects.filter(hash__in=list(hashes)).exclude(reason="tps")
    return rows.select_related("purpose")


def covers(one: Suppression, other: Suppression) -> bool:
    """Whether the first says what the other says, and did not say it before."""
    is_same = one.purpose_id == other.purpose_id and one.channel in ("", other.channel)
    return is_same and one.since >= other.since


def spread(found: Sequence[Spread], *, entry: UUID, now: datetime) -> None:
    """The same "no" under other identifiers as well, since the same day: here, and outside PostgreSQL.

    `entry` is that of the spreading; what proves the "no" stays what proved it.
    """
    if not found:
        return
    store(found)
    noes = [
        {
            "hashes": [{"key": one.key, "hash": one.value.hex()} for one in hashes],
            "purpose": no.purpose.slug if no.purpose else "",
            "channel": no.channel,
            "reason": no.reason,
            "since": no.since.isoformat(),
            **whose,
        }
        for no, hashes, whose in found
    ]
    data = {"action": "suppression.added", "entry": str(entry), "noes": noes}
    outbox.post(Outbox.Kind.JOURNAL, data, about=None, now=now)


def add_again(data: Mapping[str, Any]) -> bool:
    """Add what the journal says was added after the backup. False if a purpose is not in it."""
    # An older line is about one "no" alone.
    lines = data.get("noes", [data])
    purposes = {one.slug: one for one in Purpose.objects.filter(slug__in=[line["purpose"] for line in lines])}
    known = [line for line in lines if not line["purpose"] or line["purpose"] in purposes]
    for line in known:
        purpose, since = purposes.get(line["purpose"]), datetime.fromisoformat(line["since"])
        said = {"channel": line["channel"], "reason": line["reason"], "entry": UUID(data["entry"])}
        # Where they have nothing of their own here, the line of the "no" itself says what stands where others are.
        theirs = [hash_of(claim) for link in alone_again(line) for claim in claims_of(link.subject)]
        add([*hashes_again(line, alone=True), *theirs], purposes=[purpose], **said, now=since)
    return len(known) == len(lines)


def hashes_in(data: Mapping[str, Any]) -> list[Hash]:
    """The keyed hashes in a line of the journal."""
    return [Hash(found["key"], bytes.fromhex(found["hash"])) for found in data["hashes"]]


def hashes_again(data: Mapping[str, Any], *, alone: bool = False) -> list[Hash]:
    """The same, and of everything that is theirs here who said it. Of none, where nothing was suppressed."""
    hashes = hashes_in(data)
    theirs = [hash_of(claim) for claims in theirs_again(data, alone=alone) for claim in claims] if hashes else []
    return list(dict.fromkeys([*hashes, *theirs]))


def theirs_again(data: Mapping[str, Any], *, alone: bool = False) -> list[list[Claim]]:
    """All that is theirs here who said what a line of the journal tells (`subject`), record by record. `alone`: as of
    `spoken_for`.
    """
    ids = [UUID(uuid) for uuid in (data.get("subject"), *data.get("others", ())) if uuid]
    records = [one for one in one_person.records(ids) if not one.is_test] if ids else []
    return [claims_of(one) if alone else speaks_by(one) for one in records]


def alone_again(data: Mapping[str, Any]) -> list[SubjectIdentifier]:
    """What several people had when it was said there (`shared`), and one has alone here. It was said for each of them,
    and whoever has something alone is not judged by what was said there only.
    """
    links = SubjectIdentifier.objects.filter(identifier__uuid__in=data.get("shared", ()), is_shared=False)
    return list(links.filter(subject__is_test=False).select_related("subject").order_by("pk"))


def whose(subject: DataSubject | None, shared: Iterable[UUID] = ()) -> dict[str, Any]:
    """Who said what a line of the journal tells, and what several people have of what it was said under."""
    told = {"subject": str(subject.uuid) if subject else None, "shared": [str(uuid) for uuid in shared]}
    return {name: value for name, value in told.items() if value}


def is_suppressed(claims: Iterable[Claim], purpose: Purpose, channel: str = "", *, marketing: bool) -> bool:
    """Whether a "no" stands for any of these identifiers. A verdict with its reason is consents/permission.py."""
    scope = Q(purpose=purpose) | Q(purpose=None) if marketing else Q(purpose=purpose)
    rows = Suppression.objects.filter(scope, hash__in=hashes_of(claims), lifted_at=None)
    if channel:
        rows = rows.filter(channel__in=["", channel])
    return rows.exists()
