import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("processing", "0001_squashed_0003_recipients_can_be_reached"),
        ("retention", "0019_holds_by_category_role_source_and_law"),
    ]

    operations = [
        migrations.AddField(
            "systemrecord",
            "purpose",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="processing.purpose",
            ),
        ),
    ]
