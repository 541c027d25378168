"""Conditions of CHECK constraints."""

from collections.abc import Iterable

from django.db.models import Q


def one_of(field: str, values: Iterable[str]) -> Q:
    """The field is one of these codes, for tables that every hot path writes to.

    PostgreSQL reads the expression of a constraint anew for each statement that writes. One pattern is a fraction of
    the list that `field__in` becomes, each value with its own casts.
    """
    return Q(**{f"{field}__regex": f"^({'|'.join(values)})$"})
