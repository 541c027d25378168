"""The mailbox, below the admin site and behind its door."""

from django.contrib.admin import AdminSite
from django.urls import URLPattern, path

from inbox import views


def urls(site: AdminSite) -> list[URLPattern]:
    here = "mailbox/<uuid:uuid>/"
    found = [
        path("mailbox/", views.show_list, name="mailbox"),
        path("mailbox/clear/", views.clear, name="mailbox-clear"),
        path(here, views.show, name="mail"),
        path(f"{here}show/", views.reveal, name="mail-show"),
        path(f"{here}settle/", views.settle, name="mail-settle"),
        path(f"{here}part/<int:number>/", views.part, name="mail-part"),
        path(f"{here}sort/<slug:step>/", views.sort, name="mail-sort"),
    ]
    for pattern in found:
        pattern.callback = site.admin_view(pattern.callback)
    return found
