import django.contrib.postgres.fields
from django.db import migrations, models

OF_SOMEBODY = models.Q(
    categories=None,
    collected_from=None,
    collected_to=None,
    jurisdictions=None,
    organisation=None,
    roles=None,
    sources=None,
    subject__isnull=False,
    system=None,
)
RULE = models.Q(item=None, kind="hold", subject=None)


def several(field):
    return django.contrib.postgres.fields.ArrayField(base_field=field, null=True, size=None)


class Migration(migrations.Migration):
    dependencies = [("subjects", "0019_applications_are_closed_with_an_outcome")]

    operations = [
        migrations.AddField("erasureblock", "categories", several(models.BigIntegerField())),
        migrations.AddField("erasureblock", "roles", several(models.CharField(max_length=20))),
        migrations.AddField("erasureblock", "sources", several(models.CharField(max_length=16))),
        migrations.AddField("erasureblock", "jurisdictions", several(models.CharField(max_length=2))),
        migrations.RemoveConstraint("erasureblock", "subjects_block_is_of_somebody_or_a_rule"),
        migrations.AddConstraint(
            "erasureblock",
            models.CheckConstraint(condition=OF_SOMEBODY | RULE, name="subjects_block_is_of_somebody_or_a_rule"),
        ),
    ]
