from django.urls import path

from requests import api_acts, api_after, api_changes, api_complaints, api_messages, api_work
from requests.api import RequestsView, RequestView

here = "requests/<str:reference>/"
complaint = "complaints/<str:reference>/"
urlpatterns = [
    path("requests/", RequestsView.as_view(), name="api-requests"),
    path(here, RequestView.as_view(), name="api-request"),
    path(f"{here}work/", api_work.WorkView.as_view(), name="api-request-work"),
    path(f"{here}moves/", api_work.MovesView.as_view(), name="api-request-moves"),
    path(f"{here}tasks/<slug:system>/", api_work.TasksView.as_view(), name="api-request-task"),
    path(f"{here}decisions/", api_work.DecisionsView.as_view(), name="api-request-decisions"),
    path(f"{here}where/", api_work.WhereView.as_view(), name="api-request-where"),
    path(f"{here}prepare/", api_work.PrepareView.as_view(), name="api-request-prepare"),
    path(f"{here}release/", api_work.ReleaseView.as_view(), name="api-request-release"),
    path(f"{here}messages/", api_messages.MessagesView.as_view(), name="api-request-messages"),
    path(f"{here}doubt/", api_acts.DoubtView.as_view(), name="api-request-doubt"),
    path(f"{here}doubt/approval/", api_acts.DoubtApproveView.as_view(), name="api-request-doubt-approval"),
    path(f"{here}doubt/arrived/", api_acts.DoubtArrivedView.as_view(), name="api-request-doubt-arrived"),
    path(f"{here}doubt/not-enough/", api_acts.DoubtNotEnoughView.as_view(), name="api-request-doubt-not-enough"),
    path(f"{here}doubt/withdrawal/", api_acts.DoubtWithdrawView.as_view(), name="api-request-doubt-withdrawal"),
    path(f"{here}identity/", api_acts.IdentityView.as_view(), name="api-request-identity"),
    path(f"{here}person/", api_acts.PersonView.as_view(), name="api-request-person"),
    path(f"{here}clarification/", api_acts.ClarifyView.as_view(), name="api-request-clarification"),
    path(f"{here}clarification/answer/", api_acts.ClarifiedView.as_view(), name="api-request-clarified"),
    path(f"{here}extension/", api_acts.ExtendView.as_view(), name="api-request-extension"),
    path(f"{here}fee/", api_acts.ChargeView.as_view(), name="api-request-fee"),
    path(f"{here}fee/paid/", api_acts.PaidView.as_view(), name="api-request-fee-paid"),
    path(f"{here}where/answer/", api_acts.WhereAnsweredView.as_view(), name="api-request-where-answer"),
    path(f"{here}refusal/", api_acts.RefusalView.as_view(), name="api-request-refusal"),
    path(f"{here}refusal/release/", api_acts.RefuseView.as_view(), name="api-request-refusal-release"),
    path(f"{here}taking-back/", api_acts.TakeBackView.as_view(), name="api-request-taking-back"),
    path(f"{here}only-marketing/", api_acts.OnlyMarketingView.as_view(), name="api-request-only-marketing"),
    path(f"{here}rights/", api_acts.NameView.as_view(), name="api-request-rights"),
    path(f"{here}recipients/", api_after.RecipientsView.as_view(), name="api-request-recipients"),
    path(f"{here}recipients/<slug:recipient>/told/", api_after.RecipientToldView.as_view(), name="api-recipient-told"),
    path(
        f"{here}recipients/<slug:recipient>/impossible/",
        api_after.RecipientImpossibleView.as_view(),
        name="api-recipient-impossible",
    ),
    path(
        f"{here}recipients/<slug:recipient>/replied/",
        api_after.RecipientRepliedView.as_view(),
        name="api-recipient-replied",
    ),
    path(f"{here}restriction/scope/", api_after.RestrictionScopeView.as_view(), name="api-restriction-scope"),
    path(f"{here}restriction/notice/", api_after.RestrictionAnnounceView.as_view(), name="api-restriction-notice"),
    path(f"{here}restriction/end/", api_after.RestrictionLiftView.as_view(), name="api-restriction-end"),
    path(f"{here}transfers/", api_after.TransfersView.as_view(), name="api-transfers"),
    path(f"{here}transfers/<uuid:transfer>/start/", api_after.TransferStartView.as_view(), name="api-transfer-start"),
    path(
        f"{here}transfers/<uuid:transfer>/cancel/", api_after.TransferCancelView.as_view(), name="api-transfer-cancel"
    ),
    path(f"{here}corrections/", api_changes.CorrectionsView.as_view(), name="api-request-corrections"),
    path(f"{here}corrections/<uuid:correction>/", api_changes.CorrectionView.as_view(), name="api-request-correction"),
    path(f"{here}reviews/", api_changes.ReviewsView.as_view(), name="api-request-reviews"),
    path(f"{here}reviews/<uuid:review>/", api_changes.ReviewView.as_view(), name="api-request-review"),
    path("complaints/", api_complaints.ComplaintsView.as_view(), name="api-complaints"),
    path(complaint, api_complaints.ComplaintView.as_view(), name="api-complaint"),
    path(f"{complaint}description/", api_complaints.DescriptionView.as_view(), name="api-complaint-description"),
    path(
        f"{complaint}acknowledgement/",
        api_complaints.AcknowledgementView.as_view(),
        name="api-complaint-acknowledgement",
    ),
    path(f"{complaint}enquiries/", api_complaints.EnquiriesView.as_view(), name="api-complaint-enquiries"),
    path(f"{complaint}progress/", api_complaints.ProgressView.as_view(), name="api-complaint-progress"),
    path(f"{complaint}outcome/", api_complaints.OutcomeView.as_view(), name="api-complaint-outcome"),
]
