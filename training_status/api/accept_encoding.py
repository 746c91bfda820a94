"""The Accept-Encoding header: whether a client prefers a compressed response."""

from django.http import HttpRequest
from rest_framework.request import Request


def prefers_gzip(request: Request | HttpRequest) -> bool:
    """Whether `Accept-Encoding` prefers gzip at least as much as no encoding (RFC 9110, 12.5.3)."""
    header = request.META.get("HTTP_ACCEPT_ENCODING", "")
    if not header:
        return False
    wanted: dict[str, float] = {}
    for part in header.lower().split(","):
        name, _, parameter = part.partition(";")
        wanted[name.strip()] = _quality(parameter)
    gzip = wanted.get("gzip", wanted.get("x-gzip", wanted.get("*", 0.0)))
    return gzip > 0 and gzip >= wanted.get("identity", 0.0)


def _quality(parameter: str) -> float:
    name, _, value = parameter.replace(" ", "").partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
