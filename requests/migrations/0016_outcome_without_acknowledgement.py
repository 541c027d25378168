from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("requests", "0015_codes_are_checked_by_one_pattern"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="complaint",
            name="requests_complaint_outcome_acknowledged",
        ),
    ]
