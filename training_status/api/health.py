"""`/healthz`: whether this process can serve, which takes the database. Open to everybody."""

from collections.abc import Callable

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.http import require_safe

from training_status.api.problems import problem


def before_all_else(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Middleware that answers `/healthz`: whoever watches the service calls it by whatever name or address."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return healthz(request) if request.path_info in ("/healthz", "/healthz/") else get_response(request)

    return middleware


@require_safe
def healthz(request: HttpRequest) -> HttpResponseBase:
    """200 `{"status": "ok"}` when the database answers, else 503."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        connection.close()
        return problem(503, "The database cannot be reached.", "unavailable", headers={"Retry-After": "1"})
    return JsonResponse({"status": "ok"})
