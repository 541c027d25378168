"""Going on with a consent that runs out, has run out, or has been outgrown by its form: by an act of the person only.

The link that we mailed shows control of the mailbox, as for the choices (consents/preferences.py). What was agreed to
stands there unticked, in the words that the form has now; what is ticked is an answer to that form, with the status
Renewed (DPV RenewedConsentGiven) and a life of its own. What is left alone ends on its day.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from consents import answers, capture, coming_of_age, permission
from consents.coming_of_age import ByParent
from consents.forms import DEFAULT_LOCALE
from consents.models import ConsentEvent, ConsentFormVersion, ConsentReminder, ConsentRenewal, ConsentState, Status
from consents.states import YES
from consents.unsubscribe import Recipient
from consents.verdicts import Reason
from processing.models import PurposeVersion
from subjects import people
from subjects.models import DataSubject

# What ends within this time can be renewed; what has ended can for as long afterwards as the mail about it is fresh.
SOON = timedelta(days=60)
AFTER = timedelta(days=180)
# The verdicts under which it is only the passing of time that stands against it.
RENEWABLE = (Reason.CONSENT_GIVEN, Reason.CONSENT_EXPIRED, Reason.PECR_CONSENT_NEEDED)


@dataclass(frozen=True)
class Ending:
    """One consent that ends, in the words in which it is asked for now."""

    name: str
    purpose: str
    label: str
    hint: str
    until: datetime | None
    has_ended: bool
    version: ConsentFormVersion
    # A parent or guardian agreed until then; from that day on the person answers, and no sooner.
    own_from: datetime | None = None
    is_open: bool = True
    # The "yes" that ends, and whether they may ask to be asked again later: once (consents/deferring.py).
    said: ConsentEvent | None = None
    can_wait: bool = False


def of(recipient: Recipient, *, now: datetime) -> list[Ending]:
    """What this address may renew now, what ends first at the top. Nobody's address gets an empty list, and so does
    that of a parent whom somebody wrote down there as the child's.
    """
    subject = people.find([recipient.claim])
    if subject is None or recipient.claim.normalised in coming_of_age.of(subject.uuid).addresses:
        return []
    found = [ending for state in _states(subject, now) if (ending := _ending(subject, state, now))]
    return sorted(found, key=lambda ending: (ending.until is None, ending.until or now, ending.name))


@transaction.atomic
def renew(recipient: Recipient, names: Collection[str], *, address: Callable[[], str], now: datetime) -> list[Ending]:
    """Renew exactly what was ticked, one answer for each form; returns it with its new end.

    What is not on the page any more is passed over.
    """
    chosen: dict[int, list[Ending]] = {}
    for ending in of(recipient, now=now):
        if ending.name in names and ending.is_open:
            chosen.setdefault(ending.version.pk, []).append(ending)
    return [ending for endings in chosen.values() for ending in _renewed(recipient, endings, address, now=now)]


def is_asked(state: ConsentState, parent: ByParent | None = None) -> bool:
    """Whether a form on show still asks for this, of somebody who has just come of age if a parent agreed for them.

    What nobody asks for any more cannot be renewed.
    """
    found = _asked(state.purpose.slug, state.channel, _said(state))
    return found is not None and (parent is None or parent.lets_answer(found[0]))


def label_of(state: ConsentState) -> str:
    """What was agreed to, in the words in which it is asked for now."""
    found = _asked(state.purpose.slug, state.channel, _said(state))
    if found:
        return found[1]["label"]
    version = PurposeVersion.objects.filter(purpose=state.purpose).order_by("-number").first()
    return version.title if version else state.purpose.slug


def _states(subject: DataSubject, now: datetime) -> Iterator[ConsentState]:
    """A "yes" that ends soon or that its form has outgrown, and one that ended not long ago."""
    outgrown = _outgrown(subject)
    put_off = ConsentReminder.objects.filter(subject=subject.uuid, again_at__gt=now - AFTER)
    waited = set(put_off.values_list("purpose", "channel"))
    for state in ConsentState.objects.filter(subject=subject.uuid).select_related("purpose"):
        ends = state.valid_until is not None and state.valid_until <= now + SOON
        is_due = state.status in YES and (ends or state.event in outgrown)
        is_fresh = state.effective_at > now - AFTER or (state.purpose_id, state.channel) in waited
        if is_due or (state.status == Status.EXPIRED and is_fresh):
            yield state


def _outgrown(subject: DataSubject) -> set[UUID]:
    marks = ConsentRenewal.objects.filter(subject=subject.uuid, ended_at=None)
    return set(marks.values_list("event", flat=True))


def _ending(subject: DataSubject, state: ConsentState, now: datetime) -> Ending | None:
    said = _said(state)
    found = _asked(state.purpose.slug, state.channel, said)
    if found is None:
        return None
    # A "no" since, for whatever reason and under whatever address, is not asked about again.
    if permission.may_process(subject, state.purpose.slug, state.channel, now=now).reason not in RENEWABLE:
        return None
    version, control = found
    parent = coming_of_age.by_parents([said.uuid]).get(said.uuid) if said else None
    is_soon = parent and (parent.until <= now + SOON or state.valid_until == parent.former)
    if parent and not (is_soon and parent.lets_answer(version)):
        # For years to come only a parent can say it again.
        return None
    has_ended = state.status == Status.EXPIRED or (state.valid_until is not None and state.valid_until <= now)
    until = state.effective_at if state.status == Status.EXPIRED else state.valid_until
    hint = " ".join(part for part in (control["hint"], _only_from(version.minimum_age)) if part)
    name = f"{version.form.slug}:{control['key']}"
    own_from = parent.until if parent else None
    is_open = own_from is None or own_from <= now
    can_wait = said is not None and is_open and _can_wait(subject, said)
    return Ending(
        *(name, state.purpose.slug, control["label"], hint, until, has_ended, version),
        *(own_from, is_open, said, can_wait),
    )


def _can_wait(subject: DataSubject, said: ConsentEvent) -> bool:
    """What a form has outgrown is not what they could say yes to later."""
    waited = ConsentReminder.objects.filter(event=said.uuid, again_at__isnull=False)
    return said.uuid not in _outgrown(subject) and not waited.exists()


def _asked(purpose: str, channel: str, said: ConsentEvent | None) -> tuple[ConsentFormVersion, dict[str, str]] | None:
    """The version on show that asks for it, with its control: of the form answered before, if it still does."""
    on_show = ConsentFormVersion.objects.filter(
        published_at__isnull=False,
        superseded_at=None,
        controls__contains=[{"purpose": purpose, "channel": channel}],
    ).select_related("form")
    versions = list(on_show.order_by("form__slug", "locale"))
    if not versions:
        return None
    shown = ConsentFormVersion.objects.filter(pk=said.form_version or 0).first() if said else None
    form, locale = (shown.form_id, shown.locale) if shown else (0, DEFAULT_LOCALE)
    best = max(versions, key=lambda one: (one.form_id == form, one.locale == locale, one.locale == DEFAULT_LOCALE))
    return best, next(one for one in best.controls if (one["purpose"], one["channel"]) == (purpose, channel))


def _said(state: ConsentState) -> ConsentEvent | None:
    """The "yes" that ends, or that has ended."""
    if state.status in YES:
        return ConsentEvent.objects.filter(uuid=state.event).first()
    same = {"subject": state.subject, "purpose": state.purpose.uuid, "channel": state.channel}
    return ConsentEvent.objects.filter(**same, status__in=YES).order_by("-effective_at", "-id").first()


def _only_from(age: int | None) -> str:
    return _("Only if you are %(age)s or older.") % {"age": age} if age else ""


def _renewed(recipient: Recipient, endings: list[Ending], address: Callable[[], str], *, now: datetime) -> list[Ending]:
    version = endings[0].version
    keys = {ending.name.partition(":")[2] for ending in endings}
    answer = answers.read(
        {
            "form": version.form.slug,
            "version": version.number,
            "locale": version.locale,
            "identity": {"email": recipient.email},
            "choices": dict.fromkeys(keys, True),
            "source": {"channel": "renewal"},
            # Said beside the box.
            **({"of_age": True} if version.minimum_age else {}),
        },
        now=now,
        address=address,
    )
    renewed = replace(answer.only({key: answer.choices[key] for key in keys}), renews=True)
    capture.capture(renewed, now=now, actor="public", collected_by="hosted_form")
    until = answer.shown.valid_until(now)
    return [replace(ending, until=until, has_ended=False) for ending in endings]
