from django.urls import path

from notices.api import PrivacyPolicyView

urlpatterns = [path("notices/privacy-policy/", PrivacyPolicyView.as_view(), name="api-privacy-policy")]
