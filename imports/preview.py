"""What a file would say here: its first rows as they are understood, and its errors by line and column."""

from datetime import date, datetime
from typing import Any

from django.utils.dateformat import format as format_date
from django.utils.translation import gettext as _

from core.errors import DomainError
from core.models import Owner
from core.vault import key_of
from imports import staging
from imports.fields import Field, Values
from imports.kinds import KINDS
from imports.models import Import, Row

ROWS = 20
ERRORS = 100
SAMPLES = 3


def columns(job: Import) -> list[dict[str, Any]]:
    """Each column of the file with its heading, what it is taken for, and the first things that stand in it."""
    layout, key = staging.layout_of(job), key_of(Owner.IMPORT, job.uuid)
    rows = [staging.cells_of(key, row) for row in job.rows.exclude(sealed=None).order_by("line")[:SAMPLES]]
    return [
        {
            "number": number,
            "header": header,
            "field": layout["columns"][number],
            "samples": [row[number] for row in rows if number < len(row) and row[number].strip()],
        }
        for number, header in enumerate(layout["headers"])
    ]


def rows(job: Import, *, now: datetime) -> tuple[list[Field], list[dict[str, Any]]]:
    """(fields that the file holds, the first rows with a cell for each of them)."""
    layout, key = staging.layout_of(job), key_of(Owner.IMPORT, job.uuid)
    held = {*layout["columns"], *layout["fixed"]}
    fields = [field for field in KINDS[job.kind].fields() if field.name in held]
    found = []
    for row in job.rows.exclude(sealed=None).order_by("line")[:ROWS]:
        values = staging.values_of(layout, staging.cells_of(key, row))
        wrong = {name for name, _sentence in staging.errors_of(key, row)} if row.state == Row.State.WRONG else set()
        understood = _understood(job.kind, values, now=now)
        cells = [
            {"label": field.label, "text": understood.get(field.name, ""), "is_wrong": field.name in wrong}
            for field in fields
        ]
        found.append({"row": row, "cells": cells})
    return fields, found


def errors(job: Import) -> list[dict[str, str | int]]:
    """The first errors, one by one: line, column, sentence."""
    layout, key = staging.layout_of(job), key_of(Owner.IMPORT, job.uuid)
    wrong = job.rows.filter(state=Row.State.WRONG).order_by("line")[:ERRORS]
    return [{"line": row.line, **one} for row in wrong for one in staging.described(job, row, key, layout)]


def _understood(slug: str, values: Values, *, now: datetime) -> dict[str, str]:
    """The values as they would be stored, in words; as they stand where the row cannot be read."""
    kind = KINDS[slug]
    try:
        read = kind.read(values, now=now)
    except DomainError:
        return dict(values)
    return {name: _words(read.get(kind.names.get(name, name), text), text) for name, text in values.items()}


def _words(value: Any, text: str) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, date):
        return format_date(value, "j F Y")
    if isinstance(value, dict):
        return ", ".join(value)
    if isinstance(value, tuple):
        return str(value[-1])
    if isinstance(value, list):
        return ", ".join(str(getattr(one, "label", one)) for one in value)
    return str(getattr(value, "label", value)) if value is not None else text
