"""Which of this app's data is personal, how it is exported and what may be erased."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from consents import suppression
from cookies import linking
from cookies.models import CookieChoice, Site
from subjects.models import DataSubject
from subjects.registry import register


def fields_of(model: str, names: str) -> list[str]:
    return [f"cookies.{model}.{name}" for name in names.split()]


@register
class Browsers:
    """Under a random number that is nobody's once the identifier is gone: the rows stay as evidence (Art 7(1))."""

    label: str | Promise = _("What you chose about cookies, in browsers that we know are yours")
    fields = fields_of("CookieChoice", "consent_id granted denied how is_gpc chosen_at recorded_at")

    def export(self, subject: DataSubject) -> list[dict[str, Any]]:
        numbers = linking.browsers_of(subject, suppression.claims_of(subject))
        sites = dict(Site.objects.values_list("uuid", "name"))
        return [
            {
                "site": sites.get(row.site, ""),
                "number": str(row.consent_id),
                "allowed": row.granted,
                "not_allowed": row.denied,
                "how": str(row.get_how_display()),
                "at": row.chosen_at.isoformat(),
            }
            for row in CookieChoice.objects.filter(consent_id__in=numbers).order_by("chosen_at", "id")
        ]

    def erase(self, subject: DataSubject) -> int:
        return 0


NOT_PERSONAL = {
    *fields_of("CookieChoice", "id uuid schema_version site version sha256 actor entry"),
    # What is told and asked, of everybody alike.
    *fields_of("Site", "id uuid slug name origins cookie_domain intro valid_days quiet_days"),
    *fields_of(
        "Cookie", "id site kind pattern purpose paragraph what_for provider domain duration is_http_only google"
    ),
    *fields_of("SiteVersion", "id site number content sha256 published_at superseded_at"),
}
