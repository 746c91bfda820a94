"""The WSGI application of the service: everything except streams and WebSockets."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from aegis_training.postgresql.time_limits import serve_requests
from aegis_training.serving.under_prefix import WsgiUnderPrefix

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aegis_training.settings")
django_application = get_wsgi_application()
application = WsgiUnderPrefix(django_application, settings.URL_PREFIX) if settings.URL_PREFIX else django_application

# This process serves requests, which must not wait for the database as long as commands may.
serve_requests()
