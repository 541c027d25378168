"""The demo's data, as written in the YAML files beside this module."""

import uuid
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
REGISTER = FOLDER / "register.yml"
# How the ledger names who loaded the demo, and the invented director who approves what two people must agree on.
ACTOR = "system:demo"
DIRECTOR = "system:demo-director"
NOTICE = "1.0"
# Evidence ids of data that came from others: the same in every demo.
NAMESPACE = uuid.UUID("6e1f2a64-2f4e-4a55-9b0b-1f0c55b1a001")


def read(name: str) -> Any:
    return yaml.safe_load((FOLDER / f"{name}.yml").read_text("utf-8"))
