from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("subjects", "0020_holds_by_category_role_source_and_law")]

    operations = [
        migrations.AlterField(
            model_name="erasureblock",
            name="kind",
            field=models.CharField(
                choices=[
                    ("hold", "Legal hold"),
                    ("access_request", "Pending request for a copy, or for data to take along"),
                    ("claim", "Legal claim"),
                    ("restriction", "Restricted at the person's request"),
                ],
                max_length=16,
            ),
        ),
    ]
