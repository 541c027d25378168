"""The application with the baseline's address added. Never part of the product's addresses."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from kraken_privacy.settled import settle

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kraken_privacy.settings")
settings.ROOT_URLCONF = "benchmarks.urls"
application = get_wsgi_application()
settle()
