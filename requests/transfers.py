"""Handing somebody's data to another controller because they told us to (UK GDPR Art 20(2)).

Nothing goes to anybody without the person's recorded instruction.
"""

from django.db.models import QuerySet

from requests.models import RightsRequest, Transfer

State, Way = Transfer.State, Transfer.Way


def under_way(rights_request: RightsRequest) -> QuerySet[Transfer]:
    """Those to an address of theirs that have not ended: an answer names them as still open."""
    return rights_request.transfers.filter(way=Way.ADDRESS, state__in=[State.WAITING, State.SENDING])


def for_letter(rights_request: RightsRequest) -> list[dict[str, str]]:
    return []
