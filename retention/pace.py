"""How much one transaction of a run takes along: as much as keeps its locks short, whatever the machine."""

from time import monotonic
from types import TracebackType

# Nobody waits longer than a page may take: a person's rows stay locked from the first statement to the commit.
AIM = 0.12
SMALLEST, LARGEST, FIRST = 150, 1000, 300


class Pace:
    """The size of the next batch. Entered around each transaction: it grows while that is quick and shrinks at once."""

    def __init__(self, fixed: int = 0) -> None:
        self.size, self._fixed = fixed or FIRST, bool(fixed)
        self.longest = 0.0

    def __enter__(self) -> None:
        self._began = monotonic()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        took = monotonic() - self._began
        self.longest = max(self.longest, took)
        if not self._fixed:
            wanted = int(self.size * min(AIM / max(took, 0.001), 2))
            self.size = max(SMALLEST, min(wanted, LARGEST))
