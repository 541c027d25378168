"""Everything up to here in one step, for a new database: an old one has the steps that it replaces."""

import django.contrib.postgres.fields
import django.db.models.deletion
import uuid
from core.migrating import Tables
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('inbox', '0001_initial'), ('inbox', '0002_day_of_the_first_writer')]

    initial = True

    dependencies = [
        ('breaches', '0001_initial'),
        ('requests', '0001_squashed_0019_a_duplicate_points_at_the_first'),
    ]

    operations = [
        Tables(
            operations=[
                migrations.CreateModel(
                    name='Poll',
                    fields=[
                        ('name', models.CharField(max_length=20, primary_key=True, serialize=False)),
                        ('lease', models.UUIDField(null=True)),
                        ('leased_until', models.DateTimeField(null=True)),
                        ('tried_at', models.DateTimeField(null=True)),
                        ('done_at', models.DateTimeField(null=True)),
                        ('error', models.CharField(blank=True, help_text='The kind of the last failure, never its text.', max_length=100)),
                    ],
                ),
                migrations.CreateModel(
                    name='Mail',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('schema_version', models.PositiveSmallIntegerField(default=1)),
                        ('box', models.CharField(choices=[('inbox', 'Inbox'), ('junk', 'Junk folder')], max_length=5)),
                        ('fingerprint', models.BinaryField(unique=True)),
                        ('arrived_at', models.DateTimeField(help_text='When the server received it. Time runs from here.')),
                        ('taken_at', models.DateTimeField()),
                        ('size', models.PositiveBigIntegerField()),
                        ('is_partial', models.BooleanField(default=False, help_text='Too large: only its beginning was fetched.')),
                        ('automatic', models.CharField(blank=True, choices=[('bounce', 'delivery report'), ('auto-reply', 'automatic reply'), ('generated', 'sent by a machine'), ('bulk', 'sent to many'), ('own', 'sent by ourselves')], max_length=10)),
                        ('is_forwarded', models.BooleanField(default=False)),
                        ('written_on', models.DateField(null=True)),
                        ('suggested', models.CharField(choices=[('rights', 'Rights request'), ('complaint', 'Complaint'), ('withdrawal', 'Consent withdrawn, or no more marketing'), ('query', 'Question about privacy'), ('authority', 'Regulator, police or solicitor'), ('breach', 'Breach notice from a processor'), ('processor', 'We are only the processor'), ('not-ours', 'Not ours'), ('spam', 'Spam'), ('reply', 'About a case we have'), ('bounce', 'Could not be delivered'), ('automatic', 'Automatic reply'), ('own', 'Our own note')], max_length=10)),
                        ('rights', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('access', 'Get a copy of your data'), ('rectification', 'Have your data corrected'), ('erasure', 'Have your data deleted'), ('restriction', 'Limit how your data is used'), ('portability', 'Take your data elsewhere'), ('objection', 'Object to how your data is used'), ('withdrawal', 'Withdraw a consent'), ('adm_review', 'Have an automated decision reviewed'), ('general', 'Look into what you wrote')], max_length=16), default=list, size=None)),
                        ('reasons', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=30), default=list, help_text='Codes of inbox/rules.py.', size=None)),
                        ('state', models.CharField(choices=[('new', 'To be sorted'), ('waiting', 'To be read'), ('tray', 'In the tray'), ('done', 'Done')], default='new', max_length=8)),
                        ('kind', models.CharField(blank=True, choices=[('rights', 'Rights request'), ('complaint', 'Complaint'), ('withdrawal', 'Consent withdrawn, or no more marketing'), ('query', 'Question about privacy'), ('authority', 'Regulator, police or solicitor'), ('breach', 'Breach notice from a processor'), ('processor', 'We are only the processor'), ('not-ours', 'Not ours'), ('spam', 'Spam'), ('reply', 'About a case we have'), ('bounce', 'Could not be delivered'), ('automatic', 'Automatic reply'), ('own', 'Our own note')], max_length=10)),
                        ('settled_at', models.DateTimeField(null=True)),
                        ('settled_by', models.CharField(blank=True, max_length=60)),
                        ('raw', models.BinaryField(null=True)),
                        ('digest', models.BinaryField(null=True)),
                        ('holder', models.CharField(default='mail', max_length=12)),
                        ('holder_id', models.UUIDField()),
                        ('bounced', models.UUIDField(null=True)),
                        ('breach', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='mails', to='breaches.breach')),
                        ('case', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='mails', to='requests.casefile')),
                        ('complaint', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='mails', to='requests.complaint')),
                    ],
                    options={
                        'verbose_name_plural': 'mail',
                        'indexes': [models.Index(models.F('state'), models.F('box'), models.F('id'), condition=models.Q(('state', 'done'), _negated=True), name='inbox_mail_open'), models.Index(fields=['state', '-id'], name='inbox_mail_by_state'), models.Index(models.F('settled_at'), condition=models.Q(('raw__isnull', False)), name='inbox_mail_settled')],
                        'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['new', 'waiting', 'tray', 'done'])), name='inbox_mail_state_known'), models.CheckConstraint(condition=models.Q(('kind__in', ['', 'rights', 'complaint', 'withdrawal', 'query', 'authority', 'breach', 'processor', 'not-ours', 'spam', 'reply', 'bounce', 'automatic', 'own'])), name='inbox_mail_kind_known'), models.CheckConstraint(condition=models.Q(('suggested__in', ['rights', 'complaint', 'withdrawal', 'query', 'authority', 'breach', 'processor', 'not-ours', 'spam', 'reply', 'bounce', 'automatic', 'own'])), name='inbox_mail_suggestion_known'), models.CheckConstraint(condition=models.Q(('holder__in', ['mail', 'case', 'breach'])), name='inbox_mail_holder_known'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'done'), _negated=True), models.Q(('settled_at__isnull', False), models.Q(('kind', ''), _negated=True)), _connector='OR'), name='inbox_mail_done_is_settled'), models.CheckConstraint(condition=models.Q(('state', 'done'), ('raw__isnull', False), models.Q(('holder', 'mail'), _negated=True), _connector='OR'), name='inbox_mail_open_is_kept')],
                    },
                ),
                migrations.CreateModel(
                    name='Location',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('place', models.CharField(help_text='A hash of account and folder.', max_length=64)),
                        ('uid_validity', models.BigIntegerField()),
                        ('uid', models.BigIntegerField()),
                        ('mail', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='locations', to='inbox.mail')),
                    ],
                    options={
                        'constraints': [models.UniqueConstraint(fields=('place', 'uid_validity', 'uid'), name='inbox_location_is_unique')],
                    },
                ),
            ],
        ),
    ]
