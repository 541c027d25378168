"""Between which numbers a group of people must lie, for whoever has all published tables and knows what readers know:
nothing is less than nobody, and a cell that is left out holds somebody, since one of nobody is shown as 0.

Each sum that is known bounds its parts by what the others hold at least and at most, and so on until nothing moves.
What is found so is true; a bound may be closer still than is found.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat

# Kinds of people by their numbers.
Group = frozenset[int]
# So often all sums are gone through at most. What is found by then is true.
PASSES = 50


class Bounds:
    """`known`: sums that are shown, as groups of kinds. `rests`: of each row and column of a table, the cells that are
    left out; what they hold together is known, too.
    """

    def __init__(self, counts: Mapping[int, int], known: Iterable[Group], rests: Iterable[Sequence[Group]]):
        self._counts, most = counts, sum(counts.values())
        shown, rests = list(dict.fromkeys(known)), list(rests)
        cells = list(dict.fromkeys(cell for rest in rests for cell in rest))
        self._low: dict[Group, int] = {frozenset([kind]): 0 for group in [*shown, *cells] for kind in group}
        self._high: dict[Group, int] = dict.fromkeys(self._low, most)
        self._sums: list[tuple[Group, list[Group]]] = []
        for cell in cells:
            self._begin(cell, 1, most)
        for group in shown:
            self._begin(group, self._people(group), self._people(group))
        for rest in rests:
            whole = frozenset[int]().union(*rest)
            self._begin(whole, self._people(whole), self._people(whole), rest)
        self._settle()
        self._beside = self._by_kind()

    def _people(self, group: Group) -> int:
        return sum(self._counts.get(kind, 0) for kind in group)

    def _begin(self, group: Group, low: int, high: int, parts: Sequence[Group] = ()) -> None:
        self._low[group] = max(low, self._low.get(group, 0))
        self._high[group] = min(high, self._high.get(group, high))
        if len(group) > 1:
            self._sums.append((group, list(parts) or [frozenset([kind]) for kind in group]))

    def _settle(self) -> None:
        for _pass in repeat(None, PASSES):
            # All of them, also after one that moved.
            if not sum(self._narrow(whole, parts) for whole, parts in self._sums):
                return

    def _narrow(self, whole: Group, parts: list[Group]) -> bool:
        least, most = sum(self._low[part] for part in parts), sum(self._high[part] for part in parts)
        is_closer = self._set(whole, least, most)
        low, high = self._low[whole], self._high[whole]
        for part in parts:
            others_least, others_most = least - self._low[part], most - self._high[part]
            before = self._low[part], self._high[part]
            is_closer |= self._set(part, low - others_most, high - others_least)
            least += self._low[part] - before[0]
            most += self._high[part] - before[1]
        return is_closer

    def _set(self, group: Group, low: int, high: int) -> bool:
        is_closer = low > self._low[group] or high < self._high[group]
        self._low[group], self._high[group] = max(low, self._low[group]), min(high, self._high[group])
        return is_closer

    def _by_kind(self) -> Mapping[int, list[tuple[Group, int, int]]]:
        """Of each kind the groups it is in, and what these hold less than their kinds could and more than they must."""
        found: dict[int, list[tuple[Group, int, int]]] = defaultdict(list)
        for wide in self._low:
            least, most = self._apart(wide)
            for kind in wide:
                found[kind].append((wide, self._low[wide] - most, self._high[wide] - least))
        return found

    def _apart(self, group: Group) -> tuple[int, int]:
        """What its kinds hold at least and at most, each by itself."""
        ones = [frozenset([kind]) for kind in group]
        return sum(self._low[one] for one in ones), sum(self._high[one] for one in ones)

    def meet(self, group: Group) -> bool:
        """Whether there is one number only that the group could hold."""
        least, most = self._apart(group)
        low, high = least, most
        # Every group around it is around each of its kinds.
        around = min((self._beside[kind] for kind in group), key=len)
        for wide, short, over in around:
            if group <= wide:
                low, high = max(low, short + most), min(high, over + least)
        return low == high
