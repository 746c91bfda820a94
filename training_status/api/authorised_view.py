"""What every view of the API has: the role each method needs, and who is calling."""

from typing import Any, ClassVar
from uuid import UUID

from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.views import APIView

from training_status.access.principal import Principal
from training_status.api.json_bodies import refuse_encoded_body
from training_status.api.methods import METHOD_NAMES
from training_status.errors import NotFound


class AuthorisedView(APIView):
    """A view says `roles = {"GET": VIEWER, …}`; `access.permissions.HasRole` holds callers to it."""

    roles: ClassVar[dict[str, str]] = {}
    http_method_names = METHOD_NAMES

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """As DRF does; then a name that no domain can have is not found, whatever is asked of it.

        Nor is a body read that is not the JSON text itself, by any view.
        """
        super().initial(request, *args, **kwargs)
        if "\0" in kwargs.get("domain_name", ""):
            raise NotFound("There is no domain whose name has a NUL character.", code="domain_not_found")
        refuse_encoded_body(request)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """As DRF does; and no cache may answer for the service, nor one that others use keep what it said."""
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return super().finalize_response(request, response, *args, **kwargs)

    @property
    def principal(self) -> Principal:
        """Who is calling; authentication has made sure that there is one."""
        principal = self.request.auth
        assert isinstance(principal, Principal)
        return principal

    @property
    def only_domain_id(self) -> int | None:
        """The one domain that the caller may know of; None: all."""
        return self.principal.only_domain_id

    def refuse_domain_token(self) -> None:
        """Raise PermissionDenied for a token bound to one domain, where more than that is at stake."""
        if self.only_domain_id is not None:
            raise PermissionDenied("This token is bound to one domain: it cannot create others.")


def run_id_from_path(text: str) -> UUID:
    """The run's id in a path. Raises NotFound for what is no UUID: there is no such run."""
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound(f"There is no training run '{text}'.", code="run_not_found") from error
