"""Who is calling, as far as rights are concerned."""

from dataclasses import dataclass
from typing import Final, NamedTuple

TOKEN: Final = "token"  # noqa: S105  (a kind of credential)
SESSION: Final = "session"
USER: Final = "user"
ANONYMOUS: Final = "anonymous"


class Credential(NamedTuple):
    """What a caller came with, so that it can be looked at again: a kind and its key."""

    kind: str
    key: int | str = ""


@dataclass(frozen=True, slots=True)
class Principal:
    """`role` None: known, but without any right. `only_domain_id` set: everything else is not there.

    `token_prefix` is the public part of a token, None for people. Takes the place of Django's user where a
    token is used, hence `is_authenticated`.
    """

    name: str
    role: str | None
    credential: Credential
    only_domain_id: int | None = None
    token_prefix: str | None = None
    is_authenticated: bool = True
    is_active: bool = True
