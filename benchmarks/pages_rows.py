"""`PEOPLE CASES` fills the database for the page benchmarks. Prints a session and the pages to ask for, as JSON.

A template person (three items for two purposes) and a template case come in by the real doors.
The rest are copies by SQL, with keys, identifiers, ledger entries and dates of their own. Copies cannot be opened:
their data keys are random. The pages that are measured show people of the real doors, among all the others.
"""

import json
import os
import sys
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kraken_privacy.settings")
django.setup()

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from core.models import User  # noqa: E402
from processing.models import DataCategory, ProcessingActivity, Purpose, PurposeVersion, System  # noqa: E402
from requests import intake  # noqa: E402
from requests.models import CaseFile  # noqa: E402
from retention import rules  # noqa: E402
from retention.models import RetentionRule  # noqa: E402
from subjects import items, people  # noqa: E402
from subjects.identifiers import Claim  # noqa: E402

ACTOR = "system:benchmark"
REAL = 20
PEOPLE = """
CREATE TEMPORARY TABLE copy AS
  SELECT n, nextval(pg_get_serial_sequence('subjects_datasubject', 'id')) AS id, gen_random_uuid() AS uuid
  FROM generate_series(1, %(people)s) AS n;
INSERT INTO subjects_datasubject (id, uuid, locale, jurisdiction, is_test)
  SELECT id, uuid, 'en-GB', 'UK', false FROM copy;
INSERT INTO subjects_identifier (uuid, type, system, rules_version, sealed, blind, blind_key)
  SELECT gen_random_uuid(), 'email', '', 1, sha256(uuid::text::bytea), sha256(uuid::text::bytea), 'k1' FROM copy;
INSERT INTO subjects_subjectidentifier (subject_id, identifier_id, verified_how, is_shared)
  SELECT copy.id, identifier.id, '', false FROM copy
  JOIN subjects_identifier AS identifier ON identifier.blind = sha256(copy.uuid::text::bytea);
INSERT INTO subjects_relationship (uuid, subject_id, purpose_id, role, ground, ground_recorded_by, source, started_on)
  SELECT gen_random_uuid(), copy.id, tie.purpose_id, tie.role, '', '', tie.source, tie.started_on
  FROM copy, subjects_relationship AS tie WHERE tie.subject_id = %(person)s;
INSERT INTO subjects_personaldataitem (uuid, subject_id, category_id, sealed, source, nature, system_id, collected_at)
  SELECT gen_random_uuid(), copy.id, item.category_id, item.sealed, item.source, item.nature, item.system_id,
         item.collected_at - copy.n %% 700 * interval '1 day'
  FROM copy, subjects_personaldataitem AS item WHERE item.subject_id = %(person)s;
INSERT INTO subjects_itempurpose (item_id, purpose_id, subject_id, category_id, collected_on)
  SELECT item.id, need.purpose_id, item.subject_id, item.category_id, item.collected_at::date
  FROM subjects_personaldataitem AS item
  JOIN copy ON copy.id = item.subject_id
  JOIN subjects_itempurpose AS need ON need.subject_id = %(person)s AND need.category_id = item.category_id;
INSERT INTO subjects_nametoken (item_id, token, token_key)
  SELECT item.id, sha256((item.id %% 5000)::text::bytea), 'k1'
  FROM subjects_personaldataitem AS item JOIN copy ON copy.id = item.subject_id;
INSERT INTO core_datakey (owner, owner_id, master_key, wrapped)
  SELECT 'item', item.uuid, 'k1', sha256(item.uuid::text::bytea)
  FROM subjects_personaldataitem AS item JOIN copy ON copy.id = item.subject_id;
INSERT INTO ledger_entry (body)
  SELECT json_build_object('v', 1, 'id', gen_random_uuid(), 'kind', 'item.collected',
    'at', '2026-01-05T10:00:00.000000Z',
    'actor', 'system:benchmark', 'subject', copy.uuid, 'object', gen_random_uuid(), 'purpose', '', 'data', '{}'::json)
  FROM copy, generate_series(1, 3);
"""
CASES = """
CREATE TEMPORARY TABLE copied AS
  SELECT n, nextval(pg_get_serial_sequence('requests_casefile', 'id')) AS id, gen_random_uuid() AS uuid
  FROM generate_series(1, %(cases)s) AS n;
INSERT INTO requests_casefile (id, uuid, subject_id, channel, locale, rule_set_id, received_at, received_on,
    confirmed_at, is_test)
  SELECT copied.id, copied.uuid, copy.id, one.channel, one.locale, one.rule_set_id, one.received_at, one.received_on,
         CASE copied.n %% 4 WHEN 0 THEN NULL ELSE one.received_at END, false
  FROM copied LEFT JOIN copy USING (n) JOIN requests_casefile AS one ON one.id = %(case)s;
INSERT INTO requests_rightsrequest (uuid, reference, external_reference, case_id, "right", state, facts, result, due_on)
  SELECT gen_random_uuid(), 'B-' || copied.n, '', copied.id, one."right", one.state, one.facts, one.result,
         one.due_on + (copied.n %% 60 - 5)::int
  FROM copied JOIN requests_rightsrequest AS one ON one.case_id = %(case)s;
INSERT INTO requests_task (uuid, request_id, system_id, outcome, reason, answered_by)
  SELECT gen_random_uuid(), request.id, task.system_id, task.outcome, '', ''
  FROM requests_rightsrequest AS request
  JOIN copied ON copied.id = request.case_id
  JOIN requests_rightsrequest AS one ON one.case_id = %(case)s
  JOIN requests_task AS task ON task.request_id = one.id;
"""


def main(people_count: int, cases: int) -> None:
    now = timezone.now()
    _register(now)
    real = [_person(number, now) for number in range(REAL)]
    case = intake.open_case(
        rights=["access"],
        requester={"name": "Ada", "email": "case@example.com"},
        details="",
        channel="web",
        received_at=now,
        received_on=now.date(),
        locale="en-GB",
        actor=ACTOR,
        now=now,
    )
    CaseFile.objects.filter(pk=case.pk).update(confirmed_at=now)
    params = {"people": people_count - REAL, "cases": cases - 1, "person": real[0].pk, "case": case.pk}
    with connection.cursor() as cursor:
        cursor.execute(PEOPLE, params)
        cursor.execute(CASES, params)
    pages = {
        "home_page": ["/admin/"],
        "queue_page": ["/admin/rights/", "/admin/rights/?right=access&within=14", "/admin/rights/?unconfirmed=1"],
        "person_page": [f"/admin/people/{subject.uuid}/" for subject in real],
    }
    print(json.dumps({"session": _session(), **pages}))


def _register(now: object) -> None:
    activity = ProcessingActivity.objects.create(slug="office", title="Office", owner="Office", security="-")
    System.objects.create(slug="kraken-privacy", name="This database", connector="builtin")
    kinds = [DataCategory.objects.create(slug=slug, label=slug) for slug in ("name", "email", "correspondence")]
    for slug in ("customer-support", "contract-administration"):
        purpose = Purpose.objects.create(slug=slug, activity=activity)
        version = PurposeVersion.objects.create(
            purpose=purpose,
            number=1,
            title=slug,
            description="-",
            basis="b",
            subject_categories=["customer-contact"],
            sources=["website"],
            retention_summary="-",
        )
        version.categories.set(kinds)
        version.publish(now=now, actor=ACTOR)
        rule = RetentionRule.objects.create(
            slug=slug, purpose=purpose, trigger="last_interaction", period="P24M", legal_reason="-"
        )
        rules.activate(rule, approved_by=ACTOR, now=now)


def _person(number: int, now):
    claims = [Claim("email", f"real{number}@example.com")]
    subject = people.find_or_create(claims, now=now, actor=ACTOR)
    for category in ("name", "email", "correspondence"):
        items.collect(
            subject,
            category=category,
            purposes=["customer-support", "contract-administration"],
            content=json.dumps(f"Real {number}"),
            source="website",
            nature="provided",
            collected_at=now - timedelta(days=10),
            now=now,
            actor=ACTOR,
        )
    return subject


def _session() -> str:
    user = User.objects.create_user("benchmark", is_staff=True, is_superuser=True)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


main(int(sys.argv[1]), int(sys.argv[2]))
