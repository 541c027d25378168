"""The office's pages about people, below the admin site and behind its door."""

from django.contrib.admin import AdminSite
from django.urls import URLPattern, path

from office import views_people


def urls(site: AdminSite) -> list[URLPattern]:
    views = [
        path("people/", views_people.find, name="people"),
        path("people/<uuid:uuid>/", views_people.show, name="person"),
        path("people/<uuid:uuid>/show/", views_people.reveal, name="person-show"),
    ]
    for pattern in views:
        pattern.callback = site.admin_view(pattern.callback)
    return views
