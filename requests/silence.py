"""No request ends in silence: whoever closes one by hand has written to the person about it (UK GDPR Art 12(3), (4)).

What is answered by doing it writes its own letter. A message that named no right may also end in what was found in it.
"""

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from requests.models import Letter, Message, Right, RightsRequest
from requests.workflow import CLOSED, State

ANSWERED = {State.FULFILLED, State.PARTLY_FULFILLED, State.REFUSED}
# These say that it arrived, or ask for something. None of them is an answer.
NO_ANSWER = {"acknowledgement", "id_request", "clarification", "asked_again", "extension", "fee_notice"}


class NothingWritten(DomainError):
    code = "nothing-written"
    message = _("Nothing was written to the person about this request yet. Write to them first, then close it.")


def check(rights_request: RightsRequest, to: State) -> None:
    """Raises NothingWritten when this step would close it without a word."""
    if to in ANSWERED and not is_told(rights_request):
        raise NothingWritten


def is_told(rights_request: RightsRequest) -> bool:
    """Whether the person was written to since the request was opened, or taken up again."""
    case = rights_request.case
    again = rights_request.events.filter(old__in=CLOSED).order_by("-pk").values_list("at", flat=True).first()
    letters = Letter.objects.filter(request=rights_request).exclude(kind__in=NO_ANSWER)
    said = case.messages.filter(direction=Message.Direction.OUT)
    if again:
        letters, said = letters.filter(created_at__gte=again), said.filter(at__gte=again)
    if letters.exists() or said.exists():
        return True
    if rights_request.right != Right.GENERAL:
        return False
    return case.requests.exclude(pk=rights_request.pk).exists() or case.complaints.exists()
