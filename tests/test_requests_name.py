"""Our app `requests` has the name of a well-known library: each side must be known to be the right one."""

import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from rest_framework import compat
from rest_framework.test import APIClient

import requests


def test_the_name_is_our_app() -> None:
    assert Path(requests.__file__).parent == Path(settings.BASE_DIR) / "requests"
    assert apps.get_app_config("requests").name == "requests"


def test_the_library_is_not_installed() -> None:
    assert "requests" not in packages_distributions()


def test_rest_framework_does_not_take_us_for_the_library() -> None:
    assert compat.requests is None
    assert APIClient()


@pytest.mark.parametrize("command", [["check"], ["spectacular", "--file", "/dev/null"]])
def test_commands_that_meet_the_guard_start(command: list[str]) -> None:
    """In a fresh process, from another directory: the order of imports is not that of a test run."""
    manage = str(Path(settings.BASE_DIR) / "manage.py")
    done = subprocess.run([sys.executable, manage, *command], cwd="/", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
