from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("retention", "0020_records_name_their_purpose")]

    operations = [
        migrations.AddField(
            "journalmark",
            "replay",
            models.JSONField(help_text="The replay under way: how far it came, and what it did.", null=True),
        ),
    ]
