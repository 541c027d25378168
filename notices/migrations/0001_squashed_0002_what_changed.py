"""Everything up to here in one step, for a new database: an old one has the steps that it replaces."""

import pgtrigger.compiler
import pgtrigger.migrations
from core.migrating import Tables
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('notices', '0001_initial'), ('notices', '0002_what_changed')]

    initial = True

    dependencies = [
    ]

    operations = [
        Tables(
            operations=[
                migrations.CreateModel(
                    name='PrivacyNotice',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('version', models.CharField(max_length=20)),
                        ('locale', models.CharField(default='en-GB', max_length=10)),
                        ('html', models.TextField()),
                        ('sha256', models.CharField(max_length=64)),
                        ('effective_from', models.DateField()),
                        ('changes', models.TextField(blank=True, default='')),
                    ],
                    options={
                        'constraints': [models.UniqueConstraint(fields=('version', 'locale'), name='notices_notice_versioned'), models.UniqueConstraint(fields=('locale', 'effective_from'), name='notices_notice_one_from_each_date'), models.CheckConstraint(condition=models.Q(('html', ''), _negated=True), name='notices_notice_says_something')],
                    },
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='privacynotice',
                    trigger=pgtrigger.compiler.Trigger(name='stays', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='5b00ab6d1325436b07b759e3c22165bf1dc55293', operation='UPDATE OR DELETE', pgid='pgtrigger_stays_284c3', table='notices_privacynotice', when='BEFORE')),
                ),
            ],
        ),
    ]
