"""Root or not, with user namespaces or without: the same product, and nobody's directories are opened."""

import os
import shutil
import signal
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from kraken_privacy.embedded.home import Home
from tests.stack.fixtures import as_root, modes_above
from tests.stack.stack import ROOT, RUN, RunningStack
from tests.waiting import PATIENCE

pytestmark = pytest.mark.stack
NOBODY = 65534


def can_be_read_by_all(path: Path) -> bool:
    return all(place.stat().st_mode & stat.S_IXOTH for place in (path.resolve(), *path.resolve().parents))


def python_for_all() -> str:
    """An interpreter of this version that an ordinary user can run."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (Path(sys.executable), Path("/usr/bin") / version, Path("/usr/local/bin") / version):
        if candidate.exists() and can_be_read_by_all(candidate):
            return str(candidate)
    return pytest.skip(f"no {version} that another user could run")


def linked(source: str, target: str) -> None:
    """The packages are a gigabyte, which need not be there twice."""
    try:
        os.link(os.path.realpath(source), target)
    except OSError:
        shutil.copy2(source, target)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A directory that everybody can enter, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="kraken-open-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def ordinary_stack(open_folder: Path) -> Iterator[RunningStack]:
    # What is compiled is taken along: this user may not write it, and every process would compile all of it again.
    skip = shutil.ignore_patterns(".git", ".venv*", "var", ".*_cache", "*.pyc.*")
    shutil.copytree(ROOT, open_folder / "tree", ignore=skip)
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    if not can_be_read_by_all(Path(packages)):
        shutil.copytree(packages, open_folder / "packages", copy_function=linked)
        packages = str(open_folder / "packages")
    (open_folder / "home").mkdir()
    os.chown(open_folder / "home", NOBODY, NOBODY)
    stack = RunningStack(
        open_folder / "home" / "var",
        command=(python_for_all(), *RUN),
        cwd=open_folder / "tree",
        extra_env={"PYTHONPATH": packages, "PYTHONDONTWRITEBYTECODE": "1"},
        user={"user": NOBODY, "group": NOBODY, "extra_groups": []},
    )
    yield stack
    stack.end()


@as_root
def test_an_ordinary_user_runs_it(ordinary_stack: RunningStack) -> None:
    ordinary_stack.start()
    assert httpx.get(f"{ordinary_stack.base_url}/healthz", timeout=PATIENCE).status_code == 200
    assert (ordinary_stack.var / "postgres").stat().st_uid == NOBODY
    ordinary_stack.stop(signal.SIGKILL)
    assert ordinary_stack.is_gone()


@as_root
def test_root_without_user_namespaces_keeps_the_database_outside(make_stack) -> None:
    stack = make_stack(extra_env={"KRAKEN_NO_NAMESPACES": "1"})
    before = modes_above(stack.var.parent)
    try:
        stack.start()
        outside = Path((stack.var / "cluster-is-in").read_text().strip())
        assert not outside.is_relative_to(ROOT)
        assert stat.S_IMODE(outside.stat().st_mode) == 0o700
        assert httpx.get(f"{stack.base_url}/healthz", timeout=PATIENCE).status_code == 200
        stack.stop(signal.SIGKILL)
        assert stack.is_gone()
        assert modes_above(stack.var.parent) == before
        assert Home(stack.var).cluster == outside
    finally:
        stack.end()
        shutil.rmtree((stack.var / "cluster-is-in").read_text().strip(), ignore_errors=True)
