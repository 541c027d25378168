"""Which letters somebody of the staff sees: those about a request or a complaint that they may know of."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q

from core.models import User
from requests.models import Complaint, Letter, RightsRequest
from requests.models_letters import LetterQuerySet


def visible_to(user: User | AnonymousUser) -> LetterQuerySet:
    requests = RightsRequest.objects.visible_to(user)
    of_requests = Q(request__in=requests) | Q(request=None, complaint=None, case__in=requests.values("case"))
    found = Letter.objects.filter(of_requests | Q(complaint__in=Complaint.objects.visible_to(user)))
    return found.select_related("case", "request", "complaint").defer("sealed")


def owed(user: User | AnonymousUser) -> LetterQuerySet:
    """What waits to be posted or came back, oldest first."""
    return visible_to(user).owed().filter(case__is_test=False).order_by("created_at", "pk")


def of_request(rights_request: RightsRequest) -> list[Letter]:
    """What was written about a request, or about its whole case, newest first."""
    case = rights_request.case
    found = case.letters.filter(Q(request=rights_request) | Q(request=None, complaint=None))
    return list(found.with_delivery().defer("sealed").order_by("-pk"))
