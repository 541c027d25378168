import django.core.serializers.json
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("subjects", "0018_people_who_were_kept_though_empty")]

    operations = [
        migrations.AddField(
            model_name="relationship",
            name="application_outcome",
            field=models.CharField(
                blank=True,
                choices=[
                    ("unsuccessful", "Unsuccessful"),
                    ("withdrawn", "Withdrawn by the applicant"),
                    ("hired", "Hired"),
                ],
                db_default="",
                default="",
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="relationship",
            name="application_undo",
            field=models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder, null=True),
        ),
        migrations.AlterField(
            model_name="relationship",
            name="role",
            field=models.CharField(
                choices=[
                    ("customer_contact", "Customer contact"),
                    ("prospect", "Prospect"),
                    ("applicant", "Job applicant"),
                    ("visitor", "Site visitor"),
                    ("supplier_contact", "Supplier contact"),
                    ("subscriber", "Subscriber"),
                    ("employee", "Employee"),
                ],
                max_length=20,
            ),
        ),
    ]
