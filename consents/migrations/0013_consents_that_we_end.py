"""Two more states of a consent. What stands is looked at by 0015, which locks nobody out meanwhile."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('consents', '0012_indirect_consents_are_shorter'),
        ('processing', '0001_squashed_0003_recipients_can_be_reached'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='consentevent',
            name='consents_event_status_known',
        ),
        migrations.RemoveConstraint(
            model_name='consentstate',
            name='consents_state_status_known',
        ),
        migrations.AlterField(
            model_name='consentevent',
            name='status',
            field=models.CharField(choices=[('requested', 'Requested'), ('deferred', 'To be asked later'), ('given', 'Given'), ('renewed', 'Renewed'), ('refused', 'Refused'), ('withdrawn', 'Withdrawn'), ('expired', 'Expired'), ('invalidated', 'Invalidated'), ('revoked', 'Ended by us'), ('unknown', 'Unknown')], max_length=12),
        ),
        migrations.AlterField(
            model_name='consentstate',
            name='status',
            field=models.CharField(choices=[('requested', 'Requested'), ('deferred', 'To be asked later'), ('given', 'Given'), ('renewed', 'Renewed'), ('refused', 'Refused'), ('withdrawn', 'Withdrawn'), ('expired', 'Expired'), ('invalidated', 'Invalidated'), ('revoked', 'Ended by us'), ('unknown', 'Unknown')], max_length=12),
        ),
        AddConstraintNotValid(
            model_name='consentevent',
            constraint=models.CheckConstraint(condition=models.Q(('status__regex', '^(requested|deferred|given|renewed|refused|withdrawn|expired|invalidated|revoked|unknown)$')), name='consents_event_status_known'),
        ),
        AddConstraintNotValid(
            model_name='consentstate',
            constraint=models.CheckConstraint(condition=models.Q(('status__regex', '^(requested|deferred|given|renewed|refused|withdrawn|expired|invalidated|revoked|unknown)$')), name='consents_state_status_known'),
        ),
    ]
