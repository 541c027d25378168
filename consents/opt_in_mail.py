"""The mails of a double opt-in: to the owner of a mailbox, and to the parent or guardian of a child (UK GDPR Art 8).

They carry no marketing, and go out once for an answer and three times a day to an address at most.
"""

from datetime import datetime

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from consents import address_mail, coming_of_age, guardians, opt_in_child
from consents.answers import Answer
from consents.models import ConsentFormVersion
from consents.unproven import refused
from core.models import Controller
from subjects import people
from subjects.identifiers import Claim


def ask(
    answer: Answer, claim: Claim, token: str, *, by_parent: bool, both: bool, said_no: bool = False, now: datetime
) -> None:
    """The link to the button. `both`: a child and their parent are asked, and it takes both of them.

    `said_no`: it is asked because of what was answered before, of which its own mailbox may know. Of an answer of the
    person's own, what it refuses counts already (consents/unseen.py).
    """
    link = f"{settings.BASE_URL}{reverse('consents:confirm', args=[token])}"
    with translation.override(answer.shown.locale):
        subject = _("Please confirm: %(title)s") % {"title": _title(answer)}
        noes = _noes(answer, both=both, now=now) if said_no else {}
        text = _text(answer, "guardian" if by_parent else "confirm", link=link, both=both, **noes)
    address_mail.ask(claim, subject=subject, text=text, now=now)


def tell_parent(answer: Answer, claim: Claim, link: str, *, now: datetime) -> None:
    """What they agreed to counts from now on, and how they end it. Whoever gets it has pressed the button."""
    with translation.override(answer.shown.locale):
        subject = _("You agreed for a child: %(title)s") % {"title": _title(answer)}
        lasts_until = answer.shown.valid_until(now)
        child = guardians.child_of(answer.proof, answer.shown.minimum_age, lasts_until=lasts_until)
        text = _text(answer, "parent_agreed", link=link, child=child)
    address_mail.post(claim, subject=subject, text=text, now=now)


def _noes(answer: Answer, *, both: bool, now: datetime) -> dict[str, object]:
    """What stands against it, and what the form itself says no to, where that counts already."""
    person = people.find(answer.claims, is_test=answer.is_test)
    against, agreed = len(refused(answer, person, now=now)), sum(answer.choices.values())
    by_them = len(refused(answer, person, now=now, but=opt_in_child.ended_by_parents(person)))
    noes = [] if both else [one["label"] for one in answer.shown.controls if not answer.choices[one["key"]]]
    choices = f"{settings.BASE_URL}{reverse('consents:ask')}"
    return {
        # To how much of it there is a "no", and whether each is the person's own or one is a parent's.
        "said_no": "all" if against == agreed else "some" if against else "",
        "by_parent": by_them < against,
        "answered_alone": person is not None and both and coming_of_age.has_answered_alone(person.uuid, now=now),
        "noes": noes,
        "choices": choices,
    }


def _title(answer: Answer) -> str:
    return ConsentFormVersion.objects.get(pk=answer.shown.key).title


def _text(answer: Answer, template: str, **more: object) -> str:
    labels = [one["label"] for one in answer.shown.controls if answer.choices[one["key"]]]
    policy = f"{settings.BASE_URL}/policy/"
    context = {"controller": Controller.current(), "labels": labels, "policy": policy, **more}
    return render_to_string(f"consents/mail/{template}.txt", context)
