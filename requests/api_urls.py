from django.urls import path

from requests.api import RequestsView, RequestView

urlpatterns = [
    path("requests/", RequestsView.as_view(), name="api-requests"),
    path("requests/<str:reference>/", RequestView.as_view(), name="api-request"),
]
