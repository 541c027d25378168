"""Staff pages of webhooks: who is told of every change, how they take it, and what to do when they do not."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from consents import webhooks, webhooks_deliveries
from consents.models import Webhook
from core import outbox
from core.desk import actor_of, for_staff, page, refuse
from core.errors import DomainError, NotFound
from ledger.kinds import TOLD

READ, ADD, WRITE = "consents.view_webhook", "consents.add_webhook", "consents.change_webhook"
FOLDER = "consents/webhooks"


class WebhookForm(forms.Form):
    use_required_attribute = False
    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=500,
        help_text=gettext_lazy("https, and on the public internet. It is checked now and at every try."),
        widget=forms.TextInput({"autocomplete": "off", "inputmode": "url"}),
    )
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("Tell it of"),
        required=False,
        choices=[(kind, format_lazy("{}: {}", kind, sentence)) for kind, sentence in TOLD.items()],
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None ticked: of everything, and of kinds that are new later."),
    )


class NewForm(WebhookForm):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        help_text=gettext_lazy("For us, such as “crm”. It does not change later."),
    )
    field_order = ("name", "url", "kinds")


@require_GET
@for_staff(READ)
def show_list(request: HttpRequest) -> HttpResponse:
    found = Webhook.objects.order_by("ended_at", "name")
    rows = [
        {
            "webhook": webhook,
            "health": webhooks_deliveries.health(webhook),
            "dead": webhooks_deliveries.dead(webhook).count(),
            "waiting": webhooks_deliveries.waiting(webhook).count(),
        }
        for webhook in found
    ]
    context = {"title": _("Webhooks"), "rows": rows, "may_add": request.user.has_perm(ADD)}
    return page(request, f"{FOLDER}/list.html", context)


@require_http_methods(["GET", "POST"])
@for_staff(ADD)
def add(request: HttpRequest) -> HttpResponse:
    form = NewForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        kinds, actor = given["kinds"], actor_of(request)
        try:
            made, secret = webhooks.add(given["name"], given["url"], kinds=kinds, now=timezone.now(), actor=actor)
        except DomainError as error:
            refuse(form, error)
        else:
            return _secret(request, made, secret, is_new=True)
    return page(request, f"{FOLDER}/add.html", {"title": _("New webhook"), "form": form})


@require_GET
@for_staff(READ)
def show(request: HttpRequest, uuid: UUID) -> HttpResponse:
    return _show(request, _found(uuid))


@require_POST
@for_staff(WRITE)
def change(request: HttpRequest, uuid: UUID) -> HttpResponse:
    webhook, form = _found(uuid), WebhookForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            webhooks.change(
                webhook.name, given["url"], kinds=given["kinds"], now=timezone.now(), actor=actor_of(request)
            )
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("admin:webhook", uuid)
    return _show(request, webhook, form=form)


@require_http_methods(["GET", "POST"])
@for_staff(WRITE)
def act(request: HttpRequest, uuid: UUID, name: str) -> HttpResponse:
    """What asks first: the page says what follows, its button does it."""
    webhook, chosen = _found(uuid), ACTS.get(name)
    if chosen is None:
        raise Http404
    if request.method == "POST":
        return chosen.do(request, webhook, timezone.now())
    context = {
        "title": chosen.title,
        "webhook": webhook,
        "act": chosen,
    }
    return page(request, f"{FOLDER}/act.html", context)


@require_POST
@for_staff(WRITE)
def test(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Send a test and say how it was taken."""
    webhook, now = _found(uuid), timezone.now()
    try:
        row = webhooks.test(webhook.name, now=now, actor=actor_of(request))
    except DomainError as error:
        messages.error(request, str(error.message))
        return redirect("admin:webhook", uuid)
    if outbox.deliver_one(row.pk, now=now):
        messages.success(request, _("The test was taken."))
    else:
        row.refresh_from_db()
        told = {"error": row.error or _("on its way")}
        messages.error(request, _("The test was not taken (%(error)s). It is tried again like any message.") % told)
    return redirect("admin:webhook", uuid)


@require_POST
@for_staff(WRITE)
def replay(request: HttpRequest, uuid: UUID, message: UUID) -> HttpResponse:
    """Send one dead message again."""
    try:
        webhooks_deliveries.replay(_found(uuid), message, now=timezone.now(), actor=actor_of(request))
    except NotFound:
        messages.error(request, _("That message is not dead any more."))
    else:
        messages.success(request, _("It is sent again now."))
    return redirect("admin:webhook", uuid)


@dataclass(frozen=True)
class Act:
    title: str | Promise
    words: str | Promise
    button: str | Promise
    do: Callable[[HttpRequest, Webhook, datetime], HttpResponse]


def _rotate(request: HttpRequest, webhook: Webhook, now: datetime) -> HttpResponse:
    try:
        secret = webhooks.rotate(webhook.name, now=now, actor=actor_of(request))
    except DomainError as error:
        messages.error(request, str(error.message))
        return redirect("admin:webhook", webhook.uuid)
    return _secret(request, webhook, secret)


def _switch(request: HttpRequest, webhook: Webhook, now: datetime) -> HttpResponse:
    on = webhook.disabled_at is not None
    return _done(request, webhook, lambda: webhooks.switch(webhook.name, on=on, now=now, actor=actor_of(request)))


def _end(request: HttpRequest, webhook: Webhook, now: datetime) -> HttpResponse:
    return _done(request, webhook, lambda: webhooks.end(webhook.name, now=now, actor=actor_of(request)))


def _replay_all(request: HttpRequest, webhook: Webhook, now: datetime) -> HttpResponse:
    count = webhooks_deliveries.replay(webhook, None, now=now, actor=actor_of(request))
    told = ngettext("%(n)s message is sent again now.", "%(n)s messages are sent again now.", count) % {"n": count}
    messages.success(request, told)
    return redirect("admin:webhook", webhook.uuid)


ACTS = {
    "rotate": Act(
        gettext_lazy("A new secret"),
        gettext_lazy(
            "A new secret is made and shown once. For a day every message is signed with both, so that the receiver can"
            " change over without losing one; after that the old one is worth nothing."
        ),
        gettext_lazy("Make a new secret"),
        _rotate,
    ),
    "switch": Act(
        gettext_lazy("Switch on or off"),
        gettext_lazy(
            "While it is off nothing is sent. What happens meanwhile is kept in the feed and told when it is switched"
            " on again. Messages that were queued before are tried for a day and a half and can then be sent by hand."
        ),
        gettext_lazy("Switch it"),
        _switch,
    ),
    "end": Act(
        gettext_lazy("End it for good"),
        gettext_lazy("It is told nothing any more, and what waits for it is dropped. This cannot be undone."),
        gettext_lazy("End it for good"),
        _end,
    ),
    "replay": Act(
        gettext_lazy("Send everything again that is dead"),
        gettext_lazy(
            "Each is sent with the id it had, so that a receiver that has taken it already knows it again. Find out"
            " first why they were not taken, and send a test."
        ),
        gettext_lazy("Send them again"),
        _replay_all,
    ),
}


def _done(request: HttpRequest, webhook: Webhook, do: Callable[[], None]) -> HttpResponse:
    try:
        do()
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("Done."))
    return redirect("admin:webhook", webhook.uuid)


def _found(uuid: UUID) -> Webhook:
    found = Webhook.objects.filter(uuid=uuid).first()
    if found is None:
        raise Http404
    return found


def _secret(request: HttpRequest, webhook: Webhook, secret: str, *, is_new: bool = False) -> HttpResponse:
    """Shown this once, and kept nowhere that staff could read."""
    title = _("The secret of %(name)s") % {"name": webhook.name}
    return page(
        request, f"{FOLDER}/secret.html", {"title": title, "webhook": webhook, "secret": secret, "is_new": is_new}
    )


def _show(request: HttpRequest, webhook: Webhook, form: WebhookForm | None = None) -> HttpResponse:
    only_dead, before = request.GET.get("only") == "dead", request.GET.get("before", "")
    place = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    deliveries, after = webhooks_deliveries.page(webhook, only_dead=only_dead, before=place)
    may_write = request.user.has_perm(WRITE) and webhook.ended_at is None
    context: dict[str, Any] = {
        "title": webhook.name,
        "webhook": webhook,
        "health": webhooks_deliveries.health(webhook),
        "deliveries": deliveries,
        "after": after,
        "only_dead": only_dead,
        "dead": webhooks_deliveries.dead(webhook).count(),
        "waiting": webhooks_deliveries.waiting(webhook).count(),
        "may_write": may_write,
        "form": form or WebhookForm(initial={"url": webhook.url, "kinds": webhook.kinds}),
        "signs_with_both": bool(webhook.former_until and timezone.now() < webhook.former_until),
    }
    return page(request, f"{FOLDER}/webhook.html", context)


def urls(site: AdminSite) -> list[URLPattern]:
    """Below the admin site, behind its door."""
    here = "webhooks/<uuid:uuid>/"
    found = [
        path("webhooks/", show_list, name="webhooks"),
        path("webhooks/new/", add, name="webhook-add"),
        path(here, show, name="webhook"),
        path(f"{here}change/", change, name="webhook-change"),
        path(f"{here}test/", test, name="webhook-test"),
        path(f"{here}messages/<uuid:message>/replay/", replay, name="webhook-replay"),
        path(f"{here}<slug:name>/", act, name="webhook-act"),
    ]
    for pattern in found:
        pattern.callback = site.admin_view(pattern.callback)
    return found
