from django.db import migrations


class Migration(migrations.Migration):
    """A package that was made before has no pieces: it counts as over, and is made anew when it is needed."""

    dependencies = [
        ("requests", "0011_transfers_to_others"),
    ]

    operations = [
        migrations.RemoveField(model_name="package", name="sealed"),
    ]
