"""Runs a management command in the stack that `make run` keeps up: what `manage.py` does when told of no other."""

import os
import sys
from pathlib import Path

from kraken_privacy.embedded.home import Home
from kraken_privacy.embedded.problem import Problem
from kraken_privacy.embedded.screen import complain
from kraken_privacy.embedded.stack import ROOT, assemble


def environment(var: Path) -> dict[str, str]:
    """The environment of the running stack's programs. Raises Problem if none is running."""
    home = Home(var)
    state = home.read_state()
    if not state:
        raise Problem(
            f"Kraken Privacy is not running on {home.var}: start it with `make run` in another terminal, or set the"
            " environment of the installation that you mean (docs/deployment.md)."
        )
    return assemble(home, int(str(state["port"]))).env()


def main() -> int:
    try:
        env = environment(Path(os.environ.get("KRAKEN_VAR") or ROOT / "var"))
    except Problem as problem:
        complain(str(problem))
        return 1
    os.chdir(ROOT)
    os.execve(sys.executable, [sys.executable, "manage.py", *sys.argv[1:]], env)  # noqa: S606


if __name__ == "__main__":
    sys.exit(main())
