from django.urls import path

from ledger import api

urlpatterns = [
    path("events/", api.EventFeed.as_view(), name="events"),
    path("ledger/seals/", api.SealList.as_view(), name="ledger-seals"),
    path("ledger/entries/<uuid:entry>/proof/", api.EntryProof.as_view(), name="ledger-proof"),
]
