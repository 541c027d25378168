#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys


def main() -> None:
    if not {"SECRET_KEY", "SECRET_KEY_FILE"} & os.environ.keys():
        # No installation is named, so the one that `make run` keeps up is meant.
        from kraken_privacy.embedded import manage

        sys.exit(manage.main())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kraken_privacy.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
