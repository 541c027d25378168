"""A "no" takes effect when it is said: withdrawn consents (UK GDPR Art 7(3)) and direct marketing (Art 21(3)).

It needs no proof of who says it. People decide the rest of an objection.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from consents.withdraw import ALL_MARKETING, withdraw
from processing.models import Basis, PurposeVersion, Status
from requests.models import Right, RightsRequest
from subjects.identifiers import Claim


def stop_at_once(
    requests: Iterable[RightsRequest], email: Claim, stop: Sequence[str] | None, *, now: datetime, actor: str
) -> None:
    """Stop what these requests say no to, and note on each what it stopped. The widest sense when `stop` is None."""
    saying_no = [one for one in requests if one.right in (Right.OBJECTION, Right.WITHDRAWAL)]
    chosen = list(dict.fromkeys([ALL_MARKETING] if stop is None else stop)) if saying_no else []
    named = [slug for slug in chosen if slug != ALL_MARKETING]
    is_test = bool(saying_no) and saying_no[0].case.is_test
    if ALL_MARKETING in chosen:
        withdraw([email], purposes=ALL_MARKETING, now=now, actor=actor, is_test=is_test)
    if named:
        withdraw([email], purposes=named, now=now, actor=actor, is_test=is_test)
    for one in saying_no:
        stopped = [slug for slug in chosen if _belongs(slug, one.right, saying_no)]
        if stopped:
            one.result = {**one.result, "stopped": stopped}
            one.save(update_fields=["result"])


def consent_purposes() -> list[tuple[str, str]]:
    """(slug, title) of every purpose that people can have agreed to."""
    live = PurposeVersion.objects.filter(status=Status.LIVE, basis=Basis.CONSENT).order_by("title")
    return list(live.values_list("purpose__slug", "title"))


def in_words(stopped: Iterable[str]) -> list[str]:
    """What was stopped, as a person would say it."""
    titles = dict(PurposeVersion.objects.filter(status=Status.LIVE).values_list("purpose__slug", "title"))
    return [_("All direct marketing") if slug == ALL_MARKETING else titles.get(slug, slug) for slug in stopped]


def _belongs(slug: str, right: str, saying_no: list[RightsRequest]) -> bool:
    """Marketing is what an objection ends, and a withdrawal when nothing else was said."""
    if slug != ALL_MARKETING:
        return right == Right.WITHDRAWAL or len(saying_no) == 1
    return right == Right.OBJECTION or len(saying_no) == 1
