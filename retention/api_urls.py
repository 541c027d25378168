"""What connected systems call, below /api/v1/."""

from django.urls import path

from retention import api

urlpatterns = [
    path("systems/erasures/", api.ErasureList.as_view()),
    path("systems/erasures/<uuid:task>/", api.ErasureView.as_view()),
    path("systems/erasures/<uuid:task>/records/", api.RecordsView.as_view()),
]
