"""The WSGI application that granian serves."""

import os

from django.core.wsgi import get_wsgi_application

from kraken_privacy.embedded.grandchild import die_with_supervisor
from kraken_privacy.settled import settle

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kraken_privacy.settings")
die_with_supervisor()
_django = get_wsgi_application()

from kraken_privacy.gate import guarded  # noqa: E402 - models are only there once Django is set up

application = guarded(_django)
settle()
