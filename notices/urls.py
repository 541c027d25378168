from django.urls import path

from notices import views

urlpatterns = [
    path("policy/", views.policy, name="policy"),
    path("policy/<str:version>/", views.policy_version, name="policy-version"),
]
