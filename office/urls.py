"""The office's pages that need every app, below the admin site and behind its door."""

from django.contrib.admin import AdminSite
from django.urls import URLPattern, path

from office import (
    views_api_keys,
    views_applications,
    views_disclosing,
    views_employments,
    views_merge,
    views_organisations,
    views_people,
    views_queue,
    views_revoking,
)


def urls(site: AdminSite) -> list[URLPattern]:
    views = [
        path("api-keys/", views_api_keys.show_list, name="api-keys"),
        path("api-keys/new/", views_api_keys.add, name="api-key-add"),
        path("api-keys/<uuid:uuid>/revoke/", views_api_keys.revoke, name="api-key-revoke"),
        path("rights/", views_queue.show, name="rights-queue"),
        path("rights/views/save/", views_queue.save, name="rights-view-save"),
        path("rights/views/<uuid:uuid>/remove/", views_queue.forget, name="rights-view-forget"),
        path("organisations/", views_organisations.show_list, name="organisations"),
        path("organisations/<uuid:uuid>/", views_organisations.show, name="organisation"),
        path("people/", views_people.find, name="people"),
        path("people/<uuid:uuid>/", views_people.show, name="person"),
        path("people/<uuid:uuid>/show/", views_people.reveal, name="person-show"),
        path("people/<uuid:uuid>/disclose/", views_disclosing.disclose, name="person-disclose"),
        path("people/<uuid:uuid>/applications/<uuid:tie>/", views_applications.close, name="application-close"),
        path("people/<uuid:uuid>/applications/<uuid:tie>/undo/", views_applications.reopen, name="application-reopen"),
        path("people/<uuid:uuid>/employments/<uuid:tie>/", views_employments.end, name="employment-end"),
        path("people/<uuid:uuid>/employments/<uuid:tie>/undo/", views_employments.resume, name="employment-resume"),
        path("people/<uuid:uuid>/choices/<uuid:event>/end/", views_revoking.revoke, name="consent-revoke"),
        path("people/<uuid:uuid>/merge/", views_merge.prepare, name="person-merge-plan"),
        path("people/<uuid:uuid>/merge/<uuid:other>/", views_merge.merge, name="person-merge"),
        path("people/<uuid:uuid>/part/<uuid:made>/", views_merge.undo, name="person-part"),
        path("people/<uuid:uuid>/take-off/<uuid:identifier>/", views_merge.take_off, name="person-take-off"),
    ]
    for pattern in views:
        pattern.callback = site.admin_view(pattern.callback)
    return views
