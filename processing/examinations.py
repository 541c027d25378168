"""The register's part of `manage.py doctor`."""

from collections.abc import Iterator
from datetime import datetime

from core.doctor import FAIL, OK, Finding, register
from processing import gates
from processing.models import PurposeVersion, Status


def purposes(now: datetime) -> Iterator[Finding]:
    """What was true when a purpose went live can end: an assessment runs out, a form is taken down."""
    live = PurposeVersion.objects.filter(status=Status.LIVE).select_related("purpose").order_by("purpose__slug")
    lapsed = [(version, gates.missing(version.purpose, version.basis)) for version in live]
    for version, sentences in lapsed:
        for sentence in sentences:
            yield Finding(FAIL, f"{version.purpose.slug} is live, but: {sentence}", "Admin: renew it or retire it.")
    if not any(sentences for _version, sentences in lapsed):
        yield Finding(OK, f"{len(lapsed)} purposes are live and may be.")


def register_all() -> None:
    register("purposes", purposes)
