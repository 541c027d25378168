from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("requests", "0002_general_messages")]

    operations = [
        migrations.AddField("rightsrequest", "external_reference", models.CharField(blank=True, max_length=60)),
        migrations.AddIndex(
            "rightsrequest",
            models.Index(
                "external_reference",
                condition=models.Q(("external_reference", ""), _negated=True),
                name="requests_external",
            ),
        ),
    ]
