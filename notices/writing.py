"""The privacy notice written from the register: everything UK GDPR Arts 13 and 14 ask for, purpose by purpose."""

from collections.abc import Collection
from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from core.models import Controller
from processing import abroad
from processing.models import Basis, ProcessingActivity, PurposeVersion, Recipient, Source, Status

TEMPLATE = "notices/privacy-policy.html"  # its version is the notice's own


def write(*, version: str, effective_from: str) -> str:
    """The notice as HTML without a heading of the first rank, ready to be published."""
    purposes, controller = live_purposes(), Controller.current()
    context = {
        "controller": controller,
        "is_union": controller.jurisdiction != "UK",
        "version": version,
        "effective_from": effective_from,
        "activities": by_activity(purposes),
        "sources": in_words({name for one in purposes for name in one.sources}),
        "buys_or_finds": [one for one in purposes if {Source.THIRD_PARTY, Source.PUBLIC_SOURCE} & set(one.sources)],
        "recipients": recipients(purposes),
        "abroad": abroad.among(recipients(purposes), controller.jurisdiction),
        "contractual": [one for one in purposes if one.basis == Basis.CONTRACT],
    }
    return render_to_string(TEMPLATE, context)


def live_purposes() -> list[PurposeVersion]:
    return list(
        PurposeVersion.objects.filter(status=Status.LIVE)
        .select_related("purpose__activity")
        .prefetch_related("categories", "recipients")
        .order_by("purpose__activity__title", "title")
    )


def recipients(purposes: list[PurposeVersion]) -> list[Recipient]:
    found = {one.slug: one for purpose in purposes for one in purpose.recipients.all()}
    return sorted(found.values(), key=lambda one: one.name)


def by_activity(purposes: list[PurposeVersion]) -> list[tuple[ProcessingActivity, list[dict[str, Any]]]]:
    grouped: dict[ProcessingActivity, list[dict[str, Any]]] = {}
    for one in purposes:
        grouped.setdefault(one.purpose.activity, []).append(
            {
                "version": one,
                "basis": basis_in_words(one.basis),
                "categories": [category.label for category in one.categories.all()],
                "sources": in_words(one.sources),
            }
        )
    return list(grouped.items())


def in_words(sources: Collection[str]) -> list[str]:
    """Sources as a person would say them, in the order of the register's list."""
    return [str(one.label) for one in Source if one.value in sources]


def basis_in_words(basis: str) -> str:
    """The lawful basis (Art 6(1)) as a person would say it."""
    return {
        Basis.CONSENT: _("You agreed to it. You can take that back at any time."),
        Basis.CONTRACT: _("It is needed for a contract with you or your company, or for steps you asked for first."),
        Basis.LEGAL_OBLIGATION: _("The law requires it of us."),
        Basis.VITAL: _("It protects somebody's life."),
        Basis.PUBLIC_TASK: _("It is a task in the public interest."),
        Basis.RECOGNISED: _("The law recognises this interest as legitimate."),
        Basis.LEGITIMATE_INTEREST: _("We have a legitimate interest, weighed against yours. You can object."),
    }[Basis(basis)]
