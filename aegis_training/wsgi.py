"""The service as a WSGI application: everything but the live streams."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aegis_training.settings")
application = get_wsgi_application()
