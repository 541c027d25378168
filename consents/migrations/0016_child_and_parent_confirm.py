from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("consents", "0015_states_of_consents_are_valid")]

    operations = [
        migrations.AddField(
            model_name="pendingconsent",
            name="own_token_hash",
            field=models.BinaryField(help_text="Of the link to the child's own mailbox.", null=True, unique=True),
        ),
        migrations.AddField(
            model_name="pendingconsent", name="parent_at", field=models.DateTimeField(null=True)
        ),
        migrations.AddField(model_name="pendingconsent", name="own_at", field=models.DateTimeField(null=True)),
    ]
