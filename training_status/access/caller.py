"""Who is calling, as far as rights are concerned."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """`role` None: known, but without any right. `only_domain_id` set: everything else is not there.

    Takes the place of Django's user where a token is used, hence `is_authenticated`.
    """

    name: str
    role: str | None
    only_domain_id: int | None = None
    is_authenticated: bool = True
    is_active: bool = True
