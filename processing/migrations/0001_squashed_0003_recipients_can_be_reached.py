"""Everything up to here in one step, for a new database: an old one has the steps that it replaces."""

import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from core.migrating import Tables
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('processing', '0001_initial'), ('processing', '0002_decision_systems'), ('processing', '0003_recipients_can_be_reached')]

    initial = True

    dependencies = [
    ]

    operations = [
        Tables(
            operations=[
                migrations.CreateModel(
                    name='ProcessingActivity',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('slug', models.SlugField(unique=True)),
                        ('title', models.CharField(max_length=200)),
                        ('owner', models.CharField(help_text="The role that answers for it, not a person's name.", max_length=100)),
                        ('security', models.TextField(help_text='Technical and organisational measures in general terms.')),
                    ],
                    options={
                        'verbose_name_plural': 'processing activities',
                    },
                ),
                migrations.CreateModel(
                    name='System',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('slug', models.SlugField(unique=True)),
                        ('name', models.CharField(max_length=100)),
                        ('connector', models.CharField(choices=[('builtin', 'This database'), ('manual', 'A person looks and answers')], default='manual', max_length=10)),
                        ('description', models.TextField(blank=True)),
                        ('location', models.CharField(default='GB', max_length=2)),
                    ],
                ),
                migrations.CreateModel(
                    name='DataCategory',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('slug', models.SlugField(unique=True)),
                        ('label', models.CharField(max_length=100)),
                        ('description', models.TextField(blank=True)),
                    ],
                    options={
                        'verbose_name_plural': 'data categories',
                        'constraints': [models.CheckConstraint(condition=models.Q(('slug__in', ['health', 'racial-origin', 'ethnic-origin', 'political-opinions', 'religion', 'philosophical-beliefs', 'trade-union', 'genetic', 'biometric', 'sex-life', 'sexual-orientation', 'criminal-offences', 'national-insurance-number', 'passport-number']), _negated=True), name='processing_category_is_not_special')],
                    },
                ),
                migrations.CreateModel(
                    name='Purpose',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('slug', models.SlugField(unique=True)),
                        ('activity', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='purposes', to='processing.processingactivity')),
                    ],
                ),
                migrations.CreateModel(
                    name='PurposeVersion',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('number', models.PositiveSmallIntegerField()),
                        ('status', models.CharField(choices=[('draft', 'Draft'), ('live', 'Live'), ('suspended', 'Suspended'), ('retired', 'Retired')], default='draft', max_length=10)),
                        ('title', models.CharField(help_text='For the person, in plain words.', max_length=200)),
                        ('description', models.TextField(help_text='For the person, in plain words.')),
                        ('basis', models.CharField(choices=[('a', 'Consent'), ('b', 'Contract'), ('c', 'Legal obligation'), ('d', 'Vital interests'), ('e', 'Public task'), ('ea', 'Recognised legitimate interest'), ('f', 'Legitimate interests')], max_length=2)),
                        ('interests', models.TextField(blank=True, help_text='The legitimate interests pursued (Art 13(1)(d)).')),
                        ('art9_condition', models.CharField(blank=True, editable=False, max_length=20)),
                        ('subject_categories', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), size=None)),
                        ('sources', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('in_person', 'From you, in person'), ('correspondence', 'From you, in correspondence'), ('phone', 'From you, by phone'), ('social_media', 'Social media'), ('website', 'From you, on our websites'), ('product', 'Your use of our products and services'), ('third_party', 'A third party that can show that it may share them'), ('public_source', 'A public source')], max_length=20), size=None)),
                        ('direct_marketing', models.BooleanField(default=False)),
                        ('channels', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('email', 'E-mail'), ('phone', 'Telephone'), ('sms', 'Text message'), ('post', 'Post')], max_length=10), blank=True, default=list, size=None)),
                        ('is_service_message', models.BooleanField(default=False)),
                        ('retention_summary', models.CharField(help_text='How long, in plain words (Art 13(2)(a)).', max_length=200)),
                        ('effective_from', models.DateTimeField(editable=False, null=True)),
                        ('effective_to', models.DateTimeField(editable=False, null=True)),
                        ('purpose', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='processing.purpose')),
                        ('categories', models.ManyToManyField(related_name='purpose_versions', through='processing.VersionCategory', to='processing.datacategory')),
                        ('recipients', models.ManyToManyField(blank=True, related_name='purpose_versions', through='processing.VersionRecipient', to='processing.recipient')),
                        ('systems', models.ManyToManyField(related_name='purpose_versions', through='processing.VersionSystem', to='processing.system')),
                    ],
                    options={
                        'constraints': [models.UniqueConstraint(fields=('purpose', 'number'), name='processing_purposeversion_numbered_once'), models.UniqueConstraint(condition=models.Q(('status', 'live')), fields=('purpose',), name='processing_purposeversion_one_live'), models.CheckConstraint(condition=models.Q(('basis__in', ['a', 'b', 'c', 'd', 'e', 'ea', 'f'])), name='processing_purposeversion_basis_known'), models.CheckConstraint(condition=models.Q(('art9_condition', '')), name='processing_special_categories_are_refused'), models.CheckConstraint(condition=models.Q(('direct_marketing', False), ('basis__in', ['a', 'f']), _connector='OR'), name='processing_marketing_needs_consent_or_interest'), models.CheckConstraint(condition=models.Q(('status', 'draft'), ('effective_from__isnull', False), _connector='OR'), name='processing_purposeversion_published_has_date'), models.CheckConstraint(condition=models.Q(('effective_to', None), ('effective_to__gte', models.F('effective_from')), _connector='OR'), name='processing_purposeversion_ends_after_start')],
                    },
                ),
                migrations.CreateModel(
                    name='Recipient',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('slug', models.SlugField(unique=True)),
                        ('name', models.CharField(max_length=200)),
                        ('role', models.CharField(choices=[('processor', 'Processor'), ('controller', 'Controller'), ('joint_controller', 'Joint controller'), ('authority', 'Public authority')], max_length=16)),
                        ('ground', models.CharField(choices=[('consent', 'Only with your consent'), ('instruction', 'Only on our instructions, under a contract'), ('required_by_law', 'Only where a law or a court requires it, or to defend our legal rights'), ('professional_advice', 'Only what their professional services to us need')], default='consent', max_length=20)),
                        ('contract', models.CharField(blank=True, max_length=200)),
                        ('country', models.CharField(default='GB', max_length=2)),
                        ('transfer_mechanism', models.CharField(blank=True, max_length=60)),
                        ('notify', models.CharField(blank=True, help_text='How to tell them of a correction or erasure.', max_length=200)),
                        ('address', models.CharField(blank=True, help_text='Where letters reach them, on one line.', max_length=300)),
                        ('contact', models.EmailField(blank=True, help_text="For people's questions about their data: a role's mailbox.", max_length=254)),
                    ],
                    options={
                        'constraints': [models.CheckConstraint(condition=models.Q(('country', 'GB'), models.Q(('transfer_mechanism', ''), _negated=True), _connector='OR'), name='processing_recipient_abroad_has_mechanism')],
                    },
                ),
                migrations.CreateModel(
                    name='VersionCategory',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('category', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='processing.datacategory')),
                        ('version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='processing.purposeversion')),
                    ],
                    options={
                        'constraints': [models.UniqueConstraint(fields=('version', 'category'), name='processing_category_once')],
                    },
                ),
                migrations.CreateModel(
                    name='VersionRecipient',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('recipient', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='processing.recipient')),
                        ('version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='processing.purposeversion')),
                    ],
                    options={
                        'constraints': [models.UniqueConstraint(fields=('version', 'recipient'), name='processing_recipient_once')],
                    },
                ),
                migrations.CreateModel(
                    name='VersionSystem',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('system', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='processing.system')),
                        ('version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='processing.purposeversion')),
                    ],
                    options={
                        'constraints': [models.UniqueConstraint(fields=('version', 'system'), name='processing_system_once')],
                    },
                ),
                migrations.CreateModel(
                    name='DecisionSystem',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('slug', models.SlugField(unique=True)),
                        ('name', models.CharField(help_text='For the person: what is decided, in plain words.', max_length=200)),
                        ('logic', models.TextField(help_text='For the person: what goes into the decision, and how it is made.')),
                        ('consequences', models.TextField(help_text='For the person: what the decision means for them.')),
                        ('by_computer_alone', models.BooleanField(default=False, help_text='No person takes a meaningful part before the decision has its effect.')),
                        ('human_involvement', models.TextField(blank=True, help_text='Who looks at it, what they see, and that they may decide otherwise. It is evidence.')),
                        ('in_use', models.BooleanField(default=True)),
                        ('purpose', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='decision_systems', to='processing.purpose')),
                    ],
                    options={
                        'constraints': [models.CheckConstraint(condition=models.Q(('by_computer_alone', True), models.Q(('human_involvement', ''), _negated=True), _connector='OR'), name='processing_decisionsystem_says_who_is_involved')],
                    },
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='decisionsystem',
                    trigger=pgtrigger.compiler.Trigger(name='never_on_recognised_interest', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.by_computer_alone AND NEW.in_use AND EXISTS (SELECT FROM processing_purposeversion WHERE purpose_id = NEW.purpose_id AND status = 'live' AND basis = 'ea') THEN RAISE EXCEPTION 'no automated decision rests on a recognised legitimate interest'; END IF; RETURN NEW;", hash='d664290633f52534ca300e37fa9196f1d97612b5', operation='INSERT OR UPDATE', pgid='pgtrigger_never_on_recognised_interest_a9889', table='processing_decisionsystem', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='versioncategory',
                    trigger=pgtrigger.compiler.Trigger(name='frozen_with_version', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF EXISTS (SELECT FROM processing_purposeversion WHERE status <> 'draft' AND id IN (CASE WHEN TG_OP = 'DELETE' THEN OLD.version_id ELSE NEW.version_id END, CASE WHEN TG_OP = 'INSERT' THEN NEW.version_id ELSE OLD.version_id END)) THEN RAISE EXCEPTION 'a published purpose version is frozen'; END IF; IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;", hash='52f8a669c1cd717c03350c2019d0b401755dfc96', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_frozen_with_version_6b972', table='processing_versioncategory', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='versionrecipient',
                    trigger=pgtrigger.compiler.Trigger(name='frozen_with_version', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF EXISTS (SELECT FROM processing_purposeversion WHERE status <> 'draft' AND id IN (CASE WHEN TG_OP = 'DELETE' THEN OLD.version_id ELSE NEW.version_id END, CASE WHEN TG_OP = 'INSERT' THEN NEW.version_id ELSE OLD.version_id END)) THEN RAISE EXCEPTION 'a published purpose version is frozen'; END IF; IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;", hash='b538b7c84c3f0b3367d1fb73785372815bc2b261', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_frozen_with_version_3e460', table='processing_versionrecipient', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='versionsystem',
                    trigger=pgtrigger.compiler.Trigger(name='frozen_with_version', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF EXISTS (SELECT FROM processing_purposeversion WHERE status <> 'draft' AND id IN (CASE WHEN TG_OP = 'DELETE' THEN OLD.version_id ELSE NEW.version_id END, CASE WHEN TG_OP = 'INSERT' THEN NEW.version_id ELSE OLD.version_id END)) THEN RAISE EXCEPTION 'a published purpose version is frozen'; END IF; IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;", hash='d21da9b389308a19c948b13cb384cc49bea333c2', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_frozen_with_version_ad5fd', table='processing_versionsystem', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='purposeversion',
                    trigger=pgtrigger.compiler.Trigger(name='published_is_frozen', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (OLD.status <> 'draft' AND (to_jsonb(NEW) - 'status' - 'effective_to') IS DISTINCT FROM (to_jsonb(OLD) - 'status' - 'effective_to'))", func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='131340ba8ec54b4d4950d0b2506be6db2db0408c', operation='UPDATE', pgid='pgtrigger_published_is_frozen_c6ea8', table='processing_purposeversion', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='purposeversion',
                    trigger=pgtrigger.compiler.Trigger(name='published_is_kept', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (OLD.status <> 'draft')", func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='498065651e044f64ef07340c8a059343ddeafbe2', operation='DELETE', pgid='pgtrigger_published_is_kept_b5776', table='processing_purposeversion', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='purposeversion',
                    trigger=pgtrigger.compiler.Trigger(name='status_moves', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE _is_valid_transition BOOLEAN;', func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{draft:live,live:suspended,suspended:live,live:retired,suspended:retired}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;', hash='69443490de63f8e7da76db584e1a9f787655df37', operation='UPDATE', pgid='pgtrigger_status_moves_05405', table='processing_purposeversion', when='BEFORE')),
                ),
            ],
        ),
    ]
