"""The three roles, each of which may do everything that the one before it may.

People have a role through a Django group of that name; tokens have it as a field.
"""

from typing import Final

VIEWER: Final = "viewer"
REPORTER: Final = "reporter"
OPERATOR: Final = "operator"
ROLES: Final = (VIEWER, REPORTER, OPERATOR)


def covers(role: str | None, required: str) -> bool:
    """Whether somebody with `role` (None: no role at all) may do what needs `required`."""
    return role is not None and ROLES.index(role) >= ROLES.index(required)


def highest_role(names: list[str]) -> str | None:
    """The highest of the roles among group names; None when there is none."""
    return max((name for name in names if name in ROLES), key=ROLES.index, default=None)
