"""Stacks for tests: one that keeps running for all who only use it, and fresh ones for those who break it."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.stack.stack import RunningStack


def modes_above(folder: Path) -> dict[str, str]:
    """Mode and owner of every directory from `folder` up to the root."""
    found = {}
    for place in (folder, *folder.parents):
        status = place.stat()
        found[str(place)] = f"{stat.S_IMODE(status.st_mode):o} {status.st_uid}:{status.st_gid}"
    return found


@pytest.fixture(scope="session")
def running_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A whole stack with the demo in it. A test may restart it or kill its services, and must leave it answering."""
    folder = tmp_path_factory.mktemp("a stack")  # a space in the path must do no harm
    folder.chmod(0o700)
    stack = RunningStack(folder / "var")
    stack.modes_before = modes_above(folder)
    try:
        yield stack.start()
    finally:
        stack.end()


@pytest.fixture
def make_stack(tmp_path: Path) -> Iterator[Callable[..., RunningStack]]:
    """Makes stacks in the test's own directory and ends them all."""
    made: list[RunningStack] = []

    def make(**options) -> RunningStack:
        made.append(RunningStack(options.pop("var", tmp_path / "var"), **options))
        return made[-1]

    yield make
    for stack in made:
        stack.end()


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
