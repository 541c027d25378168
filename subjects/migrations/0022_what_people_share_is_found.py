from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("subjects", "0021_a_block_for_data_to_take_along")]

    operations = [
        migrations.AddIndex(
            model_name="subjectidentifier",
            index=models.Index(
                models.F("subject"),
                models.F("identifier"),
                condition=models.Q(("is_shared", True)),
                name="subjects_shared_links",
            ),
        ),
    ]
