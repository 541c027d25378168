"""Work ahead of its use, and work that the garbage collector leaves alone."""

import gc
import threading

import pytest

from core.ahead import ahead
from core.undisturbed import undisturbed
from tests.waiting import PATIENCE


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("count", range(5))
def test_everything_comes_once_and_in_order(count, threads):
    found = ahead(lambda number: number * 2, iter(range(count)), threads)
    assert list(found) == [number * 2 for number in range(count)]


def test_the_next_one_is_made_while_the_one_before_is_used():
    begun = [threading.Event() for _number in range(3)]

    def make(number):
        begun[number].set()
        return number

    for number in ahead(make, range(3)):
        # It would wait in vain if nobody worked ahead.
        assert begun[min(number + 1, 2)].wait(PATIENCE)


def test_two_are_made_at_once():
    together = threading.Barrier(2)
    # Each waits for the other: one after the other they would wait in vain.
    assert list(ahead(lambda number: together.wait(PATIENCE) >= 0 and number, range(4), 2)) == [0, 1, 2, 3]


def test_an_error_is_raised_in_its_turn():
    found = ahead(lambda number: 1 / (2 - number), range(5))
    assert [next(found), next(found)] == [0.5, 1]
    with pytest.raises(ZeroDivisionError):
        next(found)


def test_whoever_stops_early_leaves_no_thread():
    before = set(threading.enumerate())
    found = ahead(str, range(9))
    next(found)
    found.close()
    # Threads of earlier tests may end meanwhile.
    assert set(threading.enumerate()) <= before


def test_the_collector_rests_until_the_last_piece_ends():
    with undisturbed():
        with undisturbed():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_the_collector_works_again_after_an_error():
    with pytest.raises(ZeroDivisionError), undisturbed():
        raise ZeroDivisionError
    assert gc.isenabled()
