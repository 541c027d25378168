"""Everything up to here in one step, for a new database: an old one has the steps that it replaces."""

from importlib import import_module
from typing import Any

from django.db.migrations.operations.base import Operation
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from core.migrating import Tables
from django.db import migrations, models


EARLIER = import_module("subjects.migrations.0004_restrict_deletes")
RESTRICT = EARLIER.CHANGE.replace("{definition}", EARLIER.RESTRICT)


class Restrict(Operation):
    """As 0004 and 0011 did. Django makes foreign keys when a step is over; to be changed in it they are made here."""

    reversible = False

    def state_forwards(self, app_label: str, state: Any) -> None:
        pass

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for statement in schema_editor.deferred_sql:
            schema_editor.execute(statement, None)
        schema_editor.deferred_sql.clear()
        schema_editor.execute(RESTRICT, None)


class Migration(migrations.Migration):

    replaces = [('subjects', '0001_initial'), ('subjects', '0002_name_words'), ('subjects', '0003_identifier_added_later'), ('subjects', '0004_restrict_deletes'), ('subjects', '0005_restricted_items_and_statements'), ('subjects', '0006_indexes_that_are_used'), ('subjects', '0007_ends_are_indexed_where_they_are'), ('subjects', '0008_holds_by_rule'), ('subjects', '0009_codes_are_checked_by_one_pattern'), ('subjects', '0010_uses_of_restricted_data'), ('subjects', '0011_later_keys_restrict_too'), ('subjects', '0012_a_rule_restricts_under_its_own_ground'), ('subjects', '0013_what_was_objected_to_stays_unused'), ('subjects', '0014_what_rules_restrict_is_looked_through_in_order'), ('subjects', '0015_people_who_are_kept_though_empty')]

    initial = True

    dependencies = [
        ('processing', '0001_squashed_0003_recipients_can_be_reached'),
    ]

    operations = [
        Tables(
            operations=[
                migrations.CreateModel(
                    name='DataSubject',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('locale', models.CharField(default='en-GB', max_length=10)),
                        ('jurisdiction', models.CharField(default='UK', max_length=2)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                        ('is_test', models.BooleanField(default=False)),
                        ('emptied_at', models.DateTimeField(editable=False, null=True)),
                        ('organisation', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='contacts', to='subjects.organisation')),
                    ],
                    options={
                        'indexes': [models.Index(models.F('id'), condition=models.Q(('emptied_at__isnull', False)), name='subjects_person_emptied')],
                    },
                ),
                migrations.CreateModel(
                    name='Identifier',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('type', models.CharField(choices=[('email', 'E-mail address'), ('phone', 'Telephone number'), ('customer_number', 'Customer number'), ('external_id', 'Id in another system'), ('device', 'Device'), ('cookie', 'Cookie id')], max_length=16)),
                        ('system', models.CharField(blank=True, default='', max_length=50)),
                        ('rules_version', models.PositiveSmallIntegerField()),
                        ('sealed', models.BinaryField()),
                        ('blind', models.BinaryField()),
                        ('blind_key', models.CharField(max_length=16)),
                        ('subjects', models.ManyToManyField(related_name='identifiers', through='subjects.SubjectIdentifier', to='subjects.datasubject')),
                    ],
                    options={
                        'constraints': [models.UniqueConstraint(fields=('blind', 'type', 'system'), name='subjects_identifier_is_unique'), models.CheckConstraint(condition=models.Q(('type__regex', '^(email|phone|customer_number|external_id|device|cookie)$')), name='subjects_identifier_type_known')],
                    },
                ),
                migrations.CreateModel(
                    name='ItemPurpose',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('collected_on', models.DateField()),
                        ('category', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='processing.datacategory')),
                        ('purpose', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='processing.purpose')),
                        ('subject', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='subjects.datasubject')),
                        ('item', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='needs', to='subjects.personaldataitem')),
                    ],
                    options={
                        'indexes': [models.Index(models.F('purpose'), models.F('category'), models.F('collected_on'), models.F('id'), name='subjects_need_collected'), models.Index(models.F('subject'), models.F('purpose'), name='subjects_need_subject')],
                        'constraints': [models.UniqueConstraint(fields=('item', 'purpose'), name='subjects_itempurpose_once')],
                    },
                ),
                migrations.CreateModel(
                    name='Organisation',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('name', models.CharField(max_length=200)),
                        ('legal_type', models.CharField(choices=[('company', 'Company or LLP'), ('sole_trader', 'Sole trader'), ('partnership', 'Ordinary partnership'), ('other', 'Other or unknown')], default='other', max_length=12)),
                        ('contract_started_on', models.DateField(blank=True, null=True)),
                        ('contract_ended_on', models.DateField(blank=True, null=True)),
                    ],
                    options={
                        'indexes': [models.Index(models.F('name'), models.F('id'), name='subjects_organisation_name')],
                        'constraints': [models.CheckConstraint(condition=models.Q(('legal_type__in', ['company', 'sole_trader', 'partnership', 'other'])), name='subjects_organisation_type_known')],
                    },
                ),
                migrations.CreateModel(
                    name='PersonalDataItem',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('sealed', models.BinaryField(help_text='Field "content": JSON text.')),
                        ('statement', models.BinaryField(help_text='Field "statement": JSON list of dated texts.', null=True)),
                        ('source', models.CharField(choices=[('in_person', 'From you, in person'), ('correspondence', 'From you, in correspondence'), ('phone', 'From you, by phone'), ('social_media', 'Social media'), ('website', 'From you, on our websites'), ('product', 'Your use of our products and services'), ('third_party', 'A third party'), ('public_source', 'A public source')], max_length=16)),
                        ('source_evidence', models.UUIDField(help_text='What shows that a third party was allowed to share it.', null=True)),
                        ('source_record', models.BinaryField(null=True)),
                        ('nature', models.CharField(choices=[('provided', 'Provided by you'), ('observed', 'Observed'), ('inferred', 'Inferred by us')], default='provided', max_length=10)),
                        ('collected_at', models.DateTimeField()),
                        ('category', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='processing.datacategory')),
                        ('purposes', models.ManyToManyField(related_name='+', through='subjects.ItemPurpose', to='processing.purpose')),
                        ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='subjects.datasubject')),
                        ('system', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='processing.system')),
                    ],
                    options={
                        'indexes': [models.Index(models.F('source_record'), condition=models.Q(('source_record__isnull', False)), name='subjects_item_source')],
                    },
                ),
                migrations.CreateModel(
                    name='NameToken',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('token', models.BinaryField()),
                        ('token_key', models.CharField(max_length=16)),
                        ('item', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='name_tokens', to='subjects.personaldataitem')),
                    ],
                    options={
                        'indexes': [models.Index(models.F('token'), models.F('item'), name='subjects_nametoken_word')],
                        'constraints': [models.UniqueConstraint(fields=('item', 'token'), name='subjects_nametoken_once')],
                    },
                ),
                migrations.CreateModel(
                    name='ErasureBlock',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('collected_from', models.DateField(null=True)),
                        ('collected_to', models.DateField(null=True)),
                        ('kind', models.CharField(choices=[('hold', 'Legal hold'), ('access_request', 'Pending access request'), ('claim', 'Legal claim'), ('restriction', "Restricted at the person's request")], max_length=16)),
                        ('placed_for', models.UUIDField(help_text='The rights request or the hold that placed it.')),
                        ('placed_at', models.DateTimeField()),
                        ('released_at', models.DateTimeField(null=True)),
                        ('purpose', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='processing.purpose')),
                        ('subject', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='erasure_blocks', to='subjects.datasubject')),
                        ('system', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='processing.system')),
                        ('organisation', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subjects.organisation')),
                        ('item', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='subjects.personaldataitem')),
                    ],
                    options={
                        'indexes': [models.Index(models.F('subject'), condition=models.Q(('released_at', None)), name='subjects_block_active'), models.Index(models.F('purpose'), condition=models.Q(('released_at', None), ('subject', None)), name='subjects_block_rules'), models.Index(models.F('placed_for'), name='subjects_block_placed_for')],
                        'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('collected_from', None), ('collected_to', None), ('organisation', None), ('subject__isnull', False), ('system', None)), models.Q(('item', None), ('kind', 'hold'), ('subject', None)), _connector='OR'), name='subjects_block_is_of_somebody_or_a_rule')],
                    },
                ),
                migrations.CreateModel(
                    name='Relationship',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('role', models.CharField(choices=[('customer_contact', 'Customer contact'), ('prospect', 'Prospect'), ('applicant', 'Job applicant'), ('visitor', 'Site visitor'), ('supplier_contact', 'Supplier contact'), ('subscriber', 'Subscriber')], max_length=20)),
                        ('ground', models.CharField(blank=True, max_length=40)),
                        ('ground_note', models.BinaryField(help_text='Sealed free text.', null=True)),
                        ('ground_recorded_by', models.CharField(blank=True, max_length=60)),
                        ('ground_recorded_at', models.DateTimeField(null=True)),
                        ('source', models.CharField(blank=True, max_length=40)),
                        ('started_on', models.DateField()),
                        ('last_interaction_on', models.DateField(null=True)),
                        ('contract_ended_on', models.DateField(null=True)),
                        ('application_closed_on', models.DateField(null=True)),
                        ('consent_ended_on', models.DateField(null=True)),
                        ('ended_on', models.DateField(null=True)),
                        ('purpose', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='processing.purpose')),
                        ('subject', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='relationships', to='subjects.datasubject')),
                    ],
                    options={
                        'indexes': [models.Index(models.F('purpose'), models.F('last_interaction_on'), models.F('id'), name='subjects_rel_interaction'), models.Index(models.F('purpose'), models.F('contract_ended_on'), models.F('id'), condition=models.Q(('contract_ended_on__isnull', False)), name='subjects_rel_contract'), models.Index(models.F('purpose'), models.F('application_closed_on'), models.F('id'), condition=models.Q(('application_closed_on__isnull', False)), name='subjects_rel_application'), models.Index(models.F('purpose'), models.F('consent_ended_on'), models.F('id'), condition=models.Q(('consent_ended_on__isnull', False)), name='subjects_rel_consent'), models.Index(models.F('purpose'), models.F('ended_on'), models.F('id'), condition=models.Q(('ended_on__isnull', False)), name='subjects_rel_ended')],
                        'constraints': [models.UniqueConstraint(fields=('subject', 'purpose'), name='subjects_relationship_once_per_purpose')],
                    },
                ),
                migrations.CreateModel(
                    name='RestrictedUse',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('items', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, help_text='Only these; none named means all of the purpose.', size=None)),
                        ('ground', models.CharField(choices=[('consent', 'The person agreed to this one use'), ('claims', 'A legal claim'), ('others', 'Protecting the rights of somebody else'), ('public_interest', 'An important public interest')], max_length=16)),
                        ('placed_for', models.UUIDField(help_text='The rights request whose restriction it is a use of.')),
                        ('sealed', models.BinaryField(help_text='Field "use:<uuid>" under the key of its case: JSON of what is done and why.')),
                        ('since', models.DateTimeField()),
                        ('until', models.DateTimeField()),
                        ('ended_at', models.DateTimeField(null=True)),
                        ('purpose', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='processing.purpose')),
                        ('subject', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='restricted_uses', to='subjects.datasubject')),
                    ],
                    options={
                        'indexes': [models.Index(models.F('subject'), condition=models.Q(('ended_at', None)), name='subjects_use_active')],
                        'constraints': [models.CheckConstraint(condition=models.Q(('until__gt', models.F('since'))), name='subjects_use_ends_after_start'), models.CheckConstraint(condition=models.Q(('ground__in', ['consent', 'claims', 'others', 'public_interest'])), name='subjects_use_ground_known')],
                    },
                ),
                migrations.CreateModel(
                    name='Restriction',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('ground', models.CharField(choices=[('accuracy', 'Accuracy is contested'), ('unlawful', 'Unlawful, and the person prefers restriction'), ('claims', 'Needed by the person for legal claims'), ('objection', 'An objection is being decided'), ('objected', 'Objected to: only what an exemption covers goes on'), ('hold', 'Kept under a legal hold only'), ('rule', 'Its period is over: a retention rule stores it only')], max_length=12)),
                        ('since', models.DateTimeField()),
                        ('lifted_at', models.DateTimeField(null=True)),
                        ('placed_for', models.UUIDField(help_text='The rights request that it answers or waits for.', null=True)),
                        ('item', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='restrictions', to='subjects.personaldataitem')),
                        ('purpose', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='processing.purpose')),
                        ('subject', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='restrictions', to='subjects.datasubject')),
                    ],
                    options={
                        'indexes': [models.Index(models.F('subject'), condition=models.Q(('lifted_at', None)), name='subjects_restriction_active'), models.Index(models.F('purpose'), models.F('id'), condition=models.Q(('lifted_at', None), ('placed_for', None)), name='subjects_restriction_by_rule')],
                        'constraints': [models.CheckConstraint(condition=models.Q(('lifted_at', None), ('lifted_at__gte', models.F('since')), _connector='OR'), name='subjects_restriction_ends_after_start')],
                    },
                ),
                migrations.CreateModel(
                    name='SubjectIdentifier',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('verified_at', models.DateTimeField(null=True)),
                        ('verified_how', models.CharField(blank=True, max_length=30)),
                        ('is_shared', models.BooleanField(default=False)),
                        ('is_later', models.BooleanField(db_default=False)),
                        ('added_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                        ('identifier', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='subject_links', to='subjects.identifier')),
                        ('subject', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='identifier_links', to='subjects.datasubject')),
                    ],
                    options={
                        'constraints': [models.UniqueConstraint(fields=('identifier', 'subject'), name='subjects_subjectidentifier_once')],
                    },
                ),
                migrations.CreateModel(
                    name='Disclosure',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('ground', models.CharField(max_length=40)),
                        ('legal_power', models.CharField(blank=True, max_length=200)),
                        ('approved_by', models.CharField(blank=True, max_length=60)),
                        ('disclosed_at', models.DateTimeField()),
                        ('categories', models.ManyToManyField(related_name='+', to='processing.datacategory')),
                        ('purpose', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='processing.purpose')),
                        ('recipient', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='processing.recipient')),
                        ('subject', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='disclosures', to='subjects.datasubject')),
                    ],
                    options={
                        'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('ground', 'required_by_law'), _negated=True), models.Q(models.Q(('legal_power', ''), _negated=True), models.Q(('approved_by', ''), _negated=True)), _connector='OR'), name='subjects_disclosure_by_law_names_power')],
                    },
                ),
            ],
        ),
        Restrict(),
    ]
