"""Everything up to here in one step, for a new database: an old one has the steps that it replaces."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from core.migrating import Tables
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('retention', '0001_initial'), ('retention', '0002_tombstones_lean_on_batches'), ('retention', '0003_the_mark_of_the_journal_and_what_is_written_back'), ('retention', '0004_holds_approvals_and_grace'), ('retention', '0005_what_statistics_told'), ('retention', '0006_fixed_dates_recipes_and_holds_by_rule'), ('retention', '0007_runs_name_failures'), ('retention', '0008_anonymous_rows_are_counted'), ('retention', '0009_what_waits_for_somebody'), ('retention', '0010_the_exact_set'), ('retention', '0011_holds_change_hands_and_rows_are_reviewed'), ('retention', '0012_proof_of_consent_outlives_it_by_six_years'), ('retention', '0013_systems_answer_and_rules_retire'), ('retention', '0014_what_a_rule_restricted_says_so'), ('retention', '0015_approvals_without_their_rows'), ('retention', '0016_what_each_system_has_to_erase'), ('retention', '0017_runs_count_case_files')]

    initial = True

    dependencies = [
        ('processing', '0001_squashed_0003_recipients_can_be_reached'),
        ('subjects', '0001_squashed_0015_people_who_are_kept_though_empty'),
    ]

    operations = [
        Tables(
            operations=[
                migrations.CreateModel(
                    name='AnonymityRecord',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('attacker', models.TextField(help_text='Who could try, knowing what, and with what means.')),
                        ('tried', models.TextField(help_text='What was tried, and what came of it.')),
                        ('decision', models.CharField(choices=[('remote', 'Nobody can be found by means that anybody is likely to use'), ('found', 'Somebody may be found')], max_length=8)),
                        ('quasi', models.JSONField()),
                        ('sensitive', models.JSONField()),
                        ('measured', models.JSONField()),
                        ('data_sha256', models.CharField(max_length=64)),
                        ('reviewed_by', models.CharField(max_length=60)),
                        ('reviewed_at', models.DateTimeField()),
                        ('review_due', models.DateField()),
                        ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='anonymity_records', to='retention.run')),
                    ],
                    options={
                        'constraints': [models.CheckConstraint(condition=models.Q(('decision__in', ['remote', 'found'])), name='retention_anonymity_decided'), models.CheckConstraint(condition=models.Q(models.Q(('attacker', ''), _negated=True), models.Q(('tried', ''), _negated=True), models.Q(('reviewed_by', ''), _negated=True)), name='retention_anonymity_is_reasoned')],
                    },
                ),
                migrations.CreateModel(
                    name='AnonymousRow',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('values', models.JSONField()),
                        ('times', models.PositiveIntegerField(default=1)),
                        ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='anonymous_rows', to='retention.run')),
                    ],
                ),
                migrations.CreateModel(
                    name='Approval',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('as_of', models.DateField()),
                        ('fingerprint', models.CharField(max_length=64)),
                        ('rows', models.PositiveIntegerField()),
                        ('why', models.CharField(help_text='What made an approval necessary.', max_length=12)),
                        ('approved_by', models.CharField(max_length=60)),
                        ('approved_at', models.DateTimeField()),
                        ('expires_at', models.DateTimeField()),
                        ('refused_at', models.DateTimeField(help_text='What would have gone was another set by then.', null=True)),
                        ('rule', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='approvals', to='retention.retentionrule')),
                        ('run', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='approval', to='retention.run')),
                    ],
                    options={
                        'constraints': [models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('approved_at'))), name='retention_approval_expires_after_it'), models.CheckConstraint(condition=models.Q(('refused_at', None), ('run', None), _connector='OR'), name='retention_approval_refused_is_unused')],
                    },
                ),
                migrations.CreateModel(
                    name='Batch',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('at', models.DateTimeField()),
                        ('needs', models.PositiveIntegerField(help_text='Links between items and purposes that ended.')),
                        ('items', models.PositiveIntegerField(help_text='Items erased because no purpose needed them any more.')),
                        ('keys', models.PositiveIntegerField(help_text='Data keys destroyed.')),
                        ('identifiers', models.PositiveIntegerField(default=0, help_text='Addresses and numbers erased with their people.')),
                        ('subjects', models.PositiveIntegerField(help_text='People of whom nothing is left.')),
                        ('relationships', models.PositiveIntegerField(default=0, help_text='Dealings for this purpose that ended.')),
                        ('restricted', models.PositiveIntegerField(default=0, help_text='Kept, but for storage only (Art 18).')),
                        ('entry', models.UUIDField(help_text='The ledger entry of this batch.')),
                        ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='batches', to='retention.run')),
                    ],
                    options={
                        'verbose_name_plural': 'batches',
                        'constraints': [models.CheckConstraint(condition=models.Q(('items__lte', models.F('needs')), ('needs', 0), _connector='OR'), name='retention_batch_adds_up')],
                    },
                ),
                migrations.CreateModel(
                    name='JournalMark',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('seq', models.PositiveBigIntegerField(default=0)),
                        ('hash', models.CharField(blank=True, max_length=64)),
                        ('moved_at', models.DateTimeField()),
                    ],
                    options={
                        'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='retention_journalmark_is_one')],
                    },
                ),
                migrations.CreateModel(
                    name='KeptRow',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('need', models.BigIntegerField()),
                        ('until', models.DateField()),
                        ('reason', models.CharField(max_length=30)),
                        ('kept_by', models.CharField(max_length=60)),
                        ('kept_at', models.DateTimeField()),
                        ('rule', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='kept_rows', to='retention.retentionrule')),
                    ],
                    options={
                        'constraints': [models.UniqueConstraint(fields=('need', 'rule'), name='retention_keptrow_once')],
                    },
                ),
                migrations.CreateModel(
                    name='LegalHold',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('matter', models.CharField(help_text="The number of the matter, not a person's name.", max_length=60)),
                        ('reason', models.CharField(max_length=30)),
                        ('collected_from', models.DateField(blank=True, null=True)),
                        ('collected_to', models.DateField(blank=True, null=True)),
                        ('placed_by', models.CharField(max_length=60)),
                        ('placed_at', models.DateTimeField()),
                        ('custodian', models.CharField(db_default='', default='', max_length=60)),
                        ('changed_at', models.DateTimeField(help_text='When what it is about, or who answers for it, changed.', null=True)),
                        ('review_due', models.DateField()),
                        ('reviewed_at', models.DateTimeField(null=True)),
                        ('reminded_for', models.DateField(help_text='The review that its owner was last reminded of.', null=True)),
                        ('released_by', models.CharField(blank=True, max_length=60)),
                        ('released_at', models.DateTimeField(null=True)),
                        ('organisation', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subjects.organisation')),
                        ('purposes', models.ManyToManyField(blank=True, related_name='+', to='processing.purpose')),
                        ('systems', models.ManyToManyField(blank=True, related_name='+', to='processing.system')),
                    ],
                    options={
                        'indexes': [models.Index(models.F('review_due'), condition=models.Q(('released_at', None)), name='retention_hold_review')],
                        'constraints': [models.CheckConstraint(condition=models.Q(('released_at', None), models.Q(('released_at__gte', models.F('placed_at')), ('released_by__gt', '')), _connector='OR'), name='retention_hold_released_by_somebody')],
                    },
                ),
                migrations.CreateModel(
                    name='RetentionRule',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('slug', models.SlugField()),
                        ('version', models.PositiveSmallIntegerField(default=1)),
                        ('status', models.CharField(choices=[('draft', 'Draft'), ('active', 'Active'), ('retired', 'Retired')], default='draft', max_length=8)),
                        ('trigger', models.CharField(choices=[('collection', 'Collection'), ('last_interaction', 'Last interaction'), ('contract_end', 'End of contract'), ('application_closed', 'Application closed, any outcome'), ('case_closed', 'Case closed'), ('consent_ended', 'Consent ended'), ('ended', 'End of the relationship'), ('fixed_date', 'A fixed date')], max_length=20)),
                        ('fixed_on', models.DateField(blank=True, help_text='The fixed date. The rule is about what was collected until then.', null=True)),
                        ('period', models.CharField(help_text='ISO 8601, such as P12M or P6Y.', max_length=20)),
                        ('grace', models.CharField(blank=True, help_text='ISO 8601. Time after the period before anything is done, such as P30D.', max_length=20)),
                        ('action', models.CharField(choices=[('erase', 'Erase'), ('anonymise', 'Anonymise'), ('restrict', 'Restrict'), ('review', 'Review')], default='erase', max_length=12)),
                        ('recipe', models.JSONField(blank=True, null=True)),
                        ('legal_reason', models.TextField()),
                        ('owner', models.CharField(blank=True, help_text='The role that answers for it, not a name.', max_length=80)),
                        ('review_due', models.DateField(blank=True, null=True)),
                        ('drafted_by', models.CharField(blank=True, max_length=60)),
                        ('approved_by', models.CharField(blank=True, max_length=60)),
                        ('approved_at', models.DateTimeField(null=True)),
                        ('retire_because', models.TextField(blank=True)),
                        ('retire_asked_by', models.CharField(blank=True, max_length=60)),
                        ('retire_asked_at', models.DateTimeField(null=True)),
                        ('retired_by', models.CharField(blank=True, max_length=60)),
                        ('retired_at', models.DateTimeField(null=True)),
                        ('category', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='processing.datacategory')),
                        ('purpose', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='retention_rules', to='processing.purpose')),
                    ],
                    options={
                        'constraints': [models.UniqueConstraint(fields=('slug', 'version'), name='retention_rule_versioned'), models.UniqueConstraint(condition=models.Q(('status', 'active')), fields=('slug',), name='retention_rule_one_active'), models.CheckConstraint(condition=models.Q(('period__regex', '^P(\\d+Y)?(\\d+M)?(\\d+D)?$'), models.Q(('period', 'P'), _negated=True)), name='retention_rule_period_is_iso8601'), models.CheckConstraint(condition=models.Q(('grace', ''), models.Q(('grace__regex', '^P(\\d+Y)?(\\d+M)?(\\d+D)?$'), models.Q(('grace', 'P'), _negated=True)), _connector='OR'), name='retention_rule_grace_is_iso8601'), models.CheckConstraint(condition=models.Q(('status', 'draft'), models.Q(('approved_at__isnull', False), ('approved_by__gt', '')), _connector='OR'), name='retention_rule_in_force_is_approved'), models.CheckConstraint(condition=models.Q(models.Q(('fixed_on__isnull', False), ('trigger', 'fixed_date')), models.Q(models.Q(('trigger', 'fixed_date'), _negated=True), ('fixed_on', None)), _connector='OR'), name='retention_rule_fixed_date_is_given'), models.CheckConstraint(condition=models.Q(models.Q(('action', 'anonymise'), _negated=True), ('recipe__isnull', False), _connector='OR'), name='retention_rule_anonymises_by_a_recipe')],
                    },
                ),
                migrations.CreateModel(
                    name='Run',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('request', models.UUIDField(help_text='The erasure request that asked for it, if one did.', null=True)),
                        ('as_of', models.DateField()),
                        ('cutoff', models.DateField(null=True)),
                        ('status', models.CharField(choices=[('running', 'Running'), ('finished', 'Finished'), ('failed', 'Failed'), ('stopped', 'Stopped')], default='running', max_length=8)),
                        ('started_at', models.DateTimeField()),
                        ('heartbeat_at', models.DateTimeField()),
                        ('finished_at', models.DateTimeField(null=True)),
                        ('stopped', models.CharField(blank=True, help_text='Why it was ended before it had done all.', max_length=20)),
                        ('paused_at', models.DateTimeField(help_text='It stops before its next batch, until somebody resumes it.', null=True)),
                        ('expected', models.PositiveIntegerField(default=0, help_text='What was due when it began: for the progress alone.')),
                        ('held', models.PositiveIntegerField(default=0, help_text='Due, but blocked; restricted instead.')),
                        ('indeterminate', models.PositiveIntegerField(default=0, help_text='Without a trigger date, so never guessed.')),
                        ('case_files', models.PositiveIntegerField(db_default=0, default=0, help_text='Files of closed cases that went.')),
                        ('failures', models.JSONField(default=dict, help_text='What went wrong on the way, by its name: how often.')),
                        ('entry', models.UUIDField(help_text='The ledger entry of its totals.', null=True)),
                        ('measured', models.JSONField(help_text='Of a run that anonymises: k, l, t, and the word they earned.', null=True)),
                        ('rule', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='retention.retentionrule')),
                    ],
                    options={
                        'constraints': [models.CheckConstraint(condition=models.Q(('rule__isnull', False), ('request__isnull', False), _connector='OR'), name='retention_run_has_a_cause'), models.UniqueConstraint(condition=models.Q(('status', 'running')), fields=('rule',), name='retention_run_one_at_a_time_per_rule')],
                    },
                ),
                migrations.CreateModel(
                    name='SystemRecord',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('subject', models.UUIDField()),
                        ('item', models.UUIDField(help_text='None: all that the purpose holds there about the person.', null=True)),
                        ('known_as', models.BinaryField(help_text='Field "known-as": JSON list of ids of the person there.', null=True)),
                        ('run', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='retention.run')),
                        ('system', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='processing.system')),
                    ],
                    options={
                        'indexes': [models.Index(fields=['run', 'system', 'id'], name='retention_systemrecord_task')],
                    },
                ),
                migrations.CreateModel(
                    name='SystemTask',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('needs', models.PositiveIntegerField(help_text='Links between records and purposes that ended here.')),
                        ('people', models.PositiveIntegerField(help_text='People of whom nothing is left here.')),
                        ('raised_at', models.DateTimeField()),
                        ('due_on', models.DateField()),
                        ('outcome', models.CharField(choices=[('pending', 'No answer yet'), ('done', 'Erased there'), ('nothing_found', 'It held nothing of it'), ('retained', 'Kept there, with a reason'), ('failed', 'It could not be erased there')], default='pending', max_length=14)),
                        ('reason', models.CharField(blank=True, max_length=30)),
                        ('answered_by', models.CharField(blank=True, max_length=60)),
                        ('answered_at', models.DateTimeField(null=True)),
                        ('entry', models.UUIDField(help_text='The ledger entry that is the receipt.', null=True)),
                        ('reminded_at', models.DateTimeField(help_text='When staff were told that its answer is overdue.', null=True)),
                        ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='system_tasks', to='retention.run')),
                        ('system', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='processing.system')),
                    ],
                    options={
                        'indexes': [models.Index(models.F('due_on'), models.F('id'), condition=models.Q(('outcome__in', ['pending', 'failed'])), name='retention_systemtask_due')],
                        'constraints': [models.UniqueConstraint(fields=('run', 'system'), name='retention_systemtask_once_per_system'), models.CheckConstraint(condition=models.Q(('outcome', 'pending'), models.Q(('answered_at__isnull', False), ('entry__isnull', False)), _connector='OR'), name='retention_systemtask_answer_has_receipt'), models.CheckConstraint(condition=models.Q(models.Q(('outcome__in', ['retained', 'failed']), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='retention_systemtask_gap_has_reason')],
                    },
                ),
                migrations.CreateModel(
                    name='Tombstone',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('schema_version', models.PositiveSmallIntegerField(default=1)),
                        ('scope', models.CharField(choices=[('item', 'item'), ('record', 'source record of an item'), ('identifier', 'identifier'), ('subject', 'person')], max_length=12)),
                        ('hash', models.BinaryField()),
                        ('hash_key', models.CharField(max_length=16)),
                        ('erased_at', models.DateTimeField()),
                        ('expires_on', models.DateField(help_text='When the last backup that may contain the record expires.')),
                        ('run', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='tombstones', to='retention.run')),
                    ],
                    options={
                        'indexes': [models.Index(models.F('hash'), name='retention_tombstone_hash'), models.Index(models.F('expires_on'), name='retention_tombstone_expiry')],
                    },
                ),
                migrations.CreateModel(
                    name='WaitingSet',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('as_of', models.DateField()),
                        ('rows', models.PositiveIntegerField()),
                        ('why', models.CharField(max_length=20)),
                        ('since', models.DateTimeField()),
                        ('fingerprint', models.CharField(blank=True, max_length=64)),
                        ('came', models.PositiveIntegerField(default=0)),
                        ('left', models.PositiveIntegerField(default=0)),
                        ('rule', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='waiting', to='retention.retentionrule')),
                    ],
                ),
                migrations.CreateModel(
                    name='WriteBack',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('hash', models.BinaryField(unique=True)),
                        ('system', models.SlugField()),
                        ('category', models.SlugField()),
                        ('collected_on', models.DateField(help_text='The date of the data in the record, by what its sender says.')),
                        ('erased_at', models.DateTimeField()),
                        ('first_at', models.DateTimeField()),
                        ('last_at', models.DateTimeField()),
                        ('times', models.PositiveIntegerField(default=1)),
                        ('decision', models.CharField(choices=[('open', 'To decide'), ('refused', 'Stays erased'), ('admitted', 'May come back')], default='open', max_length=8)),
                        ('decided_by', models.CharField(blank=True, max_length=60)),
                        ('decided_at', models.DateTimeField(null=True)),
                        ('expires_on', models.DateField(help_text='When its tombstone expires, and this row with it.')),
                    ],
                    options={
                        'indexes': [models.Index(fields=['decision', '-last_at', '-id'], name='retention_writeback_list'), models.Index(models.F('expires_on'), name='retention_writeback_expiry')],
                        'constraints': [models.CheckConstraint(condition=models.Q(('decision', 'open'), models.Q(('decided_at__isnull', False), ('decided_by__gt', '')), _connector='OR'), name='retention_writeback_decided_by_somebody')],
                    },
                ),
                migrations.CreateModel(
                    name='ApprovedRow',
                    fields=[
                        ('pk', models.CompositePrimaryKey('approval', 'kind', 'row', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('kind', models.CharField(choices=[('n', 'what a purpose holds'), ('t', 'dealings without anything held'), ('f', 'case file')], max_length=1)),
                        ('row', models.BigIntegerField(help_text='The primary key of the need, the relationship or the case file.')),
                        ('approval', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='retention.approval')),
                    ],
                ),
                migrations.CreateModel(
                    name='EpsilonSpent',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('year', models.PositiveSmallIntegerField()),
                        ('name', models.SlugField(help_text='What was counted.')),
                        ('epsilon', models.DecimalField(decimal_places=3, max_digits=6)),
                        ('at', models.DateTimeField()),
                        ('actor', models.CharField(max_length=60)),
                    ],
                    options={
                        'verbose_name_plural': 'epsilon spent',
                        'indexes': [models.Index(models.F('year'), name='retention_epsilon_year')],
                        'constraints': [models.CheckConstraint(condition=models.Q(('epsilon__gt', 0)), name='retention_epsilon_is_positive')],
                    },
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='epsilonspent',
                    trigger=pgtrigger.compiler.Trigger(name='is_told', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='7c180e661a8d72f8a28bcf594613d70bb7751e74', operation='UPDATE OR DELETE', pgid='pgtrigger_is_told_c8847', table='retention_epsilonspent', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='retentionrule',
                    trigger=pgtrigger.compiler.Trigger(name='approved_is_frozen', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (OLD.status <> 'draft' AND (NEW.slug, NEW.version, NEW.purpose_id, NEW.category_id, NEW.trigger, NEW.fixed_on, NEW.recipe, NEW.period, NEW.grace, NEW.action, NEW.legal_reason, NEW.drafted_by, NEW.approved_by, NEW.approved_at) IS DISTINCT FROM (OLD.slug, OLD.version, OLD.purpose_id, OLD.category_id, OLD.trigger, OLD.fixed_on, OLD.recipe, OLD.period, OLD.grace, OLD.action, OLD.legal_reason, OLD.drafted_by, OLD.approved_by, OLD.approved_at))", func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='87a5021056bf98150d6f653f4eb5601e9471257f', operation='UPDATE', pgid='pgtrigger_approved_is_frozen_e8707', table='retention_retentionrule', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='batch',
                    trigger=pgtrigger.compiler.Trigger(name='is_evidence', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='a673349eb552935e69600b6490398f51c4a26ae5', operation='UPDATE', pgid='pgtrigger_is_evidence_daf73', table='retention_batch', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='approval',
                    trigger=pgtrigger.compiler.Trigger(name='approval_is_evidence', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN ((NEW.rule_id, NEW.as_of, NEW.fingerprint, NEW.rows, NEW.why, NEW.approved_by, NEW.approved_at, NEW.expires_at) IS DISTINCT FROM (OLD.rule_id, OLD.as_of, OLD.fingerprint, OLD.rows, OLD.why, OLD.approved_by, OLD.approved_at, OLD.expires_at))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='e333eeb9f8dcc1250f16eea55f460a1ccdcf467f', operation='UPDATE', pgid='pgtrigger_approval_is_evidence_4886d', table='retention_approval', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='anonymityrecord',
                    trigger=pgtrigger.compiler.Trigger(name='is_decided', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='24b0b170b443219ec22b8ae5432f270d8cfbffdf', operation='UPDATE OR DELETE', pgid='pgtrigger_is_decided_c3c8a', table='retention_anonymityrecord', when='BEFORE')),
                ),
            ],
        ),
    ]
