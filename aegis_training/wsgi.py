"""The service as a WSGI application: everything but the live streams."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from aegis_training.postgresql.patience import serve_requests
from aegis_training.under_prefix import WsgiUnderPrefix

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aegis_training.settings")
django_application = get_wsgi_application()
application = WsgiUnderPrefix(django_application, settings.URL_PREFIX) if settings.URL_PREFIX else django_application

# Whoever serves this serves requests, which cannot wait as long as a command can.
serve_requests()
