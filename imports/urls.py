"""Where data comes in, below the admin site and behind its door."""

from django.contrib.admin import AdminSite
from django.urls import URLPattern, path

from imports import views, views_entry


def urls(site: AdminSite) -> list[URLPattern]:
    here = "data-in/<uuid:uuid>/"
    found = [
        path("data-in/", views.show_list, name="data-in"),
        path("data-in/upload/", views.upload, name="import-upload"),
        path("data-in/person/", views_entry.person, name="person-add"),
        path("data-in/request-log.csv", views.log, name="request-log"),
        path(here, views.show, name="import"),
        path(f"{here}columns/", views.rename, name="import-rename"),
        path(f"{here}choose/", views.choose, name="import-choose"),
        path(f"{here}commit/", views.commit, name="import-commit"),
        path(f"{here}errors.csv", views.errors, name="import-errors"),
        path(f"{here}erase/", views.erase, name="import-erase"),
    ]
    for pattern in found:
        pattern.callback = site.admin_view(pattern.callback)
    return found
