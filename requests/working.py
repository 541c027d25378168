"""What waits in cases for whoever works on them: messages from people, and letters that nobody has got yet."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from core.models import User
from requests.models import CaseFile, Complaint, Message, RightsRequest


def cases_visible_to(user: User | AnonymousUser) -> QuerySet[CaseFile]:
    """Cases of which this user may see a request or a complaint."""
    mine = Q(pk__in=RightsRequest.objects.visible_to(user).values("case"))
    return CaseFile.objects.filter(mine | Q(pk__in=Complaint.objects.visible_to(user).values("case")))


def waiting(user: User | AnonymousUser) -> QuerySet[Message]:
    """Messages that nobody has dealt with, the oldest first."""
    rows = Message.objects.waiting().filter(case__in=cases_visible_to(user), case__is_test=False)
    return rows.select_related("case").defer("sealed").order_by("at")
