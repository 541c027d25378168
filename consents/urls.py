from django.urls import path

from consents import views, views_forms, views_renewing

app_name = "consents"
urlpatterns = [
    path("u/<str:token>/", views.unsubscribe, name="unsubscribe"),
    path("consent/confirm/<str:token>/", views.confirm, name="confirm"),
    path("consent/renew/<str:token>/", views_renewing.renew, name="renew"),
    path("forms/embed.js", views_forms.script, name="form-script"),
    path("forms/<slug:slug>/", views_forms.form, name="form"),
    path("forms/<slug:slug>/answer/", views_forms.post, name="form-post"),
    path("forms/<slug:slug>/done/", views_forms.done, name="form-done"),
    path("preferences/", views.ask, name="ask"),
    path("preferences/<str:token>/", views.preferences, name="preferences"),
]
