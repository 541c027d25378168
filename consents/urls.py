from django.urls import path

from consents import views

app_name = "consents"
urlpatterns = [
    path("u/<str:token>/", views.unsubscribe, name="unsubscribe"),
    path("consent/confirm/<str:token>/", views.confirm, name="confirm"),
    path("preferences/", views.ask, name="ask"),
    path("preferences/<str:token>/", views.preferences, name="preferences"),
]
