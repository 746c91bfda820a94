"""All other URLs of the API: 401 without credentials, else 404."""

from typing import Any

from django.http import Http404, HttpRequest
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from training_status.api.authorised_view import AuthorisedView
from training_status.roles import VIEWER


@extend_schema(exclude=True)
class UnknownPathView(AuthorisedView):
    """Answers 404 for every method."""

    roles = dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), VIEWER)

    def get(self, request: Request, rest: str) -> Any:
        """404."""
        raise Http404

    post = put = patch = delete = get

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """404 instead of 405."""
        raise Http404
