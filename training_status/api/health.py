"""`/healthz`: whether this process can serve, which takes the database. Open to everybody."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.http import require_safe

from training_status.api.problems import problem


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
