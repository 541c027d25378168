"""What a person chose between a form and the button in the mail about it: the later word stands, if it is theirs.

What came since from somebody who has proved nothing is no word of theirs. So the button says each "no" of the form
against it, and says again, as proved now, one that was recorded at once (consents/unseen.py).
"""

from datetime import datetime

from consents.answers import Answer
from consents.models import ConsentEvent
from consents.states import going_on, states_of
from consents.unproven import ANSWERS, meet, unproven_entries
from subjects.models import DataSubject


def not_overtaken(answer: Answer, person: DataSubject | None, *, since: datetime) -> Answer:
    """Without each "no" that the person has answered since."""
    if person is None:
        return answer
    said = ConsentEvent.objects.filter(subject=person.uuid, status__in=ANSWERS, effective_at__gte=since)
    later = list(said.values_list("purpose", "channel", "entry"))
    unproven = unproven_entries(entry for _purpose, _channel, entry in later)
    theirs = [(purpose, channel) for purpose, channel, entry in later if entry not in unproven]
    choices = {
        control["key"]: answer.choices[control["key"]]
        for control in answer.shown.controls
        if answer.choices[control["key"]]
        or not any(
            purpose == answer.shown.purposes[control["purpose"]].uuid and meet(channel, control["channel"])
            for purpose, channel in theirs
        )
    }
    return answer.only(choices)


def ends(answer: Answer, person: DataSubject | None, *, since: datetime, now: datetime) -> list[str]:
    """The controls to which the form says no, and which the button will end because a "yes" stands."""
    if person is None:
        return []
    standing = going_on(states_of(person), now=now)
    return [
        control["key"]
        for control in not_overtaken(answer, person, since=since).shown.controls
        if not answer.choices[control["key"]]
        and any(slug == control["purpose"] and meet(channel, control["channel"]) for slug, channel in standing)
    ]
