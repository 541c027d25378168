"""What `manage.py doctor` looks at. Each app registers its own examinations; one that falls over is a finding too."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError

OK, WARN, FAIL = "ok", "warn", "fail"


@dataclass(frozen=True)
class Finding:
    """What was found, in a sentence, and what to do about it when it is not well."""

    status: str
    sentence: str
    way_out: str = ""


Examination = Callable[[datetime], Iterator[Finding]]
_examinations: dict[str, Examination] = {}


def register(name: str, examine: Examination) -> None:
    """`examine(now)` yields findings. It only reads. The order of registering is the order of the report."""
    _examinations[name] = examine


def examine(*, now: datetime) -> Iterator[tuple[str, Finding]]:
    """Every finding under the name of its examination."""
    for name, examination in _examinations.items():
        try:
            for finding in examination(now):
                yield name, finding
        except DatabaseError as error:
            yield name, Finding(FAIL, f"The database did not answer ({type(error).__name__}).", "See database above.")
        except Exception as error:  # noqa: BLE001  (whatever is wrong with one part, the others are looked at)
            yield name, Finding(FAIL, f"Looking at this failed ({type(error).__name__}).", "Read the log of the error.")


def failures(name: str, *, now: datetime) -> list[Finding]:
    """What one examination finds that cannot wait, for pages as well."""
    return [finding for finding in _examinations[name](now) if finding.status == FAIL]
