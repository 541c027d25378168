from django.urls import path

from subjects.api import CollectView, InteractionView
from subjects.api_applications import CloseView, ReopenView
from subjects.api_employments import EndView, ResumeView

urlpatterns = [
    path("collect/", CollectView.as_view()),
    path("interactions/", InteractionView.as_view()),
    path("applications/close/", CloseView.as_view()),
    path("applications/reopen/", ReopenView.as_view()),
    path("employments/end/", EndView.as_view()),
    path("employments/resume/", ResumeView.as_view()),
]
