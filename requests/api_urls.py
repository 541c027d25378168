from django.urls import path

from requests import api_changes, api_work
from requests.api import RequestsView, RequestView

here = "requests/<str:reference>/"
urlpatterns = [
    path("requests/", RequestsView.as_view(), name="api-requests"),
    path(here, RequestView.as_view(), name="api-request"),
    path(f"{here}work/", api_work.WorkView.as_view(), name="api-request-work"),
    path(f"{here}moves/", api_work.MovesView.as_view(), name="api-request-moves"),
    path(f"{here}tasks/<slug:system>/", api_work.TasksView.as_view(), name="api-request-task"),
    path(f"{here}decisions/", api_work.DecisionsView.as_view(), name="api-request-decisions"),
    path(f"{here}where/", api_work.WhereView.as_view(), name="api-request-where"),
    path(f"{here}prepare/", api_work.PrepareView.as_view(), name="api-request-prepare"),
    path(f"{here}release/", api_work.ReleaseView.as_view(), name="api-request-release"),
    path(f"{here}messages/", api_work.MessagesView.as_view(), name="api-request-messages"),
    path(f"{here}corrections/", api_changes.CorrectionsView.as_view(), name="api-request-corrections"),
    path(f"{here}corrections/<uuid:correction>/", api_changes.CorrectionView.as_view(), name="api-request-correction"),
    path(f"{here}reviews/", api_changes.ReviewsView.as_view(), name="api-request-reviews"),
    path(f"{here}reviews/<uuid:review>/", api_changes.ReviewView.as_view(), name="api-request-review"),
]
