"""Double opt-in: a "yes" counts when the owner of the mailbox has pressed a button that only they were sent.

UK law does not ask for it; it is the best evidence that whoever owns the address gave the consent (Art 7(1)). Until
then nothing but the sealed answer exists: no person, no event, no state, and no earlier "no" is lifted. For a child the
parent or guardian presses it (Art 8); where the form has double opt-in the child's own mailbox is asked as well, or
whoever calls themself a child could sign up anybody. Then it counts when both have pressed, whoever was first.
"""

import json
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from consents import (
    answers,
    capture,
    forms,
    guardians,
    meanwhile,
    opt_in_child,
    opt_in_mail,
    parents,
    shared_mailboxes,
    unseen,
)
from consents.answers import Answer
from consents.capture import Captured
from consents.guardians import Child
from consents.models import ConsentEvent, ConsentFormVersion, PendingConsent, Status
from consents.opt_in_child import NoStands
from consents.pending import FIELD, blinds
from core.errors import Invalid, NotFound
from core.keys import token_hash
from core.models import Owner
from core.vault import Unreadable, create_key, destroy_keys, key_of
from ledger import entries
from processing.models import PurposeVersion
from subjects import people
from subjects.identifiers import Claim
from subjects.models import Identifier

# How long the link works, and how long what was never confirmed is kept.
LINK_LIVES = timedelta(hours=48)
KEPT = timedelta(days=30)
PARENT, OWN = "guardian", "double-opt-in"


class LinkOver(NotFound):
    code = "link-over"
    message = gettext_lazy("This link does not work any more. Fill in the form again and we send you a new one.")


def is_needed(answer: Answer) -> bool:
    """Only a "yes" waits: whoever says no to everything is believed at once. A guardian is always asked."""
    if answer.guardian is not None and answer.guardian.claim is None:
        return False
    return (answer.shown.double_opt_in or answer.guardian is not None) and any(answer.choices.values())


@transaction.atomic
def ask(
    answer: Answer,
    data: dict[str, Any],
    *,
    now: datetime,
    actor: str,
    collected_by: str = "api",
    is_unseen: bool = False,
    unproven: bool = False,
) -> Captured:
    """Keep the answer sealed and mail the link. `data` is the answer as `answers.read` took it.

    Raises Invalid without an e-mail address. Known or not, suppressed or not: the same work and the same answer.
    `is_unseen`: whoever sent it is not told that it waits (consents/unseen.py), nor that no mail reaches a number.
    `unproven` as in capture.capture: a parent or guardian alone then takes back no "no" of the child.
    """
    own = _own(answer)
    parent = answer.guardian.claim if answer.guardian else None
    # What staff entered was shown to them in another way.
    both = parent is not None and answer.shown.double_opt_in and collected_by != "staff"
    asked = parent or own
    if (asked is None and not is_unseen) or (both and own is None):
        raise Invalid(fields={"identity.email": _("This form is confirmed by e-mail, so it needs an address.")})
    consent, token, own_token = uuid4(), secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    states = {
        control["purpose"]: (Status.REQUESTED if answer.choices[control["key"]] else Status.REFUSED).value
        for control in sorted(answer.shown.controls, key=lambda control: answer.choices[control["key"]])
    }
    # What was said of the network is kept as the proof has it, never as it came.
    kept = {**data, "source": answer.proof["source"], "given_at": None, "requested_at": now.isoformat()}
    kept["network"] = answer.proof.get("network")
    entry = entries.record(
        kind="consent.requested",
        at=now,
        actor=actor,
        object=consent,
        data={
            "form": answer.shown.slug,
            "version": answer.shown.number,
            "sha256": answer.shown.sha256,
            # What somebody was shown is told by the form, unless the page said more.
            **({"notice": answer.proof["notice"]} if "notice" in answer.proof else {}),
            **({"unproven": True} if unproven else {}),
        },
        test=answer.is_test,
    )
    PendingConsent.objects.create(
        uuid=consent,
        form_version=answer.shown.key,
        sealed=create_key(Owner.CONSENT, consent).seal(FIELD, json.dumps(kept, default=str).encode()),
        blinds=blinds(answer.claims),
        token_hash=token_hash(token),
        own_token_hash=token_hash(own_token) if both else None,
        actor=actor,
        collected_by=collected_by,
        requested_at=now,
        expires_at=now + LINK_LIVES,
        states=states,
        choices=answer.choices if is_unseen else {},
        entry=entry,
        is_test=answer.is_test,
        is_unseen=is_unseen,
    )
    if asked and not answer.is_test and any(answer.choices.values()):
        opt_in_mail.ask(answer, asked, token, by_parent=parent is not None, both=both, said_no=is_unseen, now=now)
        if both and own:
            opt_in_mail.ask(answer, own, own_token, by_parent=False, both=True, now=now)
    if not is_unseen:
        return _waiting(consent, states)
    unseen.refuse(answer, now=now, actor=actor, collected_by=collected_by)
    return unseen.told(answer, consent=consent, entry=entry, at=now)


def stored(consent: UUID, *, is_public: bool = False) -> Captured:
    """The same answer again for a repeated call. Raises NotFound when there is nothing of this id.

    `is_public` as in capture.stored.
    """
    pending = PendingConsent.objects.filter(uuid=consent).first()
    if pending is None or pending.confirmed_at:
        return capture.stored(consent, is_public=is_public)
    if pending.is_unseen:
        return unseen.told(_answer(pending), consent=consent, entry=pending.entry, at=pending.requested_at)
    return _waiting(consent, pending.states)


def events(consent: UUID) -> list[ConsentEvent]:
    """Of an answer that waits unseen: what its receipt tells, none of it stored."""
    pending = PendingConsent.objects.filter(uuid=consent, is_unseen=True, confirmed_at=None).first()
    return unseen.events(pending, _answer(pending)) if pending else []


@dataclass(frozen=True)
class Waiting:
    """What a link would confirm, in the words of the form, and who else has to."""

    labels: list[str]
    # What the form said no to, where that counts already (consents/unseen.py), and what the button ends.
    noes: list[str]
    ends: list[str]
    # The link is a parent's or guardian's, where the person is a child.
    is_for_child: bool
    # Parent and child are both asked, and the other one has pressed their button or has not yet.
    both: bool
    other_pressed: bool
    # This one was pressed before, and the other one's is still missing.
    is_pressed: bool
    until: datetime
    # To the parent: which child it is about, and what decides from when on the child answers.
    child: Child | None
    controllers: list[str]


def waiting(token: str, *, now: datetime) -> Waiting:
    """Changes nothing; raises LinkOver."""
    pending, is_own = _asked(PendingConsent.objects.all(), token, now=now)
    data = _opened(pending)
    version = ConsentFormVersion.objects.select_related("form").get(pk=pending.form_version)
    by_parent = "guardian" in data and not is_own
    labels = {control["key"]: control["label"] for control in version.controls}
    yes = [key for key in labels if data["choices"].get(key)]
    # What stands for a child is not told to whoever calls themself the parent.
    ended = [] if by_parent else _ends(pending, now=now)
    noes = [key for key in labels if key not in (*yes, *ended)] if pending.is_unseen else []
    mine, other = (pending.own_at, pending.parent_at) if is_own else (pending.parent_at, pending.own_at)
    both = pending.own_token_hash is not None
    lasts_until = forms.lasts_until(version.form.valid_for, now)
    child = guardians.child_of(data, version.minimum_age, lasts_until=lasts_until) if by_parent else None
    agreed, refused, ending = ([labels[key] for key in keys] for keys in (yes, noes, ended))
    pressed = (other is not None, mine is not None)
    return Waiting(agreed, refused, ending, by_parent, both, *pressed, pending.expires_at, child, version.controllers)


def _ends(pending: PendingConsent, *, now: datetime) -> list[str]:
    answer = _of_mailbox(_answer(pending))
    person = people.find(answer.claims, is_test=answer.is_test)
    return meanwhile.ends(answer, person, since=pending.requested_at, now=now)


def is_open(token: str, *, now: datetime) -> bool:
    """Whether this link was mailed by us and still waits to be pressed."""
    try:
        _asked(PendingConsent.objects.all(), token, now=now)
    except LinkOver:
        return False
    return True


def confirm(token: str, *, now: datetime) -> Captured | None:
    """The owner of the mailbox says yes, and it counts from now on; None while parent or child still has to.

    Raises LinkOver for a used or an old link, NoStands where a child has answered what a parent does not change, and
    MailboxShared to whoever reads it where nobody can tell whose "yes" it is. Of these only the last one leaves
    something: staff are told.
    """
    try:
        return _confirm(token, now=now)
    except people.AmbiguousIdentity as error:
        with transaction.atomic():
            pending, _is_own = _asked(PendingConsent.objects.select_for_update(), token, now=now)
            shared_mailboxes.tell_staff(pending, until=pending.requested_at + KEPT, now=now)
        raise shared_mailboxes.MailboxShared(until=pending.expires_at) from error


@transaction.atomic
def _confirm(token: str, *, now: datetime) -> Captured | None:
    _hold(token, now=now)
    pending, is_own = _asked(PendingConsent.objects.select_for_update(), token, now=now)
    data = _opened(pending)
    requested_at, network = data.pop("requested_at"), data.pop("network", None)
    # Read as it was sent: the version may have been superseded since, and its days of grace run from the asking.
    answer = _of_mailbox(answers.read(data, now=pending.requested_at))
    person = people.find(answer.claims, is_test=answer.is_test)
    are_several = people.are_several(answer.claims, is_test=answer.is_test)
    if are_several:
        _look_whose_it_is(pending, by_parent=answer.guardian is not None and not is_own, now=now)
    if pending.own_token_hash is not None and not _is_last(pending, is_own, now=now):
        return None
    if answer.guardian and not is_own and opt_in_child.said_no_since(pending, answer, person, now=now):
        raise NoStands(is_later=True)
    if answer.guardian and is_own and opt_in_child.is_ended_by_parent(pending, answer, person):
        raise NoStands(is_later=True, by_parent=True)
    asks_child = are_several or opt_in_child.must_agree(pending, answer, person, now=now)
    if answer.guardian and not pending.own_at and asks_child:
        _ask_child(pending, answer, now=now)
        return None
    kept = {**answer.proof, "network": network} if network else answer.proof
    proof = {
        **kept, "requested_at": requested_at, "confirmed_at": now.isoformat(), "by": PARENT if answer.guardian else OWN
    }  # fmt: skip
    if pending.own_at and pending.parent_at:
        proof |= {"parent_at": pending.parent_at.isoformat(), "own_at": pending.own_at.isoformat()}
    destroy_keys(Owner.CONSENT, [pending.uuid])
    done = capture.capture(
        replace(meanwhile.not_overtaken(answer, person, since=pending.requested_at), given_at=now, proof=proof),
        now=now,
        actor=pending.actor,
        collected_by=pending.collected_by,
        consent=pending.uuid,
    )
    pending.confirmed_at, pending.sealed, pending.blinds = now, None, []
    pending.save(update_fields=["confirmed_at", "sealed", "blinds", "parent_at", "own_at"])
    if pending.own_at or not answer.guardian:
        _prove(answer, done, now=now)
    if answer.guardian and answer.guardian.claim and not answer.is_test:
        opt_in_mail.tell_parent(answer, answer.guardian.claim, parents.link(done.consent), now=now)
    return done


def forget(*, now: datetime) -> int:
    """Destroy what was never confirmed, and the rows of what was; returns how many rows went."""
    old = PendingConsent.objects.filter(requested_at__lt=now - KEPT)
    with transaction.atomic():
        unconfirmed = list(old.filter(confirmed_at=None).select_for_update().values_list("uuid", flat=True))
        destroy_keys(Owner.CONSENT, unconfirmed)
        return old.delete()[0]


def _prove(answer: Answer, done: Captured, *, now: datetime) -> None:
    """Control of the mailbox was shown, so the address is this person's; unless somebody shares it."""
    claim = next(claim for claim in answer.claims if claim.type == Identifier.Type.EMAIL)
    subject = people.provable(claim, is_test=answer.is_test)
    if subject is not None and subject.uuid == done.subject:
        people.verify_identifier(subject, claim, how="double-opt-in", now=now, actor=f"consent:{done.consent}")


def _of_mailbox(answer: Answer) -> Answer:
    """Whoever presses the button speaks for their mailbox, not for a number beside it that is somebody else's."""
    own = _own(answer)
    return replace(answer, claims=people.of_holder(own, answer.claims, is_test=answer.is_test)) if own else answer


def _own(answer: Answer) -> Claim | None:
    return next((claim for claim in answer.claims if claim.type == Identifier.Type.EMAIL), None)


def _answer(pending: PendingConsent) -> Answer:
    if pending.sealed is None:
        return unseen.emptied(pending)
    data = _opened(pending)
    del data["requested_at"], data["network"]
    return answers.read(data, now=pending.requested_at)


def _opened(pending: PendingConsent) -> dict[str, Any]:
    """Raises LinkOver where the key has gone since the row was read."""
    assert pending.sealed is not None  # noqa: S101 - narrows the type; the callers have looked
    try:
        key = key_of(Owner.CONSENT, pending.uuid)
    except Unreadable as error:
        raise LinkOver from error
    data: dict[str, Any] = json.loads(key.open(FIELD, bytes(pending.sealed)))
    return data


def _hold(token: str, *, now: datetime) -> None:
    """The person before what waits for them: an erasure locks them in this order. Raises LinkOver."""
    pending, _is_own = _asked(PendingConsent.objects.all(), token, now=now)
    answer = _of_mailbox(_answer(pending))
    if person := people.find(answer.claims, is_test=answer.is_test):
        people.hold(person)


def _waiting(consent: UUID, states: dict[str, str]) -> Captured:
    return Captured(consent=consent, subject=None, states=states, pending=True, receipt="")


def _asked(rows: QuerySet[PendingConsent], token: str, *, now: datetime) -> tuple[PendingConsent, bool]:
    """What waits for this link, and whether it is the one in a child's own mailbox. Raises LinkOver."""
    link = token_hash(token)
    pending = rows.filter(Q(token_hash=link) | Q(own_token_hash=link)).first()
    if pending is None or pending.sealed is None or pending.expires_at <= now:
        raise LinkOver
    return pending, pending.own_token_hash is not None and bytes(pending.own_token_hash) == link


def _is_last(pending: PendingConsent, is_own: bool, *, now: datetime) -> bool:
    """Note that parent or child has pressed their button, the first time; whether both have now."""
    name = "own_at" if is_own else "parent_at"
    if getattr(pending, name) is not None:
        return False
    setattr(pending, name, now)
    if pending.own_at and pending.parent_at:
        return True
    pending.save(update_fields=[name])
    entries.record(
        kind="consent.confirmed-in-part",
        at=now,
        actor=pending.actor,
        object=pending.uuid,
        data={"by": OWN if is_own else PARENT},
        test=pending.is_test,
    )
    return False


def _look_whose_it_is(pending: PendingConsent, *, by_parent: bool, now: datetime) -> None:
    """Several people have the mailbox. Raises AmbiguousIdentity to whoever reads it; whoever only calls themself the
    parent is told that the child's button is missing, as where the child has answered before (ADR 0036).
    """
    if not by_parent:
        raise people.AmbiguousIdentity
    if pending.own_at is not None:
        # Pressed while it was one person's mailbox. It is needed again once it is one's again, which staff see to.
        pending.own_at = None
        pending.save(update_fields=["own_at"])
        shared_mailboxes.tell_staff(pending, until=pending.requested_at + KEPT, now=now)


def _ask_child(pending: PendingConsent, answer: Answer, *, now: datetime) -> None:
    """From now on it takes both. Raises NoStands where no mail reaches the child."""
    own = _own(answer)
    if own is None:
        raise NoStands(is_later=False)
    token = secrets.token_urlsafe(32)
    pending.own_token_hash, pending.expires_at = token_hash(token), now + LINK_LIVES
    pending.save(update_fields=["own_token_hash", "expires_at"])
    _is_last(pending, False, now=now)
    opt_in_mail.ask(answer, own, token, by_parent=False, both=True, said_no=True, now=now)


def titles_of(done: Captured) -> list[str]:
    """The purposes that are now agreed to, by their titles."""
    given = [slug for slug, status in done.states.items() if status in (Status.GIVEN, Status.RENEWED)]
    found = PurposeVersion.objects.filter(purpose__slug__in=given).order_by("number")
    return sorted(dict(found.values_list("purpose__slug", "title")).values())
