"""Whose consent a changed form outgrows: exactly the people who said yes to what now means something else.

A change of purpose or processing needs new consent (Arts 4(11) and 5(1)(b)). What was given goes on covering what it
was given for until a day that is said when the change is published; silence is never renewal, so on that day it ends.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from consents import endings
from consents.models import ConsentFormVersion, ConsentReminder, ConsentRenewal, ConsentState, Status
from consents.states import YES
from core.errors import Text
from processing.models import Purpose
from subjects.models import DataSubject
from subjects.people import hold

ACTOR = "system:renewal"
# How long the old "yes" goes on covering what it was given for, unless the publication says otherwise.
DAYS = 30
# Every standing "yes" that was given to a version of this form in this language. Test people are nobody.
AFFECTED = """
FROM consents_consentstate state
JOIN consents_consentevent event ON event.uuid = state.event
JOIN consents_consentformversion shown ON shown.id = event.form_version
JOIN subjects_datasubject person ON person.uuid = state.subject AND NOT person.is_test
JOIN processing_purpose purpose ON purpose.id = state.purpose_id
JOIN unnest(%(purposes)s::text[], %(channels)s::text[]) AS asked (purpose, channel)
  ON asked.purpose = purpose.slug AND asked.channel = state.channel
WHERE shown.form_id = %(form)s AND shown.locale = %(locale)s AND state.status IN ('given', 'renewed')
  AND (state.valid_until IS NULL OR state.valid_until > %(now)s)
"""
COUNT = f"SELECT purpose.slug, state.channel, count(*) {AFFECTED} GROUP BY 1, 2"
PEOPLE = f"SELECT count(DISTINCT state.subject) {AFFECTED}"
MARK = f"""
WITH marked AS (
    INSERT INTO consents_consentrenewal (uuid, form_version_id, subject, purpose_id, channel, event, until, kept_back)
    SELECT gen_random_uuid(), %(version)s, state.subject, state.purpose_id, state.channel, state.event, %(until)s, false
    {AFFECTED}
    ON CONFLICT (event) DO UPDATE SET form_version_id = EXCLUDED.form_version_id
    RETURNING subject
)
SELECT count(DISTINCT subject) FROM marked
"""  # noqa: S608

# A page kept in a cache, or a link that was mailed, brings answers to a version that a later one outgrew meanwhile: for
# the days of grace, and some more in which nobody swept. The first day counts twice, for what was written meanwhile.
MARK_LATE = """
INSERT INTO consents_consentrenewal (uuid, form_version_id, subject, purpose_id, channel, event, until, kept_back)
SELECT gen_random_uuid(), max(version.id), state.subject, state.purpose_id, state.channel, state.event,
       min(version.outgrown_until), false
FROM consents_consentformversion version
JOIN consents_consentform form ON form.id = version.form_id
CROSS JOIN LATERAL jsonb_to_recordset(version.controls) AS control (key text, purpose text, channel text)
JOIN processing_purpose purpose ON purpose.slug = control.purpose
JOIN consents_consentformversion shown
  ON shown.form_id = version.form_id AND shown.locale = version.locale AND shown.number < version.number
JOIN consents_consentevent event
  ON event.form_version = shown.id AND event.recorded_at >= version.published_at - interval '1 day'
JOIN consents_consentstate state
  ON state.event = event.uuid AND state.purpose_id = purpose.id AND state.channel = control.channel
JOIN subjects_datasubject person ON person.uuid = state.subject AND NOT person.is_test
WHERE version.change = 'material' AND control.key = ANY(version.outgrown)
  AND version.published_at > %(now)s - make_interval(days => form.grace_days + 30)
  AND state.status IN ('given', 'renewed') AND (state.valid_until IS NULL OR state.valid_until > %(now)s)
GROUP BY state.id
ON CONFLICT (event) DO NOTHING
"""


def fault(former: ConsentFormVersion | None, version: ConsentFormVersion, asks_again: Collection[str]) -> Text | None:
    """Why this change may not be called what it is called."""
    if unknown := set(asks_again) - set(retained(former, version)):
        return _("“%(key)s” is new or unknown, so nobody can have consented to it before.") % {"key": min(unknown)}
    if former and not asks_again and retained(former, version):
        if more := set(version.controllers) - set(former.controllers):
            names = ", ".join(sorted(more))
            return _("%(names)s did not rely on this consent before. That is material: people are asked again.") % {
                "names": names
            }
        if former.minimum_age is not None and (version.minimum_age or 0) > former.minimum_age:
            return _("More children than before need a parent. That is material: people are asked again.")
    return None


def retained(former: ConsentFormVersion | None, version: ConsentFormVersion) -> dict[str, Mapping[str, str]]:
    """The controls of the new version whose purpose and channel the old one asked for too, by key."""
    if former is None or not isinstance(version.controls, list):
        return {}
    before = {(control["purpose"], control["channel"]) for control in former.controls}
    return {
        control["key"]: control
        for control in version.controls
        if (control.get("purpose"), control.get("channel")) in before
    }


def counts(version: ConsentFormVersion, *, now: datetime) -> dict[str, int]:
    """How many people said yes to each control, by its key, and would be asked again if it changed materially."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT, _params(version, [control["key"] for control in version.controls], now=now))
        found = {(purpose, channel): count for purpose, channel, count in cursor.fetchall()}
    return {control["key"]: found.get((control["purpose"], control["channel"]), 0) for control in version.controls}


def people(version: ConsentFormVersion, keys: Collection[str], *, now: datetime) -> int:
    """How many people these controls would ask again, each counted once."""
    with connection.cursor() as cursor:
        cursor.execute(PEOPLE, _params(version, keys, now=now))
        return int(cursor.fetchone()[0])


def mark(version: ConsentFormVersion, keys: Collection[str], *, until: datetime, now: datetime) -> int:
    """Note whose "yes" is outgrown, inside the publication; returns of how many people. One statement."""
    params = _params(version, keys, now=now) | {
        "version": version.pk,
        "until": until,
    }
    with connection.cursor() as cursor:
        cursor.execute(MARK, params)
        return int(cursor.fetchone()[0])


def mark_late(*, now: datetime) -> int:
    """Note whose "yes" was outgrown already when it was given or confirmed; returns of how many answers.

    In a sweep, so that no capture pays for it. Their day is the one that the publication named, even if it has passed:
    the old words are what was agreed to. They are taken all the same, because a "no" among them must not be lost.
    """
    with connection.cursor() as cursor:
        cursor.execute(MARK_LATE, {"now": now})
        return int(cursor.rowcount)


def carry(pairs: Mapping[UUID, UUID], subject: UUID) -> None:
    """What was decided about an answer holds for its copy under another record of the same person (office/merging.py).

    `pairs` is the copy of each answer. Without this a merge would settle an open mark, and remind of the copy again.
    """
    marks = list(ConsentRenewal.objects.filter(event__in=pairs, ended_at=None))
    reminded = list(ConsentReminder.objects.filter(event__in=pairs))
    rows: list[ConsentRenewal | ConsentReminder] = [*marks, *reminded]
    for row in rows:
        row.pk, row.uuid, row.subject, row.event = None, uuid4(), subject, pairs[row.event]
    ConsentRenewal.objects.bulk_create(marks)
    ConsentReminder.objects.bulk_create(reminded)


def end_due(*, now: datetime, limit: int = 500) -> int:
    """End what was outgrown and not given anew by its day, a person at a time; returns of how many people."""
    due = ConsentRenewal.objects.filter(ended_at=None, until__lte=now).order_by("until", "id")
    subjects = dict.fromkeys(due.values_list("subject", flat=True)[:limit])
    return sum(_end(subject, now=now) for subject in subjects)


@transaction.atomic
def _end(subject: UUID, *, now: datetime) -> bool:
    due = ConsentRenewal.objects.filter(subject=subject, ended_at=None, until__lte=now)
    marked = list(due.select_for_update().select_related("purpose"))
    person = DataSubject.objects.filter(uuid=subject).first()
    held = person is not None and hold(person)
    standing = ConsentState.objects.filter(event__in=[row.event for row in marked], status__in=YES) if held else []
    outgrown: dict[Purpose, list[ConsentState]] = defaultdict(list)
    purposes = {row.purpose_id: row.purpose for row in marked}
    for state in standing:
        outgrown[purposes[state.purpose_id]].append(state)
    for purpose, states in outgrown.items():
        endings.close(subject, purpose, states, kind="consent.ended", actor=ACTOR, now=now, status=Status.INVALIDATED)
    due.update(ended_at=now)
    return bool(outgrown)


def _params(version: ConsentFormVersion, keys: Collection[str], *, now: datetime) -> dict[str, Any]:
    chosen = [control for control in version.controls if control["key"] in keys]
    return {
        "form": version.form_id,
        "locale": version.locale,
        "purposes": [control["purpose"] for control in chosen],
        "channels": [control["channel"] for control in chosen],
        "now": now,
    }
