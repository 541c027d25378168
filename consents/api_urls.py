from django.urls import path

from consents import api, api_asking, api_importing, api_permissions, api_receipts, api_unsubscribe

urlpatterns = [
    path("consents/", api.ConsentView.as_view(), name="consents-create"),
    path("forms/<slug:slug>/", api.FormView.as_view(), name="forms-read"),
    path("forms/<slug:slug>/asking/", api_asking.AskingView.as_view(), name="forms-asking"),
    path("consents/<uuid:consent>/receipt/", api_receipts.ReceiptView.as_view(), name="consents-receipt"),
    path("consents/import/", api_importing.ImportView.as_view(), name="consents-import"),
    path("consents/withdraw/", api.WithdrawView.as_view(), name="consents-withdraw"),
    path("permissions/check/", api_permissions.CheckView.as_view(), name="permissions-check"),
    path("permissions/disclosure/", api_permissions.DisclosureView.as_view(), name="permissions-disclosure"),
    path("unsubscribe/links/", api_unsubscribe.LinksView.as_view(), name="unsubscribe-links"),
]
