"""The base class of API views: the role that each method requires, and the principal of the request."""

from typing import Any, ClassVar, Final
from uuid import UUID

from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.views import APIView

from training_status.access.principal import Principal
from training_status.api.json_bodies import refuse_encoded_body
from training_status.errors import NotFound

# The methods that views may support, which `Allow` lists with a 405: without OPTIONS, which DRF lists for every view.
# Preflight requests of pages that may call are answered before any view.
METHOD_NAMES: Final = ("get", "post", "put", "patch", "delete", "head")


class AuthorisedView(APIView):
    """Views declare `roles = {"GET": VIEWER, …}`, which `access.permissions.HasRole` checks."""

    roles: ClassVar[dict[str, str]] = {}
    http_method_names = METHOD_NAMES

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check access, then answer 404 for domain names with a NUL character, and reject encoded bodies."""
        super().initial(request, *args, **kwargs)
        if "\0" in kwargs.get("domain_name", ""):
            raise NotFound("A domain name cannot contain a NUL character.", code="domain_not_found")
        refuse_encoded_body(request)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Add Cache-Control: shared caches store nothing, and private caches must revalidate."""
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return super().finalize_response(request, response, *args, **kwargs)

    @property
    def principal(self) -> Principal:
        """The principal of the request, set by authentication."""
        principal = self.request.auth
        assert isinstance(principal, Principal)
        return principal

    @property
    def only_domain_id(self) -> int | None:
        """The key of the only domain that the principal may access; None: all."""
        return self.principal.only_domain_id

    def refuse_domain_token(self) -> None:
        """Raise PermissionDenied for a token that is bound to one domain."""
        if self.only_domain_id is not None:
            raise PermissionDenied("This token is bound to one domain: it cannot create others.")


def run_id_from_path(text: str) -> UUID:
    """Parse the id of a run in a path. Raises NotFound if it is not a UUID."""
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound(f"There is no training run '{text}'.", code="run_not_found") from error
