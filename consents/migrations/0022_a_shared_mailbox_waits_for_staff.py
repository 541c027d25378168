from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('consents', '0021_lifted_noes_are_found'),
    ]

    operations = [
        migrations.AddField(
            model_name='pendingconsent',
            name='shared_at',
            field=models.DateTimeField(help_text='When the button was first pressed in a mailbox that several people have: for staff.', null=True),
        ),
    ]
