"""As 0004: a later change of the column had made the foreign key of a block anew, without its RESTRICT."""

from importlib import import_module

from django.db import migrations

LATER = import_module("subjects.migrations.0011_later_keys_restrict_too")
AGAIN = LATER.RESTRICT.replace("'subjects_personaldataitem'::regclass", "'subjects_datasubject'::regclass")


class Migration(migrations.Migration):
    dependencies = [("subjects", "0015_people_who_are_kept_though_empty")]

    operations = [migrations.RunSQL(AGAIN, migrations.RunSQL.noop)]
