from django.urls import path

from cookies import api

urlpatterns = [
    path("cookies/links/", api.LinkView.as_view(), name="cookies-links"),
    path("cookies/<slug:slug>/", api.RegisterView.as_view(), name="cookies-register"),
    path("cookies/<slug:slug>/choices/", api.ChoicesView.as_view(), name="cookies-choices"),
    path("cookies/<slug:slug>/choices/standing/", api.StandingView.as_view(), name="cookies-standing"),
]
