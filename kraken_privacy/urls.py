"""Every address of the site, programs first, then in the order a person meets them."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    # First, because programs ask most often and every line above would be tried before.
    path("api/v1/", include("kraken_privacy.api_urls")),
    path("", include("notices.urls")),
    path("", include("requests.urls")),
    path("", include("consents.urls")),
    path("", include("consents.urls_assessments")),
    path("", include("cookies.urls")),
    path("", include("kraken_privacy.devmail")),
    path("", include("core.urls")),
    path("", include("ledger.urls")),
    path("", include("staff.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "kraken_privacy.pages.bad_request"
handler403 = "kraken_privacy.pages.forbidden"
handler404 = "kraken_privacy.pages.not_found"
handler500 = "kraken_privacy.pages.crashed"
