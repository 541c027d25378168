"""Looks at every row for 0013, in a transaction of its own: reading and writing go on meanwhile."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("consents", "0014_asked_again_later")]

    operations = [
        ValidateConstraint(model_name="consentevent", name="consents_event_status_known"),
        ValidateConstraint(model_name="consentstate", name="consents_state_status_known"),
    ]
