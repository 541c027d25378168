"""Double opt-in: a "yes" counts when the owner of the mailbox has pressed a button that only they were sent.

UK law does not ask for it; it is the best evidence that whoever owns the address gave the consent (Art 7(1)). Until
then nothing but the sealed answer exists: no person, no event, no state, and no earlier "no" is lifted. The mail that
asks carries no marketing, goes out once for an answer and three times a day to an address at most.
"""

import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from consents import address_mail, answers, capture
from consents.answers import Answer
from consents.capture import Captured
from consents.models import ConsentFormVersion, PendingConsent, Status
from core.arrays import array
from core.errors import Invalid, NotFound
from core.keys import token_hash
from core.models import Controller, Owner
from core.vault import create_key, destroy_keys, key_of
from ledger import entries
from processing.models import PurposeVersion
from subjects import people
from subjects.identifiers import Claim
from subjects.models import Identifier

FIELD = "answer"
# How long the link works, and how long what was never confirmed is kept.
LINK_LIVES = timedelta(hours=48)
KEPT = timedelta(days=30)
# One statement for a whole batch of an erasure.
FORGET = """
WITH gone AS (
    DELETE FROM consents_pendingconsent waiting
    USING subjects_subjectidentifier link JOIN subjects_identifier identifier ON identifier.id = link.identifier_id
    WHERE link.subject_id = ANY(%(people)s::bigint[]) AND waiting.blind = identifier.blind
        AND waiting.confirmed_at IS NULL
    RETURNING waiting.uuid
)
DELETE FROM core_datakey WHERE owner = %(owner)s AND owner_id IN (SELECT uuid FROM gone)
"""


class LinkOver(NotFound):
    code = "link-over"
    message = gettext_lazy("This link does not work any more. Fill in the form again and we send you a new one.")


def is_needed(answer: Answer) -> bool:
    """Only a "yes" waits: whoever says no to everything is believed at once. A guardian is always asked."""
    if answer.guardian is not None and answer.guardian.claim is None:
        return False
    return (answer.shown.double_opt_in or answer.guardian is not None) and any(answer.choices.values())


@transaction.atomic
def ask(answer: Answer, data: dict[str, Any], *, now: datetime, actor: str, collected_by: str = "api") -> Captured:
    """Keep the answer sealed and mail the link. `data` is the answer as `answers.read` took it.

    Raises Invalid without an e-mail address. Known or not, suppressed or not: the same work and the same answer.
    """
    own = next((claim for claim in answer.claims if claim.type == Identifier.Type.EMAIL), None)
    asked = answer.guardian.claim if answer.guardian else own
    if asked is None:
        raise Invalid(fields={"identity.email": _("This form is confirmed by e-mail, so it needs an address.")})
    consent, token = uuid4(), secrets.token_urlsafe(32)
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
        data={"form": answer.shown.slug, "version": answer.shown.number, "sha256": answer.shown.sha256},
        test=answer.is_test,
    )
    PendingConsent.objects.create(
        uuid=consent,
        form_version=answer.shown.key,
        sealed=create_key(Owner.CONSENT, consent).seal(FIELD, json.dumps(kept, default=str).encode()),
        blind=(own or asked).blind,
        token_hash=token_hash(token),
        actor=actor,
        collected_by=collected_by,
        requested_at=now,
        expires_at=now + LINK_LIVES,
        states=states,
        entry=entry,
        is_test=answer.is_test,
    )
    if not answer.is_test:
        _mail(answer, asked, token, now=now)
    return _waiting(consent, states)


def stored(consent: UUID) -> Captured:
    """The same answer again for a repeated call. Raises NotFound when there is nothing of this id."""
    pending = PendingConsent.objects.filter(uuid=consent).first()
    if pending is None or pending.confirmed_at:
        return capture.stored(consent)
    return _waiting(consent, pending.states)


@dataclass(frozen=True)
class Waiting:
    """What a link would confirm, in the words of the form; by a parent or guardian where the person is a child."""

    labels: list[str]
    is_for_child: bool


def waiting(token: str, *, now: datetime) -> Waiting:
    """Changes nothing; raises LinkOver."""
    pending = PendingConsent.objects.filter(token_hash=token_hash(token)).first()
    if pending is None or pending.sealed is None or pending.expires_at <= now:
        raise LinkOver
    data = _opened(pending)
    version = ConsentFormVersion.objects.get(pk=pending.form_version)
    labels = [control["label"] for control in version.controls if data["choices"].get(control["key"])]
    return Waiting(labels, "guardian" in data)


def is_open(token: str, *, now: datetime) -> bool:
    """Whether this link was mailed by us and still waits to be pressed."""
    open_links = PendingConsent.objects.filter(sealed__isnull=False, expires_at__gt=now)
    return open_links.filter(token_hash=token_hash(token)).exists()


@transaction.atomic
def confirm(token: str, *, now: datetime) -> Captured:
    """The owner of the mailbox says yes, and it counts from now on. Raises LinkOver for a used or an old link."""
    pending = PendingConsent.objects.select_for_update().filter(token_hash=token_hash(token)).first()
    if pending is None or pending.sealed is None or pending.expires_at <= now:
        raise LinkOver
    data = _opened(pending)
    requested_at, network = data.pop("requested_at"), data.pop("network", None)
    # Read as it was sent: the version may have been superseded since, and its days of grace run from the asking.
    answer = answers.read(data, now=pending.requested_at)
    by = "guardian" if answer.guardian else "double-opt-in"
    kept = {**answer.proof, "network": network} if network else answer.proof
    proof = {**kept, "requested_at": requested_at, "confirmed_at": now.isoformat(), "by": by}
    destroy_keys(Owner.CONSENT, [pending.uuid])
    done = capture.capture(
        replace(answer, given_at=now, proof=proof),
        now=now,
        actor=pending.actor,
        collected_by=pending.collected_by,
        consent=pending.uuid,
    )
    pending.confirmed_at, pending.sealed = now, None
    pending.save(update_fields=["confirmed_at", "sealed"])
    if not answer.guardian:
        _prove(answer, done, now=now)
    return done


def forget(*, now: datetime) -> int:
    """Destroy what was never confirmed, and the rows of what was; returns how many rows went."""
    old = PendingConsent.objects.filter(requested_at__lt=now - KEPT)
    with transaction.atomic():
        unconfirmed = list(old.filter(confirmed_at=None).select_for_update().values_list("uuid", flat=True))
        destroy_keys(Owner.CONSENT, unconfirmed)
        return old.delete()[0]


def waiting_for(claims: Sequence[Claim]) -> list[PendingConsent]:
    """What was asked under these addresses and never confirmed."""
    blinds = [blind for claim in claims for blind in claim.blinds]
    return list(PendingConsent.objects.filter(blind__in=blinds, confirmed_at=None).order_by("requested_at"))


def forget_people(subject_ids: Iterable[int]) -> int:
    """Destroy what still waits for the addresses of these people, inside the transaction that erases them."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET, {"people": array(subject_ids), "owner": Owner.CONSENT.value})
        return int(cursor.rowcount)


def _prove(answer: Answer, done: Captured, *, now: datetime) -> None:
    """Control of the mailbox was shown, so the address is this person's; unless somebody shares it."""
    claim = next(claim for claim in answer.claims if claim.type == Identifier.Type.EMAIL)
    subject = people.provable(claim, is_test=answer.is_test)
    if subject is not None and subject.uuid == done.subject:
        people.verify_identifier(subject, claim, how="double-opt-in", now=now, actor=f"consent:{done.consent}")


def _opened(pending: PendingConsent) -> dict[str, Any]:
    assert pending.sealed is not None  # noqa: S101 - narrows the type; the callers have looked
    data: dict[str, Any] = json.loads(key_of(Owner.CONSENT, pending.uuid).open(FIELD, bytes(pending.sealed)))
    return data


def _waiting(consent: UUID, states: dict[str, str]) -> Captured:
    return Captured(consent=consent, subject=None, states=states, pending=True, receipt="")


def _mail(answer: Answer, claim: Claim, token: str, *, now: datetime) -> None:
    if address_mail.is_enough(claim, now=now):
        return
    controller = Controller.current()
    version = ConsentFormVersion.objects.get(pk=answer.shown.key)
    titles = [control["label"] for control in answer.shown.controls if answer.choices[control["key"]]]
    with translation.override(answer.shown.locale):
        context = {
            "controller": controller,
            "title": version.title,
            "labels": titles,
            "link": f"{settings.BASE_URL}{reverse('consents:confirm', args=[token])}",
        }
        template = "guardian" if answer.guardian else "confirm"
        text = render_to_string(f"consents/mail/{template}.txt", context)
        subject = _("Please confirm: %(title)s") % {"title": version.title}
    address_mail.post(claim, subject=subject, text=text, now=now)


def titles_of(done: Captured) -> list[str]:
    """The purposes that are now agreed to, by their titles."""
    given = [slug for slug, status in done.states.items() if status in (Status.GIVEN, Status.RENEWED)]
    found = PurposeVersion.objects.filter(purpose__slug__in=given).order_by("number")
    return sorted(dict(found.values_list("purpose__slug", "title")).values())
