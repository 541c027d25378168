import django.contrib.postgres.fields
from django.db import migrations, models


def several(length):
    field = models.CharField(max_length=length)
    return django.contrib.postgres.fields.ArrayField(base_field=field, blank=True, default=list, size=None)


class Migration(migrations.Migration):
    dependencies = [
        ("processing", "0001_squashed_0003_recipients_can_be_reached"),
        ("retention", "0018_what_is_to_erase_elsewhere_by_person"),
    ]

    operations = [
        migrations.AddField(
            "legalhold",
            "categories",
            models.ManyToManyField(blank=True, related_name="+", to="processing.datacategory"),
        ),
        migrations.AddField("legalhold", "roles", several(20)),
        migrations.AddField("legalhold", "sources", several(16)),
        migrations.AddField("legalhold", "jurisdictions", several(2)),
    ]
