from django.db import migrations, models

RIGHTS = [
    ("access", "Get a copy of your data"),
    ("rectification", "Have your data corrected"),
    ("erasure", "Have your data deleted"),
    ("restriction", "Limit how your data is used"),
    ("portability", "Take your data elsewhere"),
    ("objection", "Object to how your data is used"),
    ("withdrawal", "Withdraw a consent"),
    ("adm_review", "Have an automated decision reviewed"),
    ("general", "Look into what you wrote"),
]


class Migration(migrations.Migration):
    dependencies = [("requests", "0001_initial")]

    operations = [
        migrations.AlterField("rightsrequest", "right", models.CharField(choices=RIGHTS, max_length=16)),
        migrations.RemoveConstraint("rightsrequest", "requests_right_known"),
        migrations.AddConstraint(
            "rightsrequest",
            models.CheckConstraint(
                condition=models.Q(("right__in", [name for name, _label in RIGHTS])), name="requests_right_known"
            ),
        ),
    ]
