"""Telling the letters that one of them came back: it was not given until somebody sees to it."""

from datetime import datetime
from uuid import UUID

from requests import acknowledging, posting


def bounced(outgoing: UUID, *, actor: str, now: datetime) -> bool:
    """Returns whether the message was a letter, the notice of one, or acknowledged a complaint.

    Other mail that came back is only read by staff.
    """
    letter = posting.of_message(outgoing)
    if letter is None:
        return acknowledging.message_came_back(outgoing, actor=actor, now=now)
    posting.bounced(letter, actor=actor, now=now)
    return True
