"""The "no" that survives erasure: keyed hashes of identifiers, never the identifiers.

A suppression is lifted only by a later explicit opt-in of the person (consents/capture_sql.py), never by an import. An
objection to all marketing is never lifted as a whole: a later opt-in reaches exactly the purpose that was opted in to,
and of a "no" to every channel it leaves one to each of the others.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import connection
from django.db.models import Q, QuerySet

from consents.models import Suppression
from core import outbox
from core.keys import keyring
from core.models import Outbox
from processing.models import Purpose
from subjects import one_person, people
from subjects.identifiers import Claim, reveal, suppression_hash, suppression_hashes
from subjects.models import DataSubject, Identifier, SubjectIdentifier

OBJECTION, WITHDRAWAL, ONE_CLICK = "objection", "withdrawal", "one_click"

# On which channels something reaches whoever has it (empty: on every one): PECR regs 21 and 22 ask what the subscriber
# of it has said. A number that names a customer is no mailbox: what is said by it is said of the customer.
REACHES = {"email": ("email",), "phone": ("phone", "sms"), "customer_number": ("",), "external_id": ("",)}

LATER = """
ON CONFLICT (hash, purpose_id, channel) WHERE lifted_at IS NULL DO UPDATE SET
    since = EXCLUDED.since, reason = EXCLUDED.reason, entry = EXCLUDED.entry
WHERE EXCLUDED.since > consents_suppression.since
"""
ADD = f"""
INSERT INTO consents_suppression (uuid, schema_version, hash, hash_key, purpose_id, channel, reason, since, entry)
SELECT new.uuid, 1, new.hash, new.key, new.purpose, %(channel)s, %(reason)s, %(now)s, %(entry)s
FROM unnest(%(uuids)s::uuid[], %(hashes)s::bytea[], %(keys)s::text[], %(purposes)s::bigint[])
     AS new (uuid, hash, key, purpose)
ORDER BY new.hash, new.purpose
{LATER}
"""  # noqa: S608  (constants only)


@dataclass(frozen=True)
class Hash:
    """A keyed hash and the id of the key that made it."""

    key: str
    value: bytes


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


def spoken_for(claims: Sequence[Claim], named: people.Named) -> list[Claim]:
    """Those under which these claims speak, with all that is theirs whom they name. What that one has with others says
    nothing of its own: it is judged by that person's word as well, and the others cannot take back what was not theirs.
    """
    others = [claim for claim in claims if claim not in named.shared]
    return [*others, *speaks_by(named.subject)] if named.subject else others


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
) -> None:
    """Suppress these identifiers for each purpose (None: all marketing). A repeated "no" moves the date forward."""
    pairs = [(found, purpose.pk if purpose else None) for found in hashes for purpose in purposes]
    if not pairs:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            ADD,
            {
                "channel": channel,
                "reason": reason,
                "now": now,
                "entry": entry,
                "uuids": [uuid4() for _pair in pairs],
                "hashes": [found.value for found, _purpose in pairs],
                "keys": [found.key for found, _purpose in pairs],
                "purposes": [purpose for _found, purpose in pairs],
            },
        )


def gaps(claims: Sequence[Claim], reached: Sequence[Suppression] = ()) -> list[tuple[Suppression, list[Hash]]]:
    """The latest of each "no" that stands under any of these, and of what else `reached` the person, with those of them
    under which it was never said.
    """
    under = {claim: set(hashes_of([claim])) for claim in claims}
    theirs = own(value for values in under.values() for value in values)
    standing = [*theirs.filter(lifted_at=None), *reached]
    # What they took back since under one of them does not come back there.
    said = [*standing, *theirs.exclude(lifted_at=None)] if standing else []
    latest = {
        (row.purpose_id, row.channel): row for row in sorted(standing, key=lambda row: (row.since, -(row.pk or 0)))
    }
    found = []
    for row in latest.values():
        known = {bytes(other.hash) for other in said if covers(other, row)}
        missing = [hash_of(claim) for claim, values in under.items() if not values & known]
        found += [(row, missing)] if missing else []
    return found


def reaching(identifiers: Iterable[Identifier]) -> dict[int, list[Suppression]]:
    """What was said under each of these and stands, as it reaches whoever has it. Not stored."""
    rows = {row.pk: row for row in identifiers if row.type in REACHES}
    values = reveal(rows.values())
    claims = {pk: Claim(rows[pk].type, values[pk], rows[pk].system) for pk in values}
    said = standing_under(claims)
    return {pk: [one for no in noes for one in narrowed(no, rows[pk].type)] for pk, noes in said.items()}


def standing_under(claims: Mapping[int, Claim]) -> dict[int, list[Suppression]]:
    """What was said under each of these and stands. One query."""
    whose = {value: key for key, claim in claims.items() for value in hashes_of([claim])}
    found: dict[int, list[Suppression]] = {}
    for no in own(whose).filter(lifted_at=None):
        found.setdefault(whose[bytes(no.hash)], []).append(no)
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


def spread(
    row: Suppression, hashes: Sequence[Hash], *, entry: UUID, now: datetime, whose: Mapping[str, Any] | None = None
) -> None:
    """The same "no" under other identifiers as well, since the same day: here, and outside PostgreSQL.

    `entry` is that of the spreading; what proves the "no" stays what proved it. `whose`: as `theirs_again` reads it.
    """
    if not hashes:
        return
    add(hashes, purposes=[row.purpose], channel=row.channel, reason=row.reason, entry=row.entry, now=row.since)
    data = {
        "action": "suppression.added",
        "entry": str(entry),
        "hashes": [{"key": found.key, "hash": found.value.hex()} for found in hashes],
        "purpose": row.purpose.slug if row.purpose else "",
        "channel": row.channel,
        "reason": row.reason,
        "since": row.since.isoformat(),
        **(whose or {}),
    }
    outbox.post(Outbox.Kind.JOURNAL, data, about=None, now=now)


def add_again(data: Mapping[str, Any]) -> bool:
    """Add what the journal says was added after the backup. False if its purpose is not in it."""
    purpose = Purpose.objects.filter(slug=data["purpose"]).first() if data["purpose"] else None
    if data["purpose"] and purpose is None:
        return False
    since, hashes = datetime.fromisoformat(data["since"]), hashes_again(data)
    entry = UUID(data["entry"])
    add(hashes, purposes=[purpose], channel=data["channel"], reason=data["reason"], entry=entry, now=since)
    return True


def hashes_in(data: Mapping[str, Any]) -> list[Hash]:
    """The keyed hashes in a line of the journal."""
    return [Hash(found["key"], bytes.fromhex(found["hash"])) for found in data["hashes"]]


def hashes_again(data: Mapping[str, Any]) -> list[Hash]:
    """The same, and of everything that it stands under here. Of none, where nothing was suppressed."""
    hashes = hashes_in(data)
    theirs = [hash_of(claim) for claims in theirs_again(data) for claim in claims] if hashes else []
    return list(dict.fromkeys([*hashes, *theirs]))


def theirs_again(data: Mapping[str, Any]) -> list[list[Claim]]:
    """What a line of the journal is said for here, person by person: all that is theirs who said it (`subject`), and
    theirs who has alone here what several people had (`shared`), for it was said for each of them. Whoever has
    something alone is not judged by what was said there only.
    """
    ids = [UUID(uuid) for uuid in (data.get("subject"), *data.get("others", ())) if uuid]
    said = [speaks_by(one) for one in one_person.records(ids) if not one.is_test] if ids else []
    links = SubjectIdentifier.objects.filter(identifier__uuid__in=data.get("shared", ()), is_shared=False)
    links = links.filter(subject__is_test=False).select_related("subject").order_by("pk")
    return [*said, *(claims_of(link.subject) for link in links)]


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
