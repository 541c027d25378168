from django.urls import path

from ledger import views

urlpatterns = [path(".well-known/jwks.json", views.jwks, name="jwks")]
