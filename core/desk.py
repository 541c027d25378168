"""Pages for staff: who may open one, the frame it stands in, and how a refusal of the domain gets back to its field."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import wraps
from typing import Any

from django import forms
from django.contrib.admin import AdminSite
from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from core.errors import DomainError
from core.models import Controller, User

View = Callable[..., HttpResponseBase]


def for_staff(*permissions: str) -> Callable[[View], View]:
    """Staff without any of the permissions meet the same 404 as if there were nothing here."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not any(request.user.has_perm(permission) for permission in permissions):
                raise Http404
            return view(request, *args, **kwargs)

        return never_cache(guarded)

    return decorate


def actor_of(request: HttpRequest) -> str:
    assert isinstance(request.user, User)  # noqa: S101 - admin_view lets nobody else through
    return request.user.actor


def names_of(actors: Iterable[str]) -> dict[str, str]:
    """The names of accounts, by how evidence names them. What is no account, or gone, has none."""
    known = User.objects.annotate(written=Concat(Value("user:"), Cast("uuid", CharField())))
    return {user.actor: user.get_username() for user in known.filter(written__in=set(actors))}


def page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """A page in the frame of the admin site."""
    site: AdminSite = request.admin_site  # type: ignore[attr-defined]
    request.current_app = site.name  # type: ignore[attr-defined]
    return render(request, template, {**site.each_context(request), **context})


def refuse(form: forms.BaseForm, error: DomainError, fields: Mapping[str, str] | None = None) -> None:
    """Show a refusal at the fields it names; `fields` says which of them stand for others."""
    for name, sentence in (error.fields or {"": error.message}).items():
        field = (fields or {}).get(name, name.rpartition(".")[2])
        form.add_error(field if field in form.fields else None, str(sentence))


class MomentField(forms.DateTimeField):
    """A date and time as the clock on the controller's wall shows it."""

    default_error_messages = {"invalid": _("Give a date and a time, for example 2026-11-22 14:30.")}

    def __init__(self, **given: Any) -> None:
        given.setdefault("widget", forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"))
        super().__init__(**given)

    def prepare_value(self, value: Any) -> Any:
        return value.astimezone(Controller.current().zone) if isinstance(value, datetime) else value

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(Controller.current().zone):
            return super().to_python(value)


class DayField(forms.DateField):
    default_error_messages = {"invalid": _("Give a date, for example 2026-11-22.")}

    def __init__(self, **given: Any) -> None:
        given.setdefault("widget", forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
        super().__init__(**given)
