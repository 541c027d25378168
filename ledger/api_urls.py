from django.urls import path

from ledger import api

urlpatterns = [
    path("ledger/seals/", api.SealList.as_view(), name="ledger-seals"),
    path("ledger/entries/<uuid:entry>/proof/", api.EntryProof.as_view(), name="ledger-proof"),
]
