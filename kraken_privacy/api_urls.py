"""The REST API, version 1."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    # First, because websites ask them most often and every line above would be tried before.
    path("", include("consents.api_urls")),
    path("", include("core.api_urls")),
    path("", include("ledger.api_urls")),
    path("", include("subjects.api_urls")),
    path("", include("requests.api_urls")),
    path("", include("cookies.api_urls")),
    path("", include("notices.api_urls")),
    path("", include("retention.api_urls")),
]
