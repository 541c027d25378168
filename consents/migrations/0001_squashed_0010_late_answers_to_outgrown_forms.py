"""Everything up to here in one step, for a new database: an old one has the steps that it replaces."""

import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from core.migrating import Tables
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('consents', '0001_initial'), ('consents', '0002_reviews_of_assessments'), ('consents', '0003_pending_consents'), ('consents', '0004_changes_of_forms_and_evidence_of_consents'), ('consents', '0005_imports_and_webhooks'), ('consents', '0006_pauses_codes_and_health_of_webhooks'), ('consents', '0007_reminders_and_networks'), ('consents', '0008_assessments_in_parts'), ('consents', '0009_codes_are_checked_by_one_pattern'), ('consents', '0010_late_answers_to_outgrown_forms')]

    initial = True

    dependencies = [
        ('processing', '0001_squashed_0003_recipients_can_be_reached'),
    ]

    operations = [
        Tables(
            operations=[
                migrations.CreateModel(
                    name='ConsentEvidence',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('consent', models.UUIDField(db_index=True)),
                        ('kind', models.CharField(choices=[('paper', 'Paper'), ('phone', 'Phone'), ('in_person', 'In Person'), ('third_party', 'Third Party')], max_length=12)),
                        ('note', models.BinaryField()),
                        ('name', models.BinaryField(null=True)),
                        ('sealed', models.BinaryField(null=True)),
                        ('media_type', models.CharField(blank=True, max_length=100)),
                        ('size', models.PositiveIntegerField(default=0)),
                        ('added_at', models.DateTimeField()),
                        ('added_by', models.CharField(max_length=60)),
                        ('entry', models.UUIDField(help_text='The ledger entry that proves it.')),
                    ],
                    options={
                        'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('name', None), ('sealed', None)), models.Q(('name__isnull', False), ('sealed__isnull', False)), _connector='OR'), name='consents_evidence_file_has_name'), models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ['paper', 'third_party']), _negated=True), ('sealed__isnull', False), _connector='OR'), name='consents_evidence_of_paper_is_a_file')],
                    },
                ),
                migrations.CreateModel(
                    name='ConsentForm',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('slug', models.SlugField(unique=True)),
                        ('double_opt_in', models.BooleanField(default=False)),
                        ('grace_days', models.PositiveSmallIntegerField(default=30)),
                        ('valid_for', models.CharField(default='P24M', help_text='ISO 8601 period; then consent expires.', max_length=20)),
                    ],
                ),
                migrations.CreateModel(
                    name='ConsentFormVersion',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('number', models.PositiveSmallIntegerField()),
                        ('locale', models.CharField(default='en-GB', max_length=10)),
                        ('title', models.CharField(max_length=200)),
                        ('intro', models.TextField(blank=True)),
                        ('controls', models.JSONField()),
                        ('controllers', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), help_text='Every organisation that relies on it.', size=None)),
                        ('notice_version', models.CharField(max_length=20)),
                        ('withdrawal', models.TextField(blank=True)),
                        ('minimum_age', models.PositiveSmallIntegerField(blank=True, help_text='Below it a parent or guardian answers. Empty: not offered to children.', null=True)),
                        ('network_reason', models.CharField(blank=True, help_text='Why the network is kept from which somebody answers, shortened to /24 or /48. Empty: it is not.', max_length=300)),
                        ('declared', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), default=list, help_text='What its author stands for (forms_checklist.py).', size=None)),
                        ('change', models.CharField(blank=True, choices=[('first', 'First version'), ('editorial', 'Editorial: it says the same, better'), ('material', 'Material: it asks for something else')], max_length=10)),
                        ('affected', models.PositiveIntegerField(help_text='How many people are asked again.', null=True)),
                        ('outgrown', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, help_text='The controls whose consent it outgrows.', size=None)),
                        ('outgrown_until', models.DateTimeField(help_text='How long what was agreed to before counts.', null=True)),
                        ('sha256', models.CharField(blank=True, editable=False, max_length=64)),
                        ('published_at', models.DateTimeField(null=True)),
                        ('superseded_at', models.DateTimeField(null=True)),
                        ('form', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='consents.consentform')),
                    ],
                    options={
                        'constraints': [models.UniqueConstraint(fields=('form', 'locale', 'number'), name='consents_formversion_numbered_once'), models.UniqueConstraint(condition=models.Q(('published_at__isnull', False), ('superseded_at', None)), fields=('form', 'locale'), name='consents_formversion_one_current'), models.UniqueConstraint(condition=models.Q(('published_at', None)), fields=('form', 'locale'), name='consents_formversion_one_draft'), models.CheckConstraint(condition=models.Q(('published_at', None), models.Q(('sha256', ''), _negated=True), _connector='OR'), name='consents_formversion_published_is_hashed')],
                    },
                ),
                migrations.CreateModel(
                    name='ConsentImport',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('sha256', models.CharField(max_length=64, unique=True)),
                        ('offset', models.BigIntegerField(default=0)),
                        ('line', models.BigIntegerField(default=0)),
                        ('counts', models.JSONField(default=dict)),
                        ('actor', models.CharField(max_length=60)),
                        ('started_at', models.DateTimeField()),
                        ('finished_at', models.DateTimeField(null=True)),
                    ],
                ),
                migrations.CreateModel(
                    name='ConsentReminder',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('subject', models.UUIDField(db_index=True)),
                        ('channel', models.CharField(blank=True, max_length=10)),
                        ('event', models.UUIDField(help_text='The answer that runs out.', unique=True)),
                        ('until', models.DateTimeField()),
                        ('decided_at', models.DateTimeField()),
                        ('kept_back', models.CharField(blank=True, choices=[('not-allowed', 'Not Allowed'), ('no-address', 'No Address'), ('not-asked-any-more', 'Not Asked Any More'), ('by-guardian', 'By Guardian'), ('outgrown', 'Outgrown')], help_text='Empty: they were written to.', max_length=20)),
                        ('purpose', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='processing.purpose')),
                    ],
                    options={
                        'constraints': [models.CheckConstraint(condition=models.Q(('kept_back__in', ['', 'not-allowed', 'no-address', 'not-asked-any-more', 'by-guardian', 'outgrown'])), name='consents_reminder_reason_known')],
                    },
                ),
                migrations.CreateModel(
                    name='ConsentRenewal',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('subject', models.UUIDField(db_index=True)),
                        ('channel', models.CharField(blank=True, max_length=10)),
                        ('event', models.UUIDField(help_text='The answer that no longer covers what is asked.', unique=True)),
                        ('until', models.DateTimeField()),
                        ('asked_at', models.DateTimeField(null=True)),
                        ('kept_back', models.BooleanField(default=False, help_text='Nobody may write to them, or nobody can.')),
                        ('ended_at', models.DateTimeField(null=True)),
                        ('form_version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='renewals', to='consents.consentformversion')),
                        ('purpose', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='processing.purpose')),
                    ],
                    options={
                        'indexes': [models.Index(models.F('until'), condition=models.Q(('ended_at', None)), name='consents_renewal_due'), models.Index(models.F('id'), condition=models.Q(('asked_at', None), ('ended_at', None), ('kept_back', False)), name='consents_renewal_to_ask')],
                    },
                ),
                migrations.CreateModel(
                    name='ConsentState',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('subject', models.UUIDField()),
                        ('channel', models.CharField(blank=True, max_length=10)),
                        ('status', models.CharField(choices=[('requested', 'Requested'), ('given', 'Given'), ('renewed', 'Renewed'), ('refused', 'Refused'), ('withdrawn', 'Withdrawn'), ('expired', 'Expired'), ('invalidated', 'Invalidated'), ('unknown', 'Unknown')], max_length=12)),
                        ('effective_at', models.DateTimeField()),
                        ('valid_until', models.DateTimeField(null=True)),
                        ('event', models.UUIDField()),
                        ('entry', models.UUIDField()),
                        ('purpose', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='processing.purpose')),
                    ],
                    options={
                        'indexes': [models.Index(models.F('valid_until'), condition=models.Q(('status__in', ['given', 'renewed'])), name='consents_state_expiry')],
                        'constraints': [models.UniqueConstraint(fields=('subject', 'purpose', 'channel'), name='consents_state_is_one'), models.CheckConstraint(condition=models.Q(('status__regex', '^(requested|given|renewed|refused|withdrawn|expired|invalidated|unknown)$')), name='consents_state_status_known')],
                    },
                ),
                migrations.CreateModel(
                    name='ImportFault',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('line', models.BigIntegerField()),
                        ('field', models.CharField(blank=True, max_length=40)),
                        ('reason', models.CharField(max_length=200)),
                        ('job', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='faults', to='consents.consentimport')),
                    ],
                    options={
                        'constraints': [models.UniqueConstraint(fields=('job', 'line', 'field'), name='consents_importfault_once')],
                    },
                ),
                migrations.CreateModel(
                    name='MailboxCheck',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('about', models.UUIDField(help_text='As consents/address_mail.py counts mails by.', unique=True)),
                        ('asked_at', models.DateTimeField(db_index=True)),
                    ],
                ),
                migrations.CreateModel(
                    name='MailboxCode',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('code_mac', models.BinaryField()),
                        ('issued_at', models.DateTimeField()),
                        ('expires_at', models.DateTimeField()),
                        ('attempts', models.PositiveSmallIntegerField(default=0)),
                        ('used_at', models.DateTimeField(null=True)),
                        ('check_of', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='codes', to='consents.mailboxcheck')),
                    ],
                    options={
                        'constraints': [models.CheckConstraint(condition=models.Q(('attempts__lte', 5)), name='consents_code_attempts_bounded')],
                    },
                ),
                migrations.CreateModel(
                    name='Pause',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('schema_version', models.PositiveSmallIntegerField(default=1)),
                        ('hash', models.BinaryField()),
                        ('hash_key', models.CharField(max_length=16)),
                        ('since', models.DateTimeField()),
                        ('until', models.DateTimeField()),
                        ('entry', models.UUIDField(help_text='The ledger entry that proves it.')),
                        ('ended_at', models.DateTimeField(help_text='Ended by the person before its day.', null=True)),
                        ('purpose', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='processing.purpose')),
                    ],
                    options={
                        'indexes': [models.Index(models.F('until'), name='consents_pause_over')],
                        'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('hash', 'purpose'), name='consents_pause_one_open', nulls_distinct=False), models.CheckConstraint(condition=models.Q(('until__gt', models.F('since'))), name='consents_pause_has_a_length')],
                    },
                ),
                migrations.CreateModel(
                    name='PendingConsent',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('form_version', models.BigIntegerField()),
                        ('sealed', models.BinaryField(null=True)),
                        ('blind', models.BinaryField(help_text='Blind index of the address, so that an erasure finds what still waits.')),
                        ('token_hash', models.BinaryField(help_text='Of the link in the mail.', unique=True)),
                        ('actor', models.CharField(max_length=60)),
                        ('collected_by', models.CharField(max_length=20)),
                        ('requested_at', models.DateTimeField()),
                        ('expires_at', models.DateTimeField()),
                        ('confirmed_at', models.DateTimeField(null=True)),
                        ('states', models.JSONField()),
                        ('entry', models.UUIDField(help_text='The ledger entry of the request.')),
                        ('is_test', models.BooleanField(default=False)),
                    ],
                    options={
                        'indexes': [models.Index(models.F('blind'), condition=models.Q(('confirmed_at', None)), name='consents_pending_blind'), models.Index(models.F('requested_at'), name='consents_pending_requested')],
                        'constraints': [models.CheckConstraint(condition=models.Q(('confirmed_at', None), ('sealed', None), _connector='OR'), name='consents_pending_confirmed_is_empty')],
                    },
                ),
                migrations.CreateModel(
                    name='Suppression',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('schema_version', models.PositiveSmallIntegerField(default=1)),
                        ('hash', models.BinaryField()),
                        ('hash_key', models.CharField(max_length=16)),
                        ('channel', models.CharField(blank=True, choices=[('email', 'E-mail'), ('phone', 'Telephone'), ('sms', 'Text message'), ('post', 'Post')], max_length=10)),
                        ('reason', models.CharField(help_text='objection, withdrawal or one_click.', max_length=20)),
                        ('since', models.DateTimeField()),
                        ('entry', models.UUIDField()),
                        ('lifted_at', models.DateTimeField(null=True)),
                        ('lifted_by', models.UUIDField(help_text='The consent event that lifted it.', null=True)),
                        ('purpose', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='processing.purpose')),
                    ],
                    options={
                        'constraints': [models.UniqueConstraint(condition=models.Q(('lifted_at', None)), fields=('hash', 'purpose', 'channel'), name='consents_suppression_one_active', nulls_distinct=False), models.CheckConstraint(condition=models.Q(('lifted_at', None), ('lifted_by__isnull', False), _connector='OR'), name='consents_suppression_lifted_by_a_choice')],
                    },
                ),
                migrations.CreateModel(
                    name='Webhook',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('name', models.CharField(max_length=100, unique=True)),
                        ('url', models.URLField(max_length=500)),
                        ('kinds', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list, size=None)),
                        ('secret', models.BinaryField()),
                        ('former_secret', models.BinaryField(null=True)),
                        ('former_until', models.DateTimeField(null=True)),
                        ('after', models.CharField(blank=True, help_text='The place in the feed up to which it is queued.', max_length=100)),
                        ('created_at', models.DateTimeField()),
                        ('disabled_at', models.DateTimeField(null=True)),
                        ('ended_at', models.DateTimeField(null=True)),
                        ('tried_at', models.DateTimeField(null=True)),
                        ('taken_at', models.DateTimeField(null=True)),
                        ('status', models.PositiveSmallIntegerField(null=True)),
                        ('failures', models.PositiveIntegerField(default=0, help_text='Tries without success since the last one that had it.')),
                    ],
                    options={
                        'constraints': [models.CheckConstraint(condition=models.Q(('taken_at', None), ('tried_at__isnull', False), _connector='OR'), name='consents_webhook_taken_was_tried')],
                    },
                ),
                migrations.CreateModel(
                    name='Assessment',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('purpose', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='processing.purpose')),
                    ],
                ),
                migrations.CreateModel(
                    name='AssessmentVersion',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('number', models.PositiveSmallIntegerField()),
                        ('basis', models.CharField(choices=[('f', 'Three-part test'), ('ea', 'Recognised interest')], default='f', max_length=2)),
                        ('answers', models.JSONField(help_text='By the keys of consents/assessments_questions.py.')),
                        ('decision', models.CharField(blank=True, choices=[('rely', 'Rely on legitimate interests'), ('rely_with_safeguards', 'Rely, with safeguards'), ('do_not_rely', 'Do not rely on legitimate interests'), ('dpia_required', 'A DPIA is needed instead')], max_length=20)),
                        ('justification', models.TextField(blank=True)),
                        ('facts', models.JSONField(default=dict)),
                        ('screening', models.CharField(blank=True, choices=[('none', 'No DPIA is needed'), ('dpia', 'A DPIA is needed')], max_length=4)),
                        ('author', models.CharField(max_length=60)),
                        ('writers', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), default=list, size=None)),
                        ('begun_at', models.DateTimeField(null=True)),
                        ('saved_at', models.DateTimeField(null=True)),
                        ('submitted_at', models.DateTimeField(null=True)),
                        ('returned_note', models.TextField(blank=True)),
                        ('approver', models.CharField(blank=True, max_length=60)),
                        ('sole_officer_reason', models.TextField(blank=True)),
                        ('approved_at', models.DateTimeField(null=True)),
                        ('review_due', models.DateField(null=True)),
                        ('assessment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='consents.assessment')),
                    ],
                    options={
                        'constraints': [models.UniqueConstraint(fields=('assessment', 'number'), name='consents_assessmentversion_numbered_once'), models.UniqueConstraint(condition=models.Q(('approved_at', None)), fields=('assessment',), name='consents_assessment_one_in_the_making'), models.CheckConstraint(condition=models.Q(('basis__in', ['f', 'ea'])), name='consents_assessment_form_known'), models.CheckConstraint(condition=models.Q(('approved_at', None), models.Q(('approver__gt', ''), ('decision__gt', ''), ('review_due__isnull', False)), _connector='OR'), name='consents_assessment_approval_is_complete'), models.CheckConstraint(condition=models.Q(('approved_at', None), models.Q(('author', models.F('approver')), _negated=True), models.Q(('sole_officer_reason', ''), _negated=True), _connector='OR'), name='consents_assessment_two_people_or_reason')],
                    },
                ),
                migrations.CreateModel(
                    name='AssessmentReview',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('cause', models.CharField(choices=[('objection-upheld', 'An objection was upheld'), ('purpose-changed', 'The purpose was changed in the register'), ('complaint', 'A complaint was about it'), ('breach', 'A breach touched it'), ('guidance', 'There is new guidance or case law'), ('practice', 'What we do in practice has changed')], max_length=20)),
                        ('caused_by', models.UUIDField(help_text='What it was, without a foreign key: a case goes before this does.')),
                        ('opened_at', models.DateTimeField()),
                        ('entry', models.UUIDField(help_text='The ledger entry that proves it.')),
                        ('closed_at', models.DateTimeField(null=True)),
                        ('assessment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to='consents.assessment')),
                        ('closed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='consents.assessmentversion')),
                    ],
                    options={
                        'indexes': [models.Index(models.F('opened_at'), condition=models.Q(('closed_at', None)), name='consents_review_open')],
                        'constraints': [models.UniqueConstraint(fields=('assessment', 'caused_by'), name='consents_review_once_per_cause'), models.CheckConstraint(condition=models.Q(('cause__in', ['objection-upheld', 'purpose-changed', 'complaint', 'breach', 'guidance', 'practice'])), name='consents_review_cause_known'), models.CheckConstraint(condition=models.Q(models.Q(('closed_at', None), ('closed_by', None)), models.Q(('closed_at__isnull', False), ('closed_by__isnull', False)), _connector='OR'), name='consents_review_closed_by_a_version')],
                    },
                ),
                migrations.CreateModel(
                    name='ConsentEvent',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('schema_version', models.PositiveSmallIntegerField(default=1)),
                        ('consent', models.UUIDField(db_index=True)),
                        ('subject', models.UUIDField(db_index=True)),
                        ('purpose', models.UUIDField()),
                        ('channel', models.CharField(blank=True, max_length=10)),
                        ('status', models.CharField(choices=[('requested', 'Requested'), ('given', 'Given'), ('renewed', 'Renewed'), ('refused', 'Refused'), ('withdrawn', 'Withdrawn'), ('expired', 'Expired'), ('invalidated', 'Invalidated'), ('unknown', 'Unknown')], max_length=12)),
                        ('effective_at', models.DateTimeField()),
                        ('valid_until', models.DateTimeField(null=True)),
                        ('recorded_at', models.DateTimeField()),
                        ('form_version', models.BigIntegerField(null=True)),
                        ('origin', models.CharField(help_text='direct, processor, third_party or imported_legacy.', max_length=20)),
                        ('collected_by', models.CharField(help_text='api, hosted_form, staff, one_click, import or system.', max_length=20)),
                        ('actor', models.CharField(max_length=60)),
                        ('proof', models.BinaryField(null=True)),
                        ('entry', models.UUIDField(help_text='The ledger entry that proves it.')),
                    ],
                    options={
                        'constraints': [models.CheckConstraint(condition=models.Q(('status__regex', '^(requested|given|renewed|refused|withdrawn|expired|invalidated|unknown)$')), name='consents_event_status_known')],
                    },
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='consentevent',
                    trigger=pgtrigger.compiler.Trigger(name='events_are_kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='ae441ca72f25588a62e9d4308f5a41e6bafd3bfe', operation='UPDATE OR DELETE', pgid='pgtrigger_events_are_kept_82cf9', table='consents_consentevent', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='assessmentversion',
                    trigger=pgtrigger.compiler.Trigger(name='approved_is_frozen', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.approved_at IS NOT NULL)', func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='d4b08433892694f69f66a1fdff955bc47b78ed7b', operation='UPDATE OR DELETE', pgid='pgtrigger_approved_is_frozen_776e7', table='consents_assessmentversion', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='consentformversion',
                    trigger=pgtrigger.compiler.Trigger(name='published_is_frozen', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (OLD.published_at IS NOT NULL AND (to_jsonb(NEW) - 'superseded_at') IS DISTINCT FROM (to_jsonb(OLD) - 'superseded_at'))", func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='c5c12b4cc54c495006d35aadb859e3b10d85c198', operation='UPDATE', pgid='pgtrigger_published_is_frozen_f3edf', table='consents_consentformversion', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='consentformversion',
                    trigger=pgtrigger.compiler.Trigger(name='published_is_kept', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.published_at IS NOT NULL)', func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='7e42f3beb6b5caa43777c8fe4a862fd406a6a14a', operation='DELETE', pgid='pgtrigger_published_is_kept_8dfde', table='consents_consentformversion', when='BEFORE')),
                ),
            ],
        ),
    ]
