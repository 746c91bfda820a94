"""The principal of a request: the session, token or anonymous role that it comes from, with its role and domain."""

from dataclasses import dataclass
from typing import Final, NamedTuple

TOKEN: Final = "token"  # noqa: S105  (a kind of credential)
SESSION: Final = "session"
USER: Final = "user"
ANONYMOUS: Final = "anonymous"


class Credential(NamedTuple):
    """What a request was authenticated with, so that it can be checked again: a kind and its key."""

    kind: str
    key: int | str = ""


@dataclass(frozen=True, slots=True)
class Principal:
    """The principal of a request.

    `role` is None for a known user without any role. With `only_domain_id`, all other domains are hidden.
    `token_prefix` is the public part of a token, None for users. A principal replaces Django's user where a token is
    used, so it has `is_authenticated` and `is_active`.
    """

    name: str
    role: str | None
    credential: Credential
    only_domain_id: int | None = None
    token_prefix: str | None = None
    is_authenticated: bool = True
    is_active: bool = True
