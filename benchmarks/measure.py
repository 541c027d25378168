"""What every benchmark takes and gives."""

from dataclasses import dataclass, field
from typing import Any


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
