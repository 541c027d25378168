"""A person's choices on one page: every topic and channel, as it stands, and changed in one go.

Who holds a link that we mailed has the mailbox it was mailed to, so a "yes" given here is as good as a confirmed one.
It is recorded as an answer to the form in force, whose words stand beside the box. A "no" needs no form.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from consents import (
    answers,
    browsers,
    capture,
    coming_of_age,
    forms,
    parents,
    pausing,
    preferences_receipts,
    preferences_shared,
    preferences_words,
    suppression,
)
from consents.coming_of_age import Childhood
from consents.models import Pause
from consents.models import Status as ConsentStatus
from consents.preferences_words import Control
from consents.states import Key, Standing, going_on, states_of
from consents.unsubscribe import Recipient
from consents.withdraw import ALL_MARKETING, withdraw
from processing.models import Basis, Channel, Purpose, PurposeVersion, Status
from subjects import people
from subjects.identifiers import Claim
from subjects.models import DataSubject, Relationship

PARENTS, YOUNG, SHARED = "parents", "young", "shared"
# A box of these can only be cleared: what is ended here, or was never asked here, is not begun here.
END, STOP = "end", "stop"


@dataclass(frozen=True)
class Box:
    """One control: a purpose on a channel, in the words of its form."""

    name: str
    purpose: str
    label: str
    hint: str
    is_on: bool
    channel: str = ""
    locale: str = ""
    standing: Standing | None = None
    # What its receipt is asked for by, while it stands.
    receipt: UUID | None = None
    # They said "no" to what nobody asked them about.
    objected: bool = False
    # Whose "yes" it is that stands: a parent's or guardian's, or their own.
    by_parent: bool = False
    # Why it is not begun here, if it is not: several people have this mailbox, it is the parent's own, or the person is
    # younger than `age`.
    barred: str = ""
    age: int | None = None
    # When a parent or guardian ended what they had agreed to.
    ended_by_parent: datetime | None = None
    # Of what is asked for every channel, and is on in part: where it is not.
    left_out: str = ""

    @property
    def form(self) -> str:
        return self.name.partition(":")[0]

    @property
    def channel_label(self) -> str:
        return str(Channel(self.channel).label) if self.channel else ""

    @property
    def can_begin(self) -> bool:
        return self.form not in (END, STOP) and not self.barred


@dataclass(frozen=True)
class Topic:
    """One purpose that the person decides about."""

    slug: str
    title: str
    description: str
    boxes: list[Box]
    pause: Pause | None = None

    @property
    def is_on(self) -> bool:
        return any(box.is_on for box in self.boxes)


@dataclass(frozen=True)
class Choices:
    """What the page shows: what is asked for, marketing that needs no consent, and what cannot be switched off."""

    topics: list[Topic]
    marketing: list[Topic]
    necessary: list[PurposeVersion]
    # The same for whoever has a contract or asked for it; of this address we know of neither.
    on_contract: list[PurposeVersion]
    # Of all marketing at once.
    pause: Pause | None
    # Whether what rests, or a part of it, was paused by this person alone.
    can_resume: bool

    @property
    def all(self) -> list[Topic]:
        return [*self.topics, *self.marketing]

    @property
    def can_change(self) -> bool:
        """Whether there is a box to tick or to clear."""
        return any(box.is_on or box.can_begin for topic in self.all for box in topic.boxes)

    @property
    def receipts(self) -> dict[UUID, list[Box]]:
        """What stands, by the act it was said in: one receipt is about all of that."""
        boxes = [box for topic in self.all for box in topic.boxes]
        return {proof: [box for box in boxes if box.receipt == proof] for box in boxes if (proof := box.receipt)}


@dataclass(frozen=True)
class Change:
    """What one act on the page changed: for the words that confirm it, its receipt, and its way back."""

    title: str
    is_on: bool
    purposes: tuple[str, ...]
    # Consents, and entries of withdrawals: what a receipt is asked for by.
    proofs: list[UUID]
    begun: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    # Each box that changed and can be set back, with what it was before.
    before: dict[str, bool] = field(default_factory=dict)


def of(recipient: Recipient, *, now: datetime, locale: str = "") -> Choices:
    """The choices of this address as they stand, in the words that this person reads. An address that nobody has gets
    the same page, with nothing on.
    """
    locale = locale or preferences_words.language_of(recipient.claim)
    live = list(
        PurposeVersion.objects.filter(status=Status.LIVE).select_related("purpose").order_by("title", "purpose_id")
    )
    subject = people.find([recipient.claim])
    own = preferences_shared.own_pauses(recipient.claim, subject, now=now)
    states = states_of(subject) if subject else []
    said = preferences_shared.said(subject, _asked(live, states, now=now), now=now)
    given = going_on(states, said.stopped, now=now)
    controls = preferences_words.controls(locale, preferences_words.answered(subject, list(given.values())))
    childhood = coming_of_age.of(subject.uuid) if subject else Childhood([])
    pauses = {pause.purpose.slug if pause.purpose else "": pause for pause in own} | said.pauses
    boxes = _boxes(controls, given, childhood, _barred(recipient, childhood, controls, now=now), _ended(states))
    consents = [version for version in live if version.basis == Basis.CONSENT and version.purpose.slug in boxes]
    necessary = [version for version in live if preferences_words.is_necessary(version)]
    known = _known(subject, necessary)
    consents += _no_longer_live(set(boxes) - {version.purpose.slug for version in live})
    return Choices(
        topics=[_topic(version, boxes[version.purpose.slug], pauses) for version in consents],
        marketing=[_opt_out(version, recipient.claim, subject, pauses) for version in live if _is_opt_out(version)],
        necessary=[version for version in necessary if version in known],
        on_contract=[version for version in necessary if version not in known],
        pause=next((one for one in pauses.values() if one.purpose is None), None),
        can_resume=bool(own),
    )


@transaction.atomic
def save(recipient: Recipient, wanted: Mapping[str, bool], *, now: datetime) -> list[Change]:
    """Make the choices what was ticked; returns what changed. What is not in `wanted` stays as it is."""
    before = of(recipient, now=now)
    changes = []
    for topic in before.all:
        # What this page cannot begin it does not begin, whatever is sent.
        asked = {box: wanted.get(box.name, box.is_on) and (box.is_on or box.can_begin) for box in topic.boxes}
        different = {box: on for box, on in asked.items() if on != box.is_on}
        if different:
            proofs = _apply(recipient, topic, different, stays=any(asked.values()), now=now)
            changes.append(_change(topic, different, any(asked.values()), proofs))
    return changes


@transaction.atomic
def stop_marketing(recipient: Recipient, *, now: datetime) -> list[Change]:
    """Object to all marketing, on every channel, whatever we may think of later (UK GDPR Art 21(2) and (3))."""
    marketing = PurposeVersion.objects.filter(status=Status.LIVE, direct_marketing=True)
    slugs = set(marketing.values_list("purpose__slug", flat=True))
    on = [topic for topic in of(recipient, now=now).all if topic.slug in slugs and topic.is_on]
    back = {box.name: True for topic in on for box in topic.boxes if box.is_on and box.can_begin}
    done = withdraw([recipient.claim], purposes=ALL_MARKETING, now=now, actor="public", collected_by="one_click")
    purposes = tuple(sorted(slugs))
    return [Change(_("All our marketing"), False, purposes, [done.entry], ended=[], before=back)]


def ended(changes: Iterable[Change]) -> set[str]:
    return {slug for change in changes if not change.is_on for slug in change.purposes}


def _barred(
    recipient: Recipient, childhood: Childhood, controls: Iterable[Control], *, now: datetime
) -> dict[Control, str]:
    """What cannot be begun from this mailbox, or a parent or guardian answers for this child, with the reason."""
    if people.find([recipient.claim]) is None and people.is_known(recipient.claim):
        return dict.fromkeys(controls, SHARED)
    if recipient.claim.normalised in childhood.addresses:
        return dict.fromkeys(controls, PARENTS)
    return {one: YOUNG for one in controls if childhood.is_too_young(one.minimum_age, now=now)}


def _ended(states: list[Standing]) -> dict[Key, datetime]:
    """What a parent or guardian ended, and when."""
    withdrawn = [one for one in states if one.status == ConsentStatus.WITHDRAWN]
    by_parents = parents.ended(one.entry for one in withdrawn) if withdrawn else set()
    return {(one.purpose, one.channel): one.since for one in withdrawn if one.entry in by_parents}


def _asked(live: list[PurposeVersion], states: list[Standing], *, now: datetime) -> set[Key]:
    """What may be on: it is asked whether it is done."""
    standing = [one for one in states if one.is_valid(now)]
    given = {(one.purpose, channel) for one in standing for channel in ([one.channel] if one.channel else Channel)}
    return given | {(one.purpose.slug, Channel.EMAIL.value) for one in live if _is_opt_out(one)}


def _boxes(
    controls: Iterable[Control],
    given: Mapping[Key, Standing],
    childhood: Childhood,
    barred: Mapping[Control, str],
    ended: Mapping[Key, datetime],
) -> dict[str, list[Box]]:
    """Of each purpose: what a form on show asks, and every consent beside it that goes on, from wherever it came."""
    proofs = preferences_receipts.of_events(one.event for one in given.values())
    elsewhere = browsers.purposes()
    boxes: dict[str, list[Box]] = {}
    shown: set[Key] = set()
    for control in controls:
        purpose, channel = control.purpose, control.channel
        if purpose in elsewhere:
            # Begun in the browser it is about, and shown here once it stands.
            continue
        said = control.said_to(given)
        shown |= set(said)
        found = given[said[0]] if said else None
        name = f"{control.form}:{control.key}"
        proof = proofs.get(found.event) if found else None
        by_parent = found is not None and found.event in childhood.by_parents
        hint = control.plain_hint if by_parent else control.hint
        box = Box(
            *(name, purpose, control.label, hint, bool(found), channel, control.locale, found, proof),
            by_parent=by_parent,
            barred=barred.get(control, ""),
            age=control.minimum_age,
            ended_by_parent=ended.get((purpose, channel)) or ended.get((purpose, "")),
            left_out=control.left_out(given),
        )
        boxes.setdefault(purpose, []).append(box)
    for (purpose, channel), found in given.items():
        if (purpose, channel) not in shown:
            name, hint = f"{END}:{purpose}:{channel}", browsers.hint() if purpose in elsewhere else ""
            label = preferences_words.agreed(channel)
            box = Box(
                *(name, purpose, label, hint, True, channel, "", found, proofs.get(found.event)),
                by_parent=found.event in childhood.by_parents,
            )
            boxes.setdefault(purpose, []).append(box)
    return boxes


def _no_longer_live(slugs: set[str]) -> list[PurposeVersion]:
    """A consent stands also while its purpose rests."""
    rows = PurposeVersion.objects.filter(purpose__slug__in=slugs).exclude(status=Status.DRAFT)
    return list({row.purpose_id: row for row in rows.select_related("purpose").order_by("number")}.values())


def _topic(version: PurposeVersion, boxes: list[Box], pauses: Mapping[str, Pause]) -> Topic:
    slug = version.purpose.slug
    pause = pauses.get(slug) or (pauses.get("") if version.direct_marketing else None)
    # What has ended is not paused: nothing of it goes on by itself.
    return Topic(slug, version.title, version.description, boxes, pause if any(box.is_on for box in boxes) else None)


def _known(subject: DataSubject | None, necessary: list[PurposeVersion]) -> list[PurposeVersion]:
    """What comes for certain: by law to anybody, by a contract to whom we deal with for that purpose."""
    dealing = Relationship.objects.filter(subject=subject, ended_on=None) if subject else Relationship.objects.none()
    theirs = set(dealing.values_list("purpose", flat=True))
    return [one for one in necessary if one.basis == Basis.LEGAL_OBLIGATION or one.purpose_id in theirs]


def _is_opt_out(version: PurposeVersion) -> bool:
    return version.direct_marketing and version.basis != Basis.CONSENT


def _opt_out(version: PurposeVersion, claim: Claim, subject: DataSubject | None, pauses: Mapping[str, Pause]) -> Topic:
    """Marketing that goes on until somebody objects. On only where there is somebody to write to."""
    claims = [claim, *(suppression.reached_by(subject, Channel.EMAIL) if subject else [])]
    stopped = suppression.is_suppressed(claims, version.purpose, Channel.EMAIL, marketing=True)
    known = subject and Relationship.objects.filter(subject=subject, purpose=version.purpose, ended_on=None).exists()
    slug, is_on = version.purpose.slug, bool(known) and not stopped
    label = _("You may write to me about this")
    box = Box(f"{STOP}:{slug}", slug, label, "", is_on, Channel.EMAIL, objected=stopped)
    return _topic(version, [box], pauses)


def _change(topic: Topic, different: Mapping[Box, bool], is_on: bool, proofs: list[UUID]) -> Change:
    begun = [box.label for box, on in different.items() if on]
    ended = [box.label for box, on in different.items() if not on]
    # What was on in part is not set back: that would end all of it.
    before = {box.name: box.is_on for box in different if box.can_begin and not box.left_out}
    return Change(topic.title, is_on, (topic.slug,), proofs, begun, ended, before)


def _apply(
    recipient: Recipient, topic: Topic, different: Mapping[Box, bool], *, stays: bool, now: datetime
) -> list[UUID]:
    """A topic of which nothing stays ends as a whole; else what changed is said channel by channel.

    A cleared box is a withdrawal, which is suppressed and outlives a restored backup, and no mere refusal.
    """
    if not stays:
        return [_no(recipient, topic.slug, now=now)]
    begun = {box: on for box, on in different.items() if on}
    proofs = [_answer(recipient, form, begun, now=now) for form in sorted({box.form for box in begun})]
    return proofs + [_no(recipient, topic.slug, box.channel, now=now) for box, on in different.items() if not on]


def _answer(recipient: Recipient, slug: str, different: Mapping[Box, bool], *, now: datetime) -> UUID:
    """Record the boxes that were changed as an answer to their form. The others were on the page as they stood before:
    leaving a ticked box alone renews nothing.
    """
    changed = {box: on for box, on in different.items() if box.form == slug}
    choices = {box.name.partition(":")[2]: on for box, on in changed.items()}
    version = forms.current(slug, next(iter(changed)).locale)
    answer = answers.read(
        {
            "form": slug,
            "version": version.number,
            "locale": version.locale,
            "identity": {"email": recipient.email},
            "choices": choices,
            "source": {"channel": "preference-centre"},
            # Said beside the box; a parent or guardian is asked on the form's own page.
            **({"of_age": True} if version.minimum_age else {}),
        },
        now=now,
    )
    captured = capture.capture(answer.only(choices), now=now, actor="public", collected_by="hosted_form")
    return captured.consent


def _no(recipient: Recipient, slug: str, channel: str = "", *, now: datetime) -> UUID:
    done = withdraw(
        [recipient.claim], purposes=[slug], channel=channel, now=now, actor="public", collected_by="hosted_form"
    )
    return done.entry


def pausable(choices: Choices) -> list[Topic]:
    """What can be paused: what is on and not paused already."""
    return [topic for topic in choices.all if topic.is_on and topic.pause is None]


@transaction.atomic
def pause(recipient: Recipient, slug: str, *, until: datetime, now: datetime) -> None:
    """Pause one topic, or everything that is on and all marketing beside it (an empty name)."""
    topics = of(recipient, now=now).all
    slugs = [slug] if slug else [topic.slug for topic in topics if topic.is_on]
    chosen: list[Purpose | None] = list(Purpose.objects.filter(slug__in={t.slug for t in topics} & set(slugs)))
    if not slug:
        chosen.append(pausing.ALL)
    if chosen:
        pausing.begin([recipient.claim], purposes=chosen, until=until, now=now, actor="public")


@transaction.atomic
def resume(recipient: Recipient, *, now: datetime) -> None:
    """End every pause of this address, and of what else is theirs alone who has it."""
    pauses = preferences_shared.own_pauses(recipient.claim, people.find([recipient.claim]), now=now)
    if pauses:
        purposes = list({pause.purpose_id: pause.purpose for pause in pauses}.values())
        pausing.resume([recipient.claim], purposes=purposes, now=now, actor="public")
