from django.urls import path

from cookies import views

app_name = "cookies"
urlpatterns = [
    path(".well-known/gpc.json", views.gpc_json, name="gpc"),
    path("cookies/", views.sites, name="sites"),
    path("cookies/<slug:slug>/", views.page, name="page"),
    path("cookies/<slug:slug>/banner.js", views.script, name="script"),
]
