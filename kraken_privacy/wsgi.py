"""The WSGI application that granian serves."""

import os

from django.core.wsgi import get_wsgi_application

from kraken_privacy.embedded.grandchild import die_with_supervisor

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kraken_privacy.settings")
die_with_supervisor()
application = get_wsgi_application()
