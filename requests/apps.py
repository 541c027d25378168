from django.apps import AppConfig
from rest_framework import compat

# DRF looks for the optional PyPI library "requests" by name and would find this app instead (docs/adr/0001).
compat.requests = None  # type: ignore[assignment]


class RequestsConfig(AppConfig):
    name = "requests"

    def ready(self) -> None:
        from core import outbox
        from core.models import Outbox
        from requests import asking, personal, post, recounting, told_at_once  # noqa: F401 - they register what they do when imported
        from requests.transfer_post import carry

        outbox.register_carrier(Outbox.Kind.TRANSFER, carry)
        outbox.register_writer(post.WRITER, told_at_once.written)
