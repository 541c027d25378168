"""Filing what came in: the case, its requests, its keys and its acknowledgement, in one statement.

It is written out of what was read for the requests before (controller, rule set, public holidays: deadlines.recalled)
and proves that in passing. As a transaction of several statements it took half as long again
(benchmarks/request_intake.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core import outbox, prepared
from core.apikeys import Seen
from core.vault import Key
from requests.deadlines import PROVEN, Circumstances
from requests.models import CaseFile, Letter, RightsRequest
from requests.opening import OPENED, WANTED, rows, saved
from requests.told_at_once import COPY

# So many acknowledgements to one address in a day; the request itself is always taken in.
MAILS_A_DAY = 5
# `before`: the letters to this address on the day before, this one not among them.
FILE = f"""
WITH proven AS ({PROVEN}), filed AS (
    INSERT INTO requests_casefile (uuid, channel, locale, claim, claim_blind, rule_set_id, received_at, received_on,
        confirm_hash, confirm_expires_at, is_test)
    SELECT %(uuid)s, %(channel)s, %(locale)s, %(claim)s, %(blind)s, %(rules)s, %(at)s, %(on)s, %(hash)s, %(until)s,
        %(test)s
    FROM proven
    ON CONFLICT (uuid) DO NOTHING
    RETURNING id
), {WANTED}, {OPENED}, before AS (
    SELECT count(*) AS letters FROM requests_casefile
    WHERE claim_blind = %(blind)s AND received_at > %(since)s AND is_test = %(test)s
), mail AS (
    {outbox.INTO}
    SELECT %(mail_uuid)s, 1, %(mail_kind)s, %(mail_about)s, %(mail_payload)s, %(now)s, %(now)s, 0, ''
    FROM filed, before WHERE %(mail_uuid)s::uuid IS NOT NULL AND before.letters < %(most)s
    RETURNING id
), letter AS (
    INSERT INTO requests_letter (uuid, case_id, kind, template_version, sealed, created_at, sent_at, given_by, given_on,
        outbox)
    SELECT %(mail_letter)s, filed.id, %(mail_letter_kind)s, {Letter.FACTS}, %(mail_letter_sealed)s, %(now)s, %(now)s,
        '{Letter.Way.EMAIL.value}', %(mail_letter_day)s, %(mail_uuid)s
    FROM filed, mail
), key AS (
    INSERT INTO core_datakey (owner, owner_id, master_key, wrapped)
    SELECT %(owner)s, %(uuid)s::uuid, %(master)s, %(wrapped)s::bytea FROM filed
    UNION ALL
    SELECT %(mail_owner)s, %(mail_uuid)s::uuid, %(mail_master)s, %(mail_wrapped)s::bytea FROM mail
)
SELECT filed.id, before.letters, mail.id, opened.uuid, opened.id
FROM filed CROSS JOIN before CROSS JOIN opened LEFT JOIN mail ON true
"""  # noqa: S608  (our own names)
# Without its indentation: a text that is longer than 4096 bytes, psycopg takes apart anew every time.
FILE = " ".join(FILE.split())
NO_MAIL = dict.fromkeys(f"mail_{name}" for name in (*outbox.SEALED, *COPY))


@dataclass(frozen=True)
class Filed:
    """`may_mail`: whether this address has not had too many letters in a day."""

    may_mail: bool


def file(
    case: CaseFile,
    key: Key,
    requests: Sequence[RightsRequest],
    mail: Mapping[str, Any] | None,
    *,
    there: Circumstances,
    by: Seen | None,
    actor: str,
    now: datetime,
) -> Filed | None:
    """Store a new case with its key, its requests, and the mail with its copy (post.acknowledgement) unless the address
    had too many.

    None, and nothing written, when the same form came in before, or when `there` or the key `by` is not any more as it
    was read.
    """
    master, wrapped = key.wrapped()
    params = {
        "uuid": case.uuid,
        "channel": case.channel,
        "locale": case.locale,
        "claim": case.claim,
        "blind": case.claim_blind,
        "rules": there.rules.pk,
        "at": case.received_at,
        "on": case.received_on,
        "hash": case.confirm_hash,
        "until": case.confirm_expires_at,
        "test": case.is_test,
        "owner": key.owner.value,
        "master": master,
        "wrapped": wrapped,
        "since": case.received_at - timedelta(days=1),
        "most": MAILS_A_DAY,
        "actor": actor,
        "now": now,
        "rows": rows(requests, case, actor=actor, now=now),
        **({f"mail_{name}": value for name, value in mail.items()} if mail else NO_MAIL),
        **there.proof(by),
    }
    found = prepared.fetch_all(FILE, params)
    if not found:
        return None
    case.pk, letters, message = found[0][:3]
    case._state.adding = False
    saved(requests, {row[3]: row[4] for row in found})
    if message:
        outbox.announce(message)
    return Filed(may_mail=letters < MAILS_A_DAY)
