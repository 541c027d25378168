"""Everything up to here in one step, for a new database: an old one has the steps that it replaces."""

import django.contrib.auth.models
import django.contrib.auth.validators
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
import uuid
from core.migrating import Tables
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('core', '0001_initial'), ('core', '0002_keys_of_imports_and_breaches'), ('core', '0003_heartbeat'), ('core', '0004_keys_of_identity_evidence'), ('core', '0005_keys_of_mail'), ('core', '0006_outbox_carries_transfers'), ('core', '0007_index_of_dead_messages'), ('core', '0008_keys_of_webhooks'), ('core', '0009_codes_are_checked_by_one_pattern'), ('core', '0010_messages_about_somebody_in_order'), ('core', '0011_keys_that_are_one_systems')]

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        Tables(
            operations=[
                migrations.CreateModel(
                    name='Heartbeat',
                    fields=[
                        ('name', models.CharField(max_length=20, primary_key=True, serialize=False)),
                        ('at', models.DateTimeField()),
                    ],
                ),
                migrations.CreateModel(
                    name='User',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('password', models.CharField(max_length=128, verbose_name='password')),
                        ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                        ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                        ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                        ('first_name', models.CharField(blank=True, max_length=150, verbose_name='first name')),
                        ('last_name', models.CharField(blank=True, max_length=150, verbose_name='last name')),
                        ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                        ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                        ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                        ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                        ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
                    ],
                    options={
                        'verbose_name': 'user',
                        'verbose_name_plural': 'users',
                        'abstract': False,
                    },
                    managers=[
                        ('objects', django.contrib.auth.models.UserManager()),
                    ],
                ),
                migrations.CreateModel(
                    name='ApiKey',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('name', models.CharField(max_length=100)),
                        ('kind', models.CharField(choices=[('secret', 'secret, for servers'), ('publishable', 'publishable, for browsers')], default='secret', max_length=12)),
                        ('prefix', models.CharField(editable=False, max_length=12, unique=True)),
                        ('digest', models.BinaryField()),
                        ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), default=list, size=None)),
                        ('origins', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, default=list, size=None)),
                        ('system', models.CharField(blank=True, db_default='', default='', max_length=50)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('expires_at', models.DateTimeField(blank=True, null=True)),
                        ('revoked_at', models.DateTimeField(blank=True, editable=False, null=True)),
                        ('last_used_at', models.DateTimeField(blank=True, editable=False, null=True)),
                    ],
                    options={
                        'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['secret', 'publishable'])), name='core_apikey_kind_known')],
                    },
                ),
                migrations.CreateModel(
                    name='BankHoliday',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('date', models.DateField()),
                        ('division', models.CharField(max_length=30)),
                        ('title', models.CharField(max_length=100)),
                        ('source', models.CharField(max_length=60)),
                    ],
                    options={
                        'constraints': [models.UniqueConstraint(fields=('division', 'date'), name='core_bankholiday_once_a_day')],
                    },
                ),
                migrations.CreateModel(
                    name='Controller',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('name', models.CharField(max_length=200)),
                        ('address', models.TextField()),
                        ('website', models.URLField(blank=True)),
                        ('dpo_contact', models.EmailField(max_length=254)),
                        ('phone', models.CharField(blank=True, max_length=40)),
                        ('regulator_name', models.CharField(default="Information Commissioner's Office", max_length=200)),
                        ('regulator_url', models.URLField(default='https://ico.org.uk/make-a-complaint/')),
                        ('regulator_address', models.TextField(blank=True)),
                        ('jurisdiction', models.CharField(default='UK', max_length=2)),
                        ('division', models.CharField(default='england-and-wales', max_length=30)),
                        ('time_zone', models.CharField(default='Europe/London', max_length=50)),
                        ('languages', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=10), default=list, size=None)),
                        ('backup_days', models.PositiveSmallIntegerField(default=35, help_text='After how many days the last backup that may contain an erased person expires.')),
                    ],
                    options={
                        'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='core_controller_is_one')],
                    },
                ),
                migrations.CreateModel(
                    name='DataKey',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('owner', models.CharField(choices=[('item', 'personal data item'), ('identifier', 'identifier'), ('consent', 'consent proof'), ('case', 'case file'), ('outbox', 'outgoing message'), ('relationship', 'relationship'), ('import', 'rows of a file being imported'), ('breach', 'breach'), ('identity', 'evidence of identity'), ('mail', 'message in the privacy mailbox'), ('webhook', 'webhook'), ('share', 'what another system has to erase')], max_length=12)),
                        ('owner_id', models.UUIDField()),
                        ('master_key', models.CharField(max_length=16)),
                        ('wrapped', models.BinaryField()),
                    ],
                    options={
                        'constraints': [models.UniqueConstraint(fields=('owner_id', 'owner'), name='core_datakey_one_per_owner'), models.CheckConstraint(condition=models.Q(('owner__regex', '^(item|identifier|consent|case|outbox|relationship|import|breach|identity|mail|webhook|share)$')), name='core_datakey_owner_known')],
                    },
                ),
                migrations.CreateModel(
                    name='Outbox',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('schema_version', models.PositiveSmallIntegerField(default=1)),
                        ('kind', models.CharField(choices=[('mail', 'e-mail'), ('journal', 'erasure journal'), ('webhook', 'webhook'), ('transfer', 'data for another controller')], max_length=10)),
                        ('about', models.UUIDField(help_text='The case, person or consent this message concerns.', null=True)),
                        ('payload', models.BinaryField(null=True)),
                        ('created_at', models.DateTimeField()),
                        ('due_at', models.DateTimeField()),
                        ('attempts', models.PositiveSmallIntegerField(default=0)),
                        ('lease', models.UUIDField(null=True)),
                        ('leased_until', models.DateTimeField(null=True)),
                        ('sent_at', models.DateTimeField(null=True)),
                        ('dead_at', models.DateTimeField(null=True)),
                        ('error', models.CharField(blank=True, help_text='The kind of the last failure, never its text.', max_length=100)),
                    ],
                    options={
                        'verbose_name_plural': 'outbox',
                        'indexes': [models.Index(models.F('due_at'), condition=models.Q(('dead_at', None), ('sent_at', None)), name='core_outbox_due'), models.Index(models.F('dead_at'), condition=models.Q(('dead_at__isnull', False)), name='core_outbox_dead'), models.Index(models.F('about'), models.F('id'), condition=models.Q(('about__isnull', False)), name='core_outbox_about')],
                    },
                ),
                migrations.CreateModel(
                    name='RuleSet',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('jurisdiction', models.CharField(max_length=2)),
                        ('slug', models.SlugField(unique=True)),
                        ('effective_from', models.DateField()),
                        ('effective_to', models.DateField(blank=True, null=True)),
                        ('params', models.JSONField()),
                        ('source', models.TextField()),
                    ],
                    options={
                        'constraints': [models.UniqueConstraint(fields=('jurisdiction', 'effective_from'), name='core_ruleset_one_from_each_date'), models.CheckConstraint(condition=models.Q(('effective_to', None), ('effective_to__gt', models.F('effective_from')), _connector='OR'), name='core_ruleset_ends_after_it_starts')],
                    },
                ),
                migrations.CreateModel(
                    name='Idempotency',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('method', models.CharField(max_length=8)),
                        ('path', models.CharField(max_length=200)),
                        ('key', models.CharField(max_length=255)),
                        ('body_mac', models.BinaryField()),
                        ('object_id', models.UUIDField()),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), db_index=True)),
                        ('api_key', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='core.apikey')),
                    ],
                    options={
                        'constraints': [models.UniqueConstraint(fields=('api_key', 'method', 'path', 'key'), name='core_idempotency_key_is_unique')],
                    },
                ),
            ],
        ),
    ]
