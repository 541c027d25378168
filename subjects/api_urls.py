from django.urls import path

from subjects.api import CollectView, InteractionView
from subjects.api_applications import CloseView, ReopenView

urlpatterns = [
    path("collect/", CollectView.as_view()),
    path("interactions/", InteractionView.as_view()),
    path("applications/close/", CloseView.as_view()),
    path("applications/reopen/", ReopenView.as_view()),
]
