from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('consents', '0022_a_shared_mailbox_waits_for_staff'),
    ]

    operations = [
        migrations.AddField(
            model_name='pendingconsent',
            name='choices',
            field=models.JSONField(default=dict),
        ),
    ]
