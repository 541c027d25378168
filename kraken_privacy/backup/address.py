"""The address of the database that Django uses, as libpq understands it."""

from django.db import connection
from psycopg.conninfo import make_conninfo


def of_django() -> str:
    found = connection.settings_dict
    options = {name: value for name, value in found.get("OPTIONS", {}).items() if isinstance(value, str | int)}
    parts = {
        "host": found["HOST"],
        "port": found["PORT"],
        "user": found["USER"],
        "password": found["PASSWORD"],
        "dbname": found["NAME"],
        **options,
    }
    return make_conninfo(**{name: str(value) for name, value in parts.items() if value})
