"""The service as a WSGI application: everything but the live streams."""

import os

from django.core.wsgi import get_wsgi_application

from aegis_training.postgresql.patience import serve_requests

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aegis_training.settings")
application = get_wsgi_application()

# Whoever serves this serves requests, which cannot wait as long as a command can.
serve_requests()
