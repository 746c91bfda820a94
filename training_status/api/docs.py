"""The API's description: the OpenAPI document, and two ways to read it. Everything is served from here."""

from typing import Any

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.settings import api_settings

from training_status.access.pages import viewers_only
from training_status.roles import VIEWER

# Both readers write their styles into the page, and ReDoc searches in a worker that it makes itself.
_reader = csp_update(
    {"style-src": [SELF, UNSAFE_INLINE], "worker-src": [SELF, "blob:"], "img-src": [SELF, "data:", "blob:"]}
)


@extend_schema(exclude=True)
class SchemaView(SpectacularAPIView):
    """`/api/schema`: the OpenAPI document, as YAML unless JSON is asked for."""

    roles = {"GET": VIEWER}
    authentication_classes = api_settings.DEFAULT_AUTHENTICATION_CLASSES
    permission_classes = api_settings.DEFAULT_PERMISSION_CLASSES


swagger: Any = _reader(viewers_only(SpectacularSwaggerSplitView.as_view(url_name="schema")))


@_reader
@require_safe
@viewers_only
def redoc(request: HttpRequest) -> HttpResponseBase:
    """ReDoc, by a template of our own: the stock one names font and logo hosts."""
    return render(request, "dashboard/redoc.html")
