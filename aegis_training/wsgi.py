"""The WSGI application of the service: everything except streams and WebSockets."""

import os

from django.core.wsgi import get_wsgi_application

from aegis_training.postgresql.patience import serve_requests

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aegis_training.settings")
application = get_wsgi_application()

# This process serves requests, which must not wait for the database as long as commands may.
serve_requests()
