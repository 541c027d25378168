"""The demo's data, as written in the YAML files beside this module."""

from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
REGISTER = FOLDER / "register.yml"
# How the ledger names who loaded the demo, and the invented director who approves what two people must agree on.
ACTOR = "system:demo"
DIRECTOR = "system:demo-director"


def read(name: str) -> Any:
    return yaml.safe_load((FOLDER / f"{name}.yml").read_text("utf-8"))
