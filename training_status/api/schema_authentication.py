"""The authentication schemes in the OpenAPI document."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from training_status.roles import VIEWER


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # its metaclass is untyped
    """`Authorization: Bearer TOKEN`."""

    target_class = "training_status.access.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """An HTTP bearer scheme."""
        return {"type": "http", "scheme": "bearer", "description": "A token of `manage.py create_token`."}


class TicketScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """`?ticket=`."""

    target_class = "training_status.access.authentication.TicketAuthentication"
    name = "ticket"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """An API key in the query."""
        return {"type": "apiKey", "in": "query", "name": "ticket", "description": "A ticket from `make_stream_ticket`."}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The cookie of a signed-in browser."""

    target_class = "training_status.access.authentication.SessionRoleAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """An API key in a cookie."""
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "The session cookie. Unsafe methods also need the header X-CSRFToken.",
        }


class AnonymousScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """No credential at all, where the service is opened to everybody."""

    target_class = "training_status.access.authentication.AnonymousRoleAuthentication"
    name: list[str] = []

    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[Any]] | list[dict[str, list[Any]]]:
        """Nothing, which is one of the alternatives: for what viewers may do. It is the only role that can be open."""
        needed = auto_schema.view.roles.get(auto_schema.method)
        return {} if needed == VIEWER else []

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        """Nothing to define."""
        return []
