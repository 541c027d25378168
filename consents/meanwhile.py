"""What a person chose between a form and the button in the mail about it: the later word stands."""

from datetime import datetime

from consents.answers import Answer
from consents.models import ConsentState
from consents.unproven import ANSWERS, meet
from subjects.models import DataSubject


def not_overtaken(answer: Answer, person: DataSubject | None, *, since: datetime) -> Answer:
    """Without each "no" that the person has answered since, or that was recorded at once (consents/unseen.py)."""
    if person is None:
        return answer
    chosen = ConsentState.objects.filter(subject=person.uuid, status__in=ANSWERS, effective_at__gte=since)
    later = list(chosen.values_list("purpose__slug", "channel"))
    choices = {
        control["key"]: answer.choices[control["key"]]
        for control in answer.shown.controls
        if answer.choices[control["key"]]
        or not any(slug == control["purpose"] and meet(channel, control["channel"]) for slug, channel in later)
    }
    return answer.only(choices)
