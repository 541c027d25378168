from django.urls import path

from subjects.api import CollectView, InteractionView

urlpatterns = [
    path("collect/", CollectView.as_view()),
    path("interactions/", InteractionView.as_view()),
]
