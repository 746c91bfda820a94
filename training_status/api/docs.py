"""The OpenAPI document, with Swagger UI and ReDoc. Their files are served by the service itself."""

import functools
from pathlib import Path
from typing import Any

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.templatetags.static import static
from django.views.decorators.http import require_safe
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.settings import api_settings

from aegis_training.serving.problem_details import problem
from training_status.access.authentication import TokenAuthentication
from training_status.access.viewer_required import View, viewer_required
from training_status.api import schema_authentication  # noqa: F401  (importing registers the authentication schemes)
from training_status.api.authorised_view import METHOD_NAMES
from training_status.api.content_negotiation import ContentNegotiation
from training_status.api.document_response import document_response
from training_status.roles import VIEWER

# Both readers write their styles into the page, and ReDoc searches in a worker that it makes itself.
_reader = csp_update(
    {"style-src": [SELF, UNSAFE_INLINE], "worker-src": [SELF, "blob:"], "img-src": [SELF, "data:", "blob:"]}
)


_REDOC_LOGO = b"https://cdn.redoc.ly/redoc/logo-mini.svg"


class FormatInQuery(ContentNegotiation):
    """Takes `?format=json` beside the Accept header, as readers of OpenAPI documents expect."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """As everywhere, with the format from the query string."""
        return super().select_renderer(request, renderers, format_suffix or request.query_params.get("format"))


@extend_schema(exclude=True)
class SchemaView(SpectacularAPIView):
    """`/api/schema`: the OpenAPI document, as YAML unless JSON is asked for."""

    roles = {"GET": VIEWER}
    authentication_classes = api_settings.DEFAULT_AUTHENTICATION_CLASSES
    permission_classes = api_settings.DEFAULT_PERMISSION_CLASSES
    content_negotiation_class = FormatInQuery
    http_method_names = METHOD_NAMES

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Answer with the document, or with 304 if the client already has it."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return document_response(request, response.render()) if response.status_code == 200 else response


class JsonSchemaView(SchemaView):
    """`/openapi.json`: the same as JSON, whatever the client accepts."""

    renderer_classes = [OpenApiJsonRenderer]


def viewer_or_token_required(view: View) -> View:
    """Decorator: like `viewer_required`, and a token is accepted as by the API: `Authorization: Bearer TOKEN`."""
    by_session = viewer_required(view)

    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.headers.get("Authorization", "").lower().startswith("bearer "):
            return by_session(request, *args, **kwargs)
        try:
            TokenAuthentication().authenticate(request)
        except AuthenticationFailed as error:
            return problem(
                401,
                str(error.detail),
                "not_authenticated",
                headers={"WWW-Authenticate": TokenAuthentication().authenticate_header(request)},
            )
        response = view(request, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response

    return guarded


swagger: Any = _reader(
    viewer_or_token_required(SpectacularSwaggerSplitView.as_view(url_name="schema", http_method_names=METHOD_NAMES))
)


@_reader
@require_safe
@viewer_or_token_required
def redoc(request: HttpRequest) -> HttpResponseBase:
    """ReDoc, by a template of our own: the stock one names font hosts."""
    return render(request, "dashboard/redoc.html")


@require_safe
@viewer_or_token_required
def redoc_script(request: HttpRequest) -> HttpResponseBase:
    """ReDoc's script, with our icon in the place of the logo that it would load from its maker's host."""
    script = HttpResponse(_redoc_script(), content_type="text/javascript")
    script.headers["Cache-Control"] = "private, no-cache"
    return document_response(request, script)


@functools.cache
def _redoc_script() -> bytes:
    path = finders.find("drf_spectacular_sidecar/redoc/bundles/redoc.standalone.js")
    assert path is not None, "drf-spectacular-sidecar has no ReDoc"
    return Path(path).read_bytes().replace(_REDOC_LOGO, static("dashboard/icon.svg").encode())
