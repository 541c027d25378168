from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('consents', '0023_what_an_unseen_answer_chose_is_told_again'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='pendingconsent',
            index=models.Index(models.F('shared_at'), condition=models.Q(('shared_at__isnull', False)), name='consents_pending_shared'),
        ),
    ]
