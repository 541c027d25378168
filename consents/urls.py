from django.urls import path

from consents import views, views_forms, views_preferences, views_renewing

app_name = "consents"
urlpatterns = [
    path("u/<str:token>/", views.unsubscribe, name="unsubscribe"),
    path("consent/confirm/<str:token>/", views.confirm, name="confirm"),
    path("consent/parent/<str:token>/", views.parent, name="parent"),
    path("consent/receipt/", views.receipt, name="receipt"),
    path("consent/renew/<str:token>/", views_renewing.renew, name="renew"),
    path("forms/embed.js", views_forms.script, name="form-script"),
    path("forms/<slug:slug>/", views_forms.form, name="form"),
    path("forms/<slug:slug>/answer/", views_forms.post, name="form-post"),
    path("forms/<slug:slug>/done/", views_forms.done, name="form-done"),
    path("preferences/", views_preferences.ask, name="ask"),
    path("preferences/code/<str:sealed>/", views_preferences.code, name="preferences-code"),
    path("preferences/<str:token>/", views_preferences.preferences, name="preferences"),
    path("preferences/<str:token>/receipts/<uuid:proof>/", views_preferences.receipt, name="preferences-receipt"),
]
