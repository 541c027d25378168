"""Install a lock file with pip, showing how far it is. Run as a script: nothing of ours is installed yet.

Most of the time goes by waiting for the index, so several pips each take a share of the packages. The lock names every
package, and none of them looks at what another needs.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

SHARES = 4
SHOWN = re.compile(r"Collecting (\S+?)==")
# Only a part of all modules is ever imported: Python compiles those when it is.
PIP = (
    *("-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar=off"),
    *("--no-compile", "--require-hashes", "--no-deps", "--requirement"),
)


def main(lock: Path) -> int:
    packages = re.split(r"^(?=[a-z0-9]\S*==)", lock.read_text(), flags=re.MULTILINE)[1:]
    seen = count(1)

    def look(line: str) -> None:
        if found := SHOWN.match(line):
            show(f"  {next(seen):3} of up to {len(packages)}: {found[1]}")

    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(SHARES) as pool:
        shares = list(pool.map(lambda share: not run(share, look)[0], split(packages, Path(name))))
    # Two at once may have met in one directory, or the network was gone for a moment: what is there stays as it is.
    code, said = (0, []) if all(shares) else run(lock, look)
    if code == 0:
        show("  installed", last=True)
        return 0
    print("\n" + "".join(said[-8:]), end="")
    print(f"The packages of {lock} could not be installed: check the network, then run the same command again.")
    return 1


def split(packages: list[str], folder: Path) -> Iterator[Path]:
    """A file for each share."""
    for number in range(SHARES):
        if mine := packages[number::SHARES]:
            share = folder / f"{number}.txt"
            share.write_text("".join(mine))
            yield share


def run(requirements: Path, look: Callable[[str], object]) -> tuple[int, list[str]]:
    """Its code and what it said."""
    said: list[str] = []
    with subprocess.Popen(
        [sys.executable, *PIP, str(requirements)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as pip:
        for line in pip.stdout or ():
            said.append(line)
            look(line)
    return pip.returncode, said


def show(text: str, *, last: bool = False) -> None:
    """One line that changes on a terminal; in a log a line for each."""
    if sys.stdout.isatty():
        print(f"\r\033[K{text}", end="\n" if last else "", flush=True)
    else:
        print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
