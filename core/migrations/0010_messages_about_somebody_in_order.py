from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0009_codes_are_checked_by_one_pattern")]

    operations = [
        migrations.RemoveIndex(model_name="outbox", name="core_outbox_about"),
        migrations.AddIndex(
            model_name="outbox",
            index=models.Index("about", "id", name="core_outbox_about", condition=models.Q(("about__isnull", False))),
        ),
    ]
