"""The staff page below the admin site, behind its door."""

from django.contrib.admin import AdminSite
from django.urls import URLPattern, path

from cookies import evidence


def urls(site: AdminSite) -> list[URLPattern]:
    return [path("cookie-proof/", site.admin_view(evidence.page), name="cookie-proof")]
