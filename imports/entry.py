"""What staff enter by hand, through the same door as a file: a person. Requests: requests/entering.py."""

from collections.abc import Mapping
from datetime import datetime

from imports.kinds import people
from subjects.models import DataSubject


def add_person(values: Mapping[str, str], *, actor: str, now: datetime) -> DataSubject:
    """One person, read as a row of a file is. Raises Invalid naming fields of imports/kinds/people.py."""
    read = people.read(values, now=now)
    return people.store(read, actor=actor, now=now).subject
