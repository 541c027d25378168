"""How much one transaction of a run takes along: as much as keeps its locks short, whatever the machine."""

from time import monotonic
from types import TracebackType

# Nobody waits longer than a page may take: a person's rows stay locked from the first statement to the commit.
AIM = 0.12
SMALLEST, LARGEST, FIRST = 50, 2000, 100


class Pace:
    """The size of the next batch. Entered around each transaction: it grows while that is quick and shrinks at once.

    `share`: this worker's number, and of how many. Each begins with people of its own, or they would all read the same
    rows and find them locked.
    """

    def __init__(self, fixed: int = 0, share: tuple[int, int] = (0, 1)) -> None:
        self.share = share
        self.size, self._fixed = fixed or FIRST, bool(fixed)
        self.longest = 0.0
        # How many this transaction worked, if it says so: others may have been at work on the rest.
        self.worked = self.size

    def __enter__(self) -> None:
        self._began, self.worked = monotonic(), self.size

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        took = monotonic() - self._began
        self.longest = max(self.longest, took)
        if self.worked and not self._fixed:
            wanted = int(min(self.worked * AIM / max(took, 0.001), self.size * 2))
            self.size = max(SMALLEST, min(wanted, LARGEST))
