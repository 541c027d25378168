"""A column for PostgreSQL's 64-bit transaction ids, which never wrap."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class TransactionIdField(models.Field):
    description = "PostgreSQL transaction id (xid8)"

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "xid8"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> int | None:
        return None if value is None else int(value)

    def get_prep_value(self, value: Any) -> str | None:
        # There is no operator between xid8 and bigint, and no cast: the number travels as text.
        return None if value is None else str(int(value))

    def get_placeholder(self, value: Any, compiler: Any, connection: BaseDatabaseWrapper) -> str:
        return "%s::xid8"
