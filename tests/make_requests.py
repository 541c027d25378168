"""Builders for cases and requests. Import them as `from tests import make_requests`."""

import re
from datetime import UTC, datetime

from core.outbox import deliver_due
from processing.models import System
from requests.intake import open_case
from requests.letter_kinds import AT_ONCE
from requests.models import CaseFile, Letter, RightsRequest, Task
from requests.workflow import NEXT, State

NOW = datetime(2026, 11, 4, 10, 0, tzinfo=UTC)
EMAIL = "grace@example.com"


def system(slug="kraken-privacy", connector="builtin"):
    return System.objects.get_or_create(slug=slug, defaults={"name": slug, "connector": connector})[0]


def case(*rights, email=EMAIL, name="Grace Hopper", details="", channel="web", now=NOW, **given):
    """A case as the public form opens it."""
    return open_case(
        rights=rights or ("access",),
        requester={"name": name, "email": email},
        details=details,
        channel=channel,
        received_at=now,
        received_on=given.pop("received_on", None),
        locale="en-GB",
        actor="public",
        now=now,
        **given,
    )


def written():
    """The letters that somebody or an answer wrote: without what went by itself as something came in."""
    return Letter.objects.exclude(kind__in=AT_ONCE.values())


def came_on(rights_request, day):
    """As if it had been received on that day."""
    CaseFile.objects.filter(pk=rights_request.case_id).update(received_on=day)
    facts = {**rights_request.facts, "received": day.isoformat()}
    RightsRequest.objects.filter(pk=rights_request.pk).update(facts=facts)


def request(right="access", *, state=State.RECEIVED, now=NOW, **given):
    """A request brought to `state` along the shortest way, with every task answered."""
    made = case(right, now=now, **given).requests.get()
    Task.objects.filter(request=made).delete()
    for step in way_to(state):
        if step == State.DUPLICATE:
            made.duplicate_of = case(right, now=now, **given).requests.get()
        made.move(step, actor="user:test", now=now)
    return made


def way_to(state):
    ways = {State.RECEIVED: []}
    queue = [State.RECEIVED]
    while queue:
        here = queue.pop(0)
        for after in sorted(NEXT[here]):
            if after not in ways:
                ways[after] = [*ways[here], after]
                queue.append(after)
    return ways[state]


def token_in(mailbox, *, now=NOW):
    """Deliver what is due and read the link of the newest message."""
    deliver_due(now=now)
    return re.search(r"/rights/confirm/([^/\s]+)/", mailbox[-1].body).group(1)
