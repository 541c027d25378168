"""Letters whose notice was posted before it was written down how they were given."""

from django.db import migrations
from django.db.models import F
from django.db.models.functions import TruncDate


def give(apps, schema_editor):
    letters = apps.get_model("requests", "Letter").objects.filter(sent_at__isnull=False, given_on=None)
    letters.update(given_by="email", given_on=TruncDate(F("sent_at")))


class Migration(migrations.Migration):
    dependencies = [("requests", "0005_letters_given_and_drafted")]
    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
