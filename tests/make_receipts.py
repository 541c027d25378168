"""The schema of receipts, for any test that has one."""

import json
from pathlib import Path

import jsonschema
from django.conf import settings

SCHEMA = json.loads((Path(settings.BASE_DIR) / "docs" / "receipt.schema.json").read_text())


def check(record):
    jsonschema.Draft202012Validator(SCHEMA).validate(record)
