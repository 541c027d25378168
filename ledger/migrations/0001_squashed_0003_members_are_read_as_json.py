"""Everything up to here in one step, for a new database: an old one has the steps that it replaces."""

from importlib import import_module

import ledger.fields
import ledger.models
import pgtrigger.compiler
import pgtrigger.migrations
from core.migrating import Tables
from django.db import migrations, models


# The words of the steps before, so that a function is written once.
INSTANT, HEAD = (getattr(import_module("ledger.migrations.0001_initial"), name) for name in ("INSTANT", "HEAD"))
EPOCH = import_module("ledger.migrations.0002_epoch_is_read_in_one_expression").EPOCH


class Migration(migrations.Migration):

    replaces = [('ledger', '0001_initial'), ('ledger', '0002_epoch_is_read_in_one_expression'), ('ledger', '0003_members_are_read_as_json')]

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.RunSQL(INSTANT, migrations.RunSQL.noop),
        migrations.RunSQL(EPOCH, migrations.RunSQL.noop),
        Tables(
            operations=[
                migrations.CreateModel(
                    name='Head',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('epoch', models.IntegerField(default=1)),
                        ('horizon', ledger.fields.TransactionIdField(default=0)),
                    ],
                    options={
                        'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='ledger_head_is_one')],
                    },
                ),
                migrations.CreateModel(
                    name='Pruned',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('entry', models.BigIntegerField(unique=True)),
                        ('epoch', models.IntegerField()),
                        ('xid', ledger.fields.TransactionIdField()),
                        ('leaf', models.BinaryField()),
                        ('run', models.UUIDField()),
                    ],
                    options={
                        'verbose_name_plural': 'pruned',
                        'indexes': [models.Index(models.F('epoch'), models.F('xid'), models.F('entry'), name='ledger_pruned_sealing_order')],
                    },
                ),
                migrations.CreateModel(
                    name='Seal',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('body', models.TextField()),
                        ('jws', models.TextField(help_text='Signature over exactly the bytes of the body (RFC 7515).')),
                        ('hash', models.CharField(max_length=64, unique=True)),
                        ('epoch', models.GeneratedField(db_persist=True, expression=ledger.models.Member('epoch', 'integer'), output_field=models.IntegerField())),
                        ('xid_from', models.GeneratedField(db_persist=True, expression=ledger.models.Member('xid_from', 'xid8'), output_field=ledger.fields.TransactionIdField())),
                        ('xid_to', models.GeneratedField(db_persist=True, expression=ledger.models.Member('xid_to', 'xid8'), output_field=ledger.fields.TransactionIdField())),
                        ('count', models.GeneratedField(db_persist=True, expression=ledger.models.Member('count', 'bigint'), output_field=models.BigIntegerField())),
                        ('root', models.GeneratedField(db_persist=True, expression=ledger.models.Member('root', ''), output_field=models.CharField(max_length=64))),
                        ('prev', models.GeneratedField(db_persist=True, expression=ledger.models.Member('prev', ''), output_field=models.CharField(max_length=64), unique=True)),
                        ('at', models.GeneratedField(db_persist=True, expression=ledger.models.Instant(), output_field=models.DateTimeField())),
                    ],
                    options={
                        'constraints': [models.UniqueConstraint(fields=('epoch', 'xid_from'), name='ledger_seal_range_once'), models.CheckConstraint(condition=models.Q(('at__isnull', False), ('count__gt', 0), ('prev__regex', '^[0-9a-f]{64}$'), ('root__regex', '^[0-9a-f]{64}$')), name='ledger_seal_body_is_complete')],
                    },
                ),
                migrations.CreateModel(
                    name='Entry',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('body', models.TextField()),
                        ('xid', ledger.fields.TransactionIdField(db_default=ledger.models.CurrentTransaction(), editable=False)),
                        ('epoch', models.IntegerField(db_default=ledger.models.CurrentEpoch(), editable=False)),
                        ('uuid', models.GeneratedField(db_persist=True, expression=ledger.models.Member('id', 'uuid'), output_field=models.UUIDField(), unique=True)),
                        ('kind', models.GeneratedField(db_persist=True, expression=ledger.models.Member('kind', ''), output_field=models.CharField(max_length=60))),
                        ('at', models.GeneratedField(db_persist=True, expression=ledger.models.Instant(), output_field=models.DateTimeField())),
                        ('subject', models.GeneratedField(db_persist=True, expression=ledger.models.Member('subject', 'uuid'), output_field=models.UUIDField(null=True))),
                        ('object', models.GeneratedField(db_persist=True, expression=ledger.models.Member('object', 'uuid'), output_field=models.UUIDField(null=True))),
                        ('purpose', models.GeneratedField(db_persist=True, expression=ledger.models.Member('purpose', ''), output_field=models.CharField(max_length=60))),
                    ],
                    options={
                        'verbose_name_plural': 'entries',
                        'indexes': [models.Index(models.F('epoch'), models.F('xid'), models.F('id'), name='ledger_entry_sealing_order'), models.Index(models.F('subject'), models.F('id'), condition=models.Q(('subject__isnull', False)), name='ledger_entry_subject'), models.Index(models.F('object'), models.F('id'), condition=models.Q(('object__isnull', False)), name='ledger_entry_object')],
                        'constraints': [models.CheckConstraint(condition=models.Q(('at__isnull', False), ('purpose__isnull', False), ('uuid__isnull', False), ('kind__regex', '^[a-z-]+(\\.[a-z-]+)+$')), name='ledger_entry_body_is_complete')],
                    },
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='entry',
                    trigger=pgtrigger.compiler.Trigger(name='never_changed', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'evidence is append-only' USING ERRCODE = 'insufficient_privilege';", hash='b023f9ff121225d73bbd5ca168d09fc4f3f42aeb', operation='UPDATE', pgid='pgtrigger_never_changed_68ebb', table='ledger_entry', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='entry',
                    trigger=pgtrigger.compiler.Trigger(name='never_emptied', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'evidence is append-only' USING ERRCODE = 'insufficient_privilege';", hash='c5802f344ae69195946f1d9c741190d223217071', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_emptied_0f489', table='ledger_entry', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='entry',
                    trigger=pgtrigger.compiler.Trigger(name='removed_by_retention_only', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE admitted boolean;', func="\nIF current_setting('kraken.retention_run', true) ~ '^[0-9a-f-]{36}$' AND to_regclass('retention_run') IS NOT NULL THEN\n    EXECUTE 'SELECT EXISTS (SELECT FROM retention_run WHERE uuid = $1 AND status = ''running'')'\n        INTO admitted USING current_setting('kraken.retention_run')::uuid;\n    IF admitted THEN\n        INSERT INTO ledger_pruned (entry, epoch, xid, leaf, run)\n        VALUES (OLD.id, OLD.epoch, OLD.xid, sha256('\\x00'::bytea || convert_to(OLD.body, 'UTF8')),\n                current_setting('kraken.retention_run')::uuid);\n        RETURN OLD;\n    END IF;\nEND IF;\nRAISE EXCEPTION 'ledger entries are only removed inside a retention run' USING ERRCODE = 'insufficient_privilege';\n", hash='71d83b8d44a3d1734fb42df08dbff6556e8ae7cb', operation='DELETE', pgid='pgtrigger_removed_by_retention_only_9002c', table='ledger_entry', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='pruned',
                    trigger=pgtrigger.compiler.Trigger(name='never_changed', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'evidence is append-only' USING ERRCODE = 'insufficient_privilege';", hash='8742ab634434114beb77973a2de6ca81ea8c056e', operation='UPDATE OR DELETE', pgid='pgtrigger_never_changed_476f9', table='ledger_pruned', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='pruned',
                    trigger=pgtrigger.compiler.Trigger(name='never_emptied', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'evidence is append-only' USING ERRCODE = 'insufficient_privilege';", hash='6276ea761e991e836504a8965e5bc60f77ebcf79', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_emptied_59cc5', table='ledger_pruned', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='seal',
                    trigger=pgtrigger.compiler.Trigger(name='never_changed', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'evidence is append-only' USING ERRCODE = 'insufficient_privilege';", hash='6aec76bd5a3688186e18962609cb77dabd31cd36', operation='UPDATE OR DELETE', pgid='pgtrigger_never_changed_ec57f', table='ledger_seal', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='seal',
                    trigger=pgtrigger.compiler.Trigger(name='never_emptied', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'evidence is append-only' USING ERRCODE = 'insufficient_privilege';", hash='41f70f101d9159c5f6e09cac95c46deea9351a07', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_emptied_0332e', table='ledger_seal', when='BEFORE')),
                ),
            ],
        ),
        migrations.RunSQL(HEAD, migrations.RunSQL.noop),
    ]
