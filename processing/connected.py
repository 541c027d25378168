"""Systems that ask by themselves what they have to do: each with a key of its own, about its own tasks alone."""

from typing import Any

from django.db.models.query import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from core.api import ApiView
from core.errors import DomainError
from core.models import ApiKey
from processing.models import System

SCOPE = "systems:tasks"


class NoSystem(DomainError):
    code = "key-without-system"
    message = _("This API key belongs to no system of the register. Make one that names the system.")


def others() -> QuerySet[System]:
    """Every system but this database."""
    return System.objects.exclude(connector=System.Connector.BUILTIN).order_by("slug")


class ForSystem(ApiView):
    """The base of what a connected system calls. `system` is whose key it is."""

    required_scope = SCOPE
    system: System

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        key = request.auth
        slug = key.system if isinstance(key, ApiKey) else ""
        found = others().filter(slug=slug).first() if slug else None
        if found is None:
            raise NoSystem
        self.system = found
