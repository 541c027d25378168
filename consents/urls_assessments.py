"""What the public reads about legitimate interests, beside the privacy notice."""

from django.urls import path

from consents import views_assessments

urlpatterns = [
    path("interests/", views_assessments.interests, name="interests"),
    path("interests/<slug:slug>/", views_assessments.interest, name="interest"),
]
