"""Every address of the site, in the order a person meets them."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("notices.urls")),
    path("api/v1/", include("kraken_privacy.api_urls")),
    path("", include("core.urls")),
    path("", include("ledger.urls")),
    path("admin/", admin.site.urls),
]
