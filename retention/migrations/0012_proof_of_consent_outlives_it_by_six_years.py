from typing import Any

from django.db import migrations

BEFORE = "Proof of consent while a complaint about it is likely (Art 7(1) UK GDPR)."
AFTER = (
    "Proof of consent for as long as a claim about it can be brought: for its life and six years after it (Art 7(1)"
    " UK GDPR, Limitation Act 1980 s.9). What does not prove it may go earlier, by a rule for its category."
)
SLUGS = ("newsletter-profiles", "partner-profiles", "survey-answers")


def correct_drafts(apps: Any, schema_editor: Any) -> None:
    """Drafts that are as they were offered. A rule in force is frozen: somebody writes its next version."""
    drafts = apps.get_model("retention", "RetentionRule").objects.filter(status="draft", slug__in=SLUGS)
    as_offered = drafts.filter(trigger="consent_ended", period="P24M", legal_reason=BEFORE)
    as_offered.update(period="P6Y", legal_reason=AFTER)


class Migration(migrations.Migration):
    dependencies = [("retention", "0011_holds_change_hands_and_rows_are_reviewed")]

    operations = [migrations.RunPython(correct_drafts, migrations.RunPython.noop)]
