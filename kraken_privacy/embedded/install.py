"""Install a lock file with pip, showing how far it is. Run as a script: nothing of ours is installed yet."""

import re
import subprocess
import sys
from pathlib import Path

SHOWN = re.compile(r"Collecting (\S+?)==")


def main(lock: Path) -> int:
    total = len(re.findall(r"^[a-z0-9]\S*==", lock.read_text(), re.MULTILINE))
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar=off",
    ]
    command += ["--require-hashes", "--no-deps", "--requirement", str(lock)]
    said: list[str] = []
    count = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        for line in pip.stdout or ():
            said.append(line)
            found = SHOWN.match(line)
            if found:
                count += 1
                show(f"  {count:3} of up to {total}: {found[1]}")
            elif line.startswith("Installing collected"):
                show("  unpacking")
    if pip.returncode == 0:
        show("  installed", last=True)
        return 0
    print("\n" + "".join(said[-8:]), end="")
    print(f"The packages of {lock} could not be installed: check the network, then run the same command again.")
    return 1


def show(text: str, *, last: bool = False) -> None:
    """One line that changes on a terminal; in a log a line for each."""
    if sys.stdout.isatty():
        print(f"\r\033[K{text}", end="\n" if last else "", flush=True)
    else:
        print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
