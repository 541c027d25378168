"""An answer that waits for the button in a mail without whoever sent it seeing that (consents/unproven.py says why).

They are told what everybody is told, or the answer would say who has objected. What they are given is therefore worded
so that it is true either way, and made of the same parts: nothing of what waits is an event yet.
"""

from contextlib import suppress
from datetime import datetime
from uuid import UUID, uuid4

from consents import capture, forms
from consents.answers import Answer
from consents.capture import Captured
from consents.models import ConsentEvent, ConsentFormVersion, PendingConsent
from consents.withdraw import withdraw
from core.errors import Invalid
from subjects import people


def told(answer: Answer, *, consent: UUID, entry: UUID, at: datetime) -> Captured:
    """What whoever sent an answer that waits unseen is told: what they would be told if it counted."""
    return capture.as_counted(answer, consent=consent, entry=entry, at=at)


def emptied(pending: PendingConsent) -> Answer:
    """What can be told of it once its person is erased: what was answered, and nothing of whom."""
    version = ConsentFormVersion.objects.select_related("form").get(pk=pending.form_version)
    shown = forms.accepted(version.form.slug, version.number, version.locale, now=pending.requested_at)
    return Answer(shown, [], pending.choices, pending.requested_at, pending.is_test, proof={})


def refuse(answer: Answer, *, now: datetime, actor: str, collected_by: str) -> None:
    """Of an answer that waits: what it says "no" to does not wait, where there is somebody to whom it may matter."""
    noes = [control for control in answer.shown.controls if not answer.choices[control["key"]]]
    if noes and people.find(answer.claims, is_test=answer.is_test):
        choices = {control["key"]: False for control in noes}
        capture.capture(answer.only(choices), now=now, actor=actor, collected_by=collected_by, unproven=True)
    elif any(people.is_known(claim) for claim in answer.claims):
        # Several people have the address: as with an unsubscribe link, nothing of it is written there any more.
        for control in noes:
            # What rests on consent no more is not withdrawn, nor done as a consent.
            with suppress(Invalid):
                withdraw(
                    answer.claims,
                    purposes=[control["purpose"]],
                    channel=control["channel"],
                    now=now,
                    actor=actor,
                    collected_by=collected_by,
                    is_test=answer.is_test,
                )


def events(pending: PendingConsent, answer: Answer) -> list[ConsentEvent]:
    """What would have been recorded, not stored: for the receipt that whoever answered is offered. Of nobody yet."""
    return [
        ConsentEvent(
            id=number,
            uuid=uuid4(),
            consent=pending.uuid,
            subject=pending.uuid,
            purpose=answer.shown.purposes[line.purpose].uuid,
            channel=line.channel,
            status=line.status,
            effective_at=pending.requested_at,
            valid_until=line.valid_until,
            recorded_at=pending.requested_at,
            form_version=pending.form_version,
            origin="direct",
            collected_by=pending.collected_by,
            actor=pending.actor,
            entry=pending.entry,
        )
        for number, line in enumerate(capture.lines_of(answer))
    ]
