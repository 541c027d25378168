"""What every benchmark takes and gives."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


def cpu(pid: int) -> float:
    """Seconds of processor time a process has used (proc_pid_stat(5)). Unlike a clock it does not see neighbours."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Plan:
    """How long and how often to measure."""

    seconds: float = 2.0
    rounds: int = 5


@dataclass(frozen=True)
class Result:
    """`value` and `baseline` are speeds in the same unit, so a ratio of 1 is as fast as the baseline."""

    name: str
    value: float
    unit: str
    baseline: float
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        return self.value / self.baseline
