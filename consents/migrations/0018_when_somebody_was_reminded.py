from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("consents", "0017_answers_wait_unseen")]

    operations = [
        migrations.AddField(
            model_name="consentreminder", name="told_at", field=models.DateTimeField(null=True)
        )
    ]
