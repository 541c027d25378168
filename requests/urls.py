"""The public pages, in the order a person meets them."""

from django.urls import path

from requests import views, views_collect, views_messages, views_transfer, views_where
from requests.steps import BY_NAME

app_name = "requests"
urlpatterns = [
    path("", views.hub, name="hub"),
    path("rights/", views.step, {"name": "rights"}, name="rights"),
    *(path(f"rights/{name}/", views.step, {"name": name}, name=name) for name in list(BY_NAME)[1:]),
    path("rights/check/", views.check, name="check"),
    path("rights/sent/", views.sent, name="sent"),
    path("rights/sent/address/", views.new_address, name="new-address"),
    path("rights/confirm/<str:token>/", views.confirmation, name="confirm"),
    path("rights/messages/<str:token>/", views_messages.page, name="messages"),
    path("rights/messages/<str:token>/code/", views_messages.code, name="messages-code"),
    path("rights/messages/<str:token>/check/", views_messages.check, name="messages-check"),
    path("rights/messages/<str:token>/write/", views_messages.write, name="messages-write"),
    path("rights/messages/<str:token>/letter/<uuid:uuid>/", views_messages.letter, name="messages-letter"),
    path("rights/messages/<str:token>/file/<uuid:uuid>/", views_messages.file, name="messages-file"),
    path("rights/where/<str:token>/", views_where.page, name="where"),
    path("rights/status/", views.link, name="link"),
    path("rights/status/sent/", views.link_sent, name="link-sent"),
    path("rights/lost-mailbox/", views.lost, name="lost"),
    path("rights/lost-mailbox/sent/", views.lost_sent, name="lost-sent"),
    path("rights/paper/", views.paper, name="paper"),
    path("complain/", views.complain, name="complain"),
    path("complain/sent/", views.complained, name="complained"),
    path("collect/<str:token>/", views_collect.page, name="collect"),
    path("collect/<str:token>/code/", views_collect.code, name="collect-code"),
    path("collect/<str:token>/check/", views_collect.check, name="collect-check"),
    path("collect/<str:token>/letter/", views_collect.letter, name="collect-letter"),
    path("collect/<str:token>/letter.pdf", views_collect.pdf, name="collect-pdf"),
    path("collect/<str:token>/download/", views_collect.download, name="collect-download"),
    path("collect/<str:token>/hand-over/", views_transfer.offer, name="collect-hand-over"),
    path("hand-over/<str:token>/", views_transfer.page, name="hand-over"),
    path("hand-over/<str:token>/download/", views_transfer.download, name="hand-over-download"),
    path("collect/<str:token>/renew/", views_collect.renew, name="collect-renew"),
]
