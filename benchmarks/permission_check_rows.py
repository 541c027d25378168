"""`PEOPLE` fills the database for the permission benchmark. Prints the key of a caller.

Everything by set statements, as the superuser: rows made like these need no foreign key looked up one by one. Of ten
people seven have consented, one has refused, one has withdrawn and is suppressed, and one was never asked. Each has an
e-mail address that the API finds: the blind index is HMAC-SHA-256 (RFC 2104), written with PostgreSQL's sha256. What is
sealed is random, for nothing here opens it. No two answered at the same moment.
"""

import os
import sys
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kraken_privacy.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from consents.models import Assessment, AssessmentVersion  # noqa: E402
from core import apikeys  # noqa: E402
from core.keys import keyring  # noqa: E402
from processing.models import ProcessingActivity, Purpose, PurposeVersion, Status  # noqa: E402

ACTOR = "system:benchmark"
PEOPLE = """
SET LOCAL session_replication_role = replica;
CREATE TEMPORARY TABLE copy AS
  SELECT n, nextval(pg_get_serial_sequence('subjects_datasubject', 'id')) AS id, gen_random_uuid() AS uuid,
         nextval(pg_get_serial_sequence('subjects_identifier', 'id')) AS identifier, gen_random_uuid() AS event,
         gen_random_uuid() AS entry, convert_to('email||person' || n || '@example.com', 'UTF8') AS text,
         CASE n %% 10 WHEN 0 THEN 'refused' WHEN 1 THEN 'withdrawn' WHEN 2 THEN NULL ELSE 'given' END AS status,
         %(at)s - n * interval '1.000007 second' AS at
  FROM generate_series(1, %(people)s) AS n;
INSERT INTO subjects_datasubject (id, uuid, locale, jurisdiction, is_test)
  SELECT id, uuid, 'en-GB', 'UK', false FROM copy;
INSERT INTO subjects_identifier (id, uuid, type, system, rules_version, sealed, blind, blind_key)
  SELECT identifier, gen_random_uuid(), 'email', '', 1, sha256(text),
         sha256(%(blind_outer)s::bytea || sha256(%(blind_inner)s::bytea || text)), %(blind_key)s FROM copy;
INSERT INTO subjects_subjectidentifier (subject_id, identifier_id, verified_how, is_shared)
  SELECT id, identifier, '', false FROM copy;
INSERT INTO subjects_relationship (uuid, subject_id, purpose_id, role, ground, ground_recorded_by, source, started_on)
  SELECT gen_random_uuid(), id, %(sales)s, 'prospect', 'mutual-interest', '', 'website', %(at)s::date FROM copy;
INSERT INTO consents_consentevent (uuid, schema_version, consent, subject, purpose, channel, status, effective_at,
    valid_until, recorded_at, form_version, origin, collected_by, actor, proof, entry)
  SELECT event, 1, gen_random_uuid(), uuid, %(newsletter_uuid)s, 'email', status, at,
         CASE status WHEN 'given' THEN at + interval '2 years' END, at, NULL, 'direct', 'api',
         'system:benchmark', NULL, entry
  FROM copy WHERE status IS NOT NULL;
INSERT INTO consents_consentstate (subject, purpose_id, channel, status, effective_at, valid_until, event, entry)
  SELECT uuid, %(newsletter)s, 'email', status, at, CASE status WHEN 'given' THEN at + interval '2 years' END,
         event, entry
  FROM copy WHERE status IS NOT NULL;
INSERT INTO consents_suppression (uuid, schema_version, hash, hash_key, purpose_id, channel, reason, since, entry)
  SELECT gen_random_uuid(), 1, sha256(%(no_outer)s::bytea || sha256(%(no_inner)s::bytea || text)), %(no_key)s,
         %(newsletter)s, '', 'withdrawal', at, entry
  FROM copy WHERE status = 'withdrawn';
DROP TABLE copy;
"""


def main(people: int) -> None:
    now = timezone.now()
    newsletter, sales = _purposes(now)
    params = {
        "people": people,
        "newsletter": newsletter.pk,
        "newsletter_uuid": newsletter.uuid,
        "sales": sales.pk,
        "at": now - timedelta(days=10),
        **_pads("blind", "BLIND_INDEX_KEYS"),
        **_pads("no", "SUPPRESSION_KEYS"),
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PEOPLE, params)
    print(apikeys.create("benchmark", ["permissions:read"])[1])


def _pads(name: str, ring: str) -> dict[str, object]:
    """The two pads of HMAC under the current key (RFC 2104 §2)."""
    keys = keyring(ring)
    padded = keys[keys.current].ljust(64, b"\0")
    outer, inner = (bytes(byte ^ pad for byte in padded) for pad in (0x5C, 0x36))
    return {f"{name}_outer": outer, f"{name}_inner": inner, f"{name}_key": keys.current}


def _purposes(now: object) -> tuple[Purpose, Purpose]:
    """One on consent, one on legitimate interests with its assessment; both direct marketing, and made live by hand."""
    newsletter, sales = _marketing("newsletter", "a"), _marketing("direct-sales", "f")
    AssessmentVersion.objects.create(
        assessment=Assessment.objects.create(purpose=sales),
        number=1,
        answers={},
        decision="rely",
        justification="-",
        author="user:a",
        approver="user:b",
        approved_at=now,
        review_due=now + timedelta(days=300),
    )
    PurposeVersion.objects.update(status=Status.LIVE, effective_from=now)
    return newsletter, sales


def _marketing(slug: str, basis: str) -> Purpose:
    activity, _is_new = ProcessingActivity.objects.get_or_create(slug="marketing", title="-", owner="-", security="-")
    purpose = Purpose.objects.create(slug=slug, activity=activity)
    PurposeVersion.objects.create(
        purpose=purpose,
        number=1,
        title=slug,
        description="-",
        basis=basis,
        interests="-",
        subject_categories=["subscriber"],
        sources=["website"],
        direct_marketing=True,
        channels=["email"],
        retention_summary="-",
    )
    return purpose


if __name__ == "__main__":
    main(int(sys.argv[1]))
