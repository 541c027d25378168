"""What somebody else collected counts for a few months from the day it was given: also what stands already.

Events are never changed, so each has another one behind it, a microsecond later and under the same evidence, and the
state follows. Nothing ends before this moment: what was done on it until now was lawful, and no evidence may say
otherwise. Nor is there an entry of its own: nobody has ended anything, and the night after its day the end is recorded
like any other.
"""

from django.conf import settings
from django.db import migrations

SHORTEN = """
WITH longer AS (
    SELECT said.*, greatest(said.effective_at + make_interval(months => %s), now()) AS until
    FROM consents_consentstate state JOIN consents_consentevent said ON said.uuid = state.event
    WHERE state.status = 'given'
      AND state.valid_until > greatest(said.effective_at + make_interval(months => %s), now())
      AND EXISTS (SELECT FROM consents_consentevent told WHERE told.consent = said.consent
                  AND told.subject = said.subject AND told.origin = 'third_party')
), shorter AS (
    INSERT INTO consents_consentevent (uuid, schema_version, consent, subject, purpose, channel, status, effective_at,
        valid_until, recorded_at, form_version, origin, collected_by, actor, proof, entry)
    SELECT gen_random_uuid(), schema_version, consent, subject, purpose, channel, status,
        effective_at + interval '1 microsecond', until, now(), form_version, origin, 'system', 'system:upgrade', proof, entry
    FROM longer
    RETURNING uuid, subject, purpose, channel, effective_at, valid_until
)
UPDATE consents_consentstate state
SET event = shorter.uuid, effective_at = shorter.effective_at, valid_until = shorter.valid_until
FROM shorter JOIN processing_purpose purpose ON purpose.uuid = shorter.purpose
WHERE state.subject = shorter.subject AND state.purpose_id = purpose.id AND state.channel = shorter.channel
"""


def shorten(apps, schema_editor):
    months = settings.CONSENT_INDIRECT_MONTHS
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(SHORTEN, [months, months])


class Migration(migrations.Migration):
    dependencies = [("consents", "0011_children_come_of_age")]

    operations = [migrations.RunPython(shorten, migrations.RunPython.noop)]
