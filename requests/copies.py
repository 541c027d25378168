"""Whether the copy, or the set to take along, that somebody asked for is made as it would be sent (Arts 15 and 20)."""

from datetime import datetime

from requests.freeze import COPIED
from requests.models import Package, RightsRequest
from requests.untold import is_stranger
from requests.workflow import CLOSED, State


def is_to_make(rights_request: RightsRequest) -> bool:
    """Whether it is still to be made, or made anew. What was sent in part was given as far as it went."""
    is_owed = rights_request.right in COPIED and rights_request.is_open and not _was_given(rights_request)
    return is_owed and not is_made(rights_request)


def is_made(rights_request: RightsRequest) -> bool:
    """Whether it would be whole if everything of the person went now.

    Not by what was made before the request was taken up again, for that was the first answer, or came before what the
    person has shown, said or paid since; nor by what is to be made anew, or was emptied because nobody sent it.
    """
    made = Package.objects.kept().filter(request=rights_request).first()
    if made is None or "purposes" not in rights_request.result or is_stale(rights_request, made):
        return False
    return not rights_request.events.filter(old__in=CLOSED, at__gt=made.made_at).exists()


def _was_given(rights_request: RightsRequest) -> bool:
    """In part. That nothing was found gave nothing to somebody who turned out to be known."""
    if rights_request.state != State.PARTLY_ANSWERED:
        return False
    return "purposes" in rights_request.result or is_stranger(rights_request)


def is_stale(rights_request: RightsRequest, made: Package) -> bool:
    """It was frozen before something was decided about it, or left out."""
    result = rights_request.result
    if "purposes" not in result:
        return False
    if "changed_at" in result and datetime.fromisoformat(result["changed_at"]) > made.made_at:
        return True
    return rights_request.decisions.filter(decided_at__gt=made.made_at).exists()
