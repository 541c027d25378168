"""Finding what a purpose says now, or said then."""

from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.errors import NotFound
from processing.models import PurposeVersion, Status


class UnknownPurpose(NotFound):
    code = "unknown-purpose"
    message = _("There is no live purpose of this name.")


def live(slug: str) -> PurposeVersion:
    """The version of this purpose that is live now. Raises UnknownPurpose."""
    return _one(slug, Q(status=Status.LIVE))


def as_of(slug: str, at: datetime) -> PurposeVersion:
    """The version that was published at this moment, whatever has become of it since. Raises UnknownPurpose."""
    return _one(slug, Q(effective_from__lte=at) & (Q(effective_to=None) | Q(effective_to__gt=at)))


def _one(slug: str, condition: Q) -> PurposeVersion:
    version = PurposeVersion.objects.filter(condition, purpose__slug=slug).select_related("purpose").first()
    if version is None:
        raise UnknownPurpose
    return version
