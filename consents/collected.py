"""The consents that another system collected together with data (POST collect/): the same reading, the same capture."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from consents import answers, capture, opt_in
from consents.answers import Answer
from core.errors import DomainError, Invalid, Text
from subjects.identifiers import Claim
from subjects.models import DataSubject, Identifier

# Said once for the whole collection.
ELSEWHERE = {"identity", "test"}


def capture_all(
    subject: DataSubject,
    claims: Sequence[Claim],
    consents: Sequence[Mapping[str, Any]],
    *,
    now: datetime,
    actor: str,
    is_test: bool,
) -> None:
    """Registered with subjects.intake. Captures all inside the caller's transaction, or names every field at fault."""
    said = {"identity": identity(claims), "test": is_test}
    for part, answer in zip(consents, _read(consents, said, now=now), strict=True):
        if opt_in.is_needed(answer):
            opt_in.ask(answer, {**part, **said}, now=now, actor=actor)
        else:
            capture.capture(answer, now=now, actor=actor)


def identity(claims: Sequence[Claim]) -> dict[str, Any]:
    """The claims as the API's `identity` spells them."""
    return {
        claim.type: {"system": claim.system, "id": claim.value}
        if claim.type == Identifier.Type.EXTERNAL_ID
        else claim.value
        for claim in claims
    }


def _read(consents: Sequence[Mapping[str, Any]], said: Mapping[str, Any], *, now: datetime) -> list[Answer]:
    read: list[Answer] = []
    errors: dict[str, Text] = {}
    for number, part in enumerate(consents):
        below = f"consents[{number}]"
        errors |= {f"{below}.{name}": _("This is said once for the whole call.") for name in ELSEWHERE & set(part)}
        try:
            read.append(answers.read({**part, **said}, now=now))
        except DomainError as error:
            errors |= {f"{below}.{name}": text for name, text in error.fields.items()} or {below: error.message}
    if errors:
        raise Invalid(fields=errors)
    return read
