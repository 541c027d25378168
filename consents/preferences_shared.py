"""The page of the choices of somebody who has a mailbox or a line with others: what was said there counts for them too.

It is shown as the verdict says it (consents/permission.py), for that is what is done.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from consents import pausing, permission, suppression
from consents.models import Pause
from consents.states import Key
from consents.verdicts import Reason
from processing.models import Channel
from subjects.identifiers import Claim
from subjects.models import DataSubject, SubjectIdentifier

NO = (Reason.SUPPRESSED, Reason.OBJECTED, Reason.CONSENT_WITHDRAWN)


@dataclass(frozen=True)
class Said:
    """What is not done because of a "no" that they have not answered since, and by its name what rests for a while."""

    stopped: set[Key] = field(default_factory=set)
    pauses: dict[str, Pause] = field(default_factory=dict)


def said(subject: DataSubject | None, asked: Collection[Key], *, now: datetime) -> Said:
    """Of whoever shares nothing, nothing: what is said under anything of theirs has changed their choices as well."""
    if subject is None or not SubjectIdentifier.objects.filter(subject=subject, is_shared=True).exists():
        return Said()
    found, pauses = Said(), pausing.standing(suppression.reached_by(subject, Channel.EMAIL), now=now)
    for purpose, channel in asked:
        reason = permission.may_process(subject, purpose, channel, now=now).reason
        if reason in NO:
            found.stopped.add((purpose, channel))
        if reason == Reason.PAUSED:
            # By when they end: the last.
            theirs = [one for one in pauses if one.purpose is None or one.purpose.slug == purpose]
            found.pauses.update((purpose, one) for one in theirs)
    return found


def own_pauses(claim: Claim, subject: DataSubject | None, *, now: datetime) -> list[Pause]:
    """Those that this person can end: not what others asked for too, in a mailbox that they have together."""
    return pausing.standing([claim, *(suppression.claims_of(subject) if subject else [])], now=now)
