"""The REST API, version 1."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("core.api_urls")),
    path("", include("ledger.api_urls")),
    path("", include("subjects.api_urls")),
    path("", include("requests.api_urls")),
    path("", include("consents.api_urls")),
    path("", include("notices.api_urls")),
]
