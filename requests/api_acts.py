"""What moves a due date, over the REST API: asked, answered, taken back, charged, extended, refused; and who asks.

Each call is one function, the same as behind the office's button. Asked for again with its Idempotency-Key it is
answered again and not done again.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import Invalid
from core.idempotency import replayable
from requests import (
    asking,
    asking_where,
    clarification,
    duplicates,
    exam_marks,
    extension,
    fee,
    identity,
    identity_doubt,
    objecting,
    references,
    refusing,
    triage,
)
from requests.api import RequestOut, shown
from requests.api_work import ReleaseIn, Working, actor_of, read
from requests.models import RightsRequest
from requests.models_identity import Kind

# What may be taken back by its name. A doubt has its own way, because what was sent for it goes too.
TAKEN_BACK = (Kind.CLARIFICATION, Kind.EXTENSION, Kind.FEE, Kind.REFUSAL, Kind.WHERE, Kind.EXAM)
PROOFS = [(way, way) for way in identity_doubt.WAYS]
Func = Callable[..., object]


def _words(help_text: str, *, required: bool = True) -> serializers.CharField:
    more: dict[str, Any] = {} if required else {"required": False, "allow_blank": True, "default": ""}
    return serializers.CharField(max_length=asking.WORDS, help_text=help_text, **more)


class NothingIn(serializers.Serializer[Any]):
    """No members."""


class DayIn(serializers.Serializer[Any]):
    day = serializers.DateField(help_text="The day on which it arrived.")


class ApproveIn(serializers.Serializer[Any]):
    doubt = serializers.UUIDField(required=False, help_text="The one whose letter you looked at; no other is approved.")


class DoubtIn(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(choices=list(identity_doubt.REASONS))
    doubt = _words("What makes you doubt it, as the person will read it.")
    ways = serializers.ListField(
        child=serializers.ChoiceField(choices=PROOFS),
        allow_empty=False,
        max_length=len(identity_doubt.WAYS),
        help_text="What would remove it; one of them at least needs no document.",
    )


class AgainIn(serializers.Serializer[Any]):
    doubt = _words("Why what came is not enough, as the person will read it.")
    ways = DoubtIn().fields["ways"]


class ArrivedIn(DayIn):
    kind = serializers.ChoiceField(choices=PROOFS)
    words = _words("What it was, without the numbers of documents.")


class ShownIn(serializers.Serializer[Any]):
    how = serializers.ChoiceField(choices=identity.Shown.choices)
    note = serializers.CharField(max_length=identity.NOTE_LENGTH)
    is_their_mailbox = serializers.BooleanField(required=False, default=False)


class PersonIn(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=[kind for kind, _label in identity.KINDS])
    value = serializers.CharField(max_length=254)


class ClarifyIn(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(choices=list(clarification.REASONS))
    unclear = _words("What is not clear, as the person will read it.")


class AnsweredIn(DayIn):
    answer = _words("What they answered.")


class ExtendIn(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(choices=list(extension.REASONS))
    explanation = _words("Why, as the person will read it.")


class ChargeIn(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(choices=list(fee.REASONS))
    explanation = _words("Why, as the person will read it.")
    amount = serializers.CharField(max_length=20, help_text="In pounds, such as 12.50.")
    basis = _words("What the amount is made of.")


class ExamIn(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(choices=list(exam_marks.REASONS))
    day = serializers.DateField(help_text="Of the results: announced, or expected.")
    why = _words("Which exam it is, and how the day is known.")


class RefuseIn(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(choices=list(refusing.REASONS))
    explanation = _words("Why, as the person will read it.")


class TakeBackIn(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=[kind.value for kind in TAKEN_BACK])


class DuplicateIn(serializers.Serializer[Any]):
    of = serializers.CharField(max_length=20, help_text="The reference of the request that answers both.")


class NameIn(serializers.Serializer[Any]):
    right = serializers.ChoiceField(choices=[(right.value, right.label) for right in triage.FOUND])


def step(operation: str, func: Func, given: type[serializers.Serializer[Any]] = NothingIn) -> Callable[[type], type]:
    """Give a view its POST: the members of the body are the arguments of the function."""

    def decorate(view: type) -> type:
        @extend_schema(
            request=None if given is NothingIn else given, responses=RequestOut, operation_id=f"requests_{operation}"
        )
        def post(self: Working, request: Request, reference: str) -> Response:
            def make() -> UUID:
                return _made(func, self.find(reference), request, given)

            return replayable(request, make=make, load=lambda uuid: shown(_again(uuid)), status=200)

        view.post = post  # type: ignore[attr-defined]
        return view

    return decorate


def _made(func: Func, found: RightsRequest, request: Request, given: type[serializers.Serializer[Any]]) -> UUID:
    """The request that it was done to, or the one that came of it."""
    made = func(found, **read(given, request), actor=actor_of(request), now=timezone.now())
    return made.uuid if isinstance(made, RightsRequest) else found.uuid


def _again(uuid: UUID) -> RightsRequest:
    return RightsRequest.objects.select_related("case__rule_set").get(uuid=uuid)


@step("doubt", identity_doubt.ask, DoubtIn)
class DoubtView(Working):
    """Record a reasonable doubt about who asks, and ask for what removes it. Asked late, it waits for another key."""


@step("doubt_approve", identity_doubt.approve, ApproveIn)
class DoubtApproveView(Working):
    """Agree, as a second person, to a doubt that was raised late. Only then does its letter go out."""


@step("doubt_arrived", identity_doubt.arrived, ArrivedIn)
class DoubtArrivedView(Working):
    """Something came that may show who they are. The clock starts on that day, whatever you think of it later."""


@step("doubt_not_enough", identity_doubt.not_enough, AgainIn)
class DoubtNotEnoughView(Working):
    """What came does not remove the doubt: ask again. The later receipt governs."""


@step("doubt_withdraw", identity_doubt.withdraw)
class DoubtWithdrawView(Working):
    """The doubt was none: the day of receipt counts again, and what was sent for it is destroyed."""


@step("identity", lambda found, **given: identity_doubt.shown(found.case, **given), ShownIn)
class IdentityView(Working):
    """They showed who they are otherwise than by the mailed link: record how. It ends a doubt."""


@step("person", lambda found, **given: _tie(found, **given), PersonIn)
class PersonView(Working):
    """Say whose case it is, by an exact address, number or id, once it is shown who asks."""


@step("clarify", clarification.ask, ClarifyIn)
class ClarifyView(Working):
    """Ask what is meant. For access under UK law the clock stands still from the day the letter is given."""


@step("clarified", clarification.answered, AnsweredIn)
class ClarifiedView(Working):
    """Their answer arrived on that day, which is the last that does not count."""


@step("extend", extension.extend, ExtendIn)
class ExtendView(Working):
    """Give notice of two more months, with reasons, before the first month ends."""


@step("exam", exam_marks.record, ExamIn)
class ExamView(Working):
    """It is about exam marks and may wait for the results (DPA 2018 Sch 2 ¶25). Noted anew when the day changes."""


@step("charge", fee.charge, ChargeIn)
class ChargeView(Working):
    """Ask for a reasonable fee. The clock starts when it is paid."""


@step("paid", fee.paid, DayIn)
class PaidView(Working):
    """The money arrived on that day."""


@step("where_answered", asking_where.told, AnsweredIn)
class WhereAnsweredView(Working):
    """They said where else to look, otherwise than on the page they were sent."""


@step("refusal_prepare", refusing.prepare, RefuseIn)
class RefusalView(Working):
    """Write down why the whole request is refused. Nothing goes out yet."""


@step("refuse", refusing.refuse, ReleaseIn)
class RefuseView(Working):
    """Send the prepared refusal and close the request. Where two people are needed, it takes another key."""


@step("take_back", lambda found, *, kind, **who: asking.take_back(found, Kind(kind), **who), TakeBackIn)
class TakeBackView(Working):
    """As if it had never been asked: the date goes back to what it was without it."""


@step("only_marketing", objecting.only_marketing)
class OnlyMarketingView(Working):
    """An objection that was read and is about marketing alone: it ends at once, and the request closes."""


@step("duplicate", lambda found, **given: _duplicate(found, **given), DuplicateIn)
class DuplicateView(Working):
    """The same person asks for the same thing in another open request: close this one, and answer that."""


@step("duplicate_undo", duplicates.undo)
class DuplicateUndoView(Working):
    """It is not the same after all. For half an hour, until the person is told."""


@step("name", triage.name_right, NameIn)
class NameView(Working):
    """Name a right that is in somebody's own words. Answered with the new request, in the same case."""


def _duplicate(found: RightsRequest, *, of: str, **who: Any) -> None:
    other = RightsRequest.objects.select_related("case").filter(reference=references.tidy(of)).first()
    if other is None:
        raise Invalid(fields={"of": gettext_lazy("No request has this reference.")})
    duplicates.mark(found, other, **who)


def _tie(found: RightsRequest, *, kind: str, value: str, **who: Any) -> None:
    identity.tie(found.case, identity.person_of(kind, value), **who)
