"""Which DSPy is installed, and what its callbacks offer. Another version may lack any of these names.

The tracker reads some private parts of DSPy: local variables of `compile`, names of functions on the stack. They were
checked in the `KNOWN_VERSIONS`. With any other version there is no fraction, because it could be wrong.
"""

import importlib
import re
from typing import Any

import dspy

KNOWN_VERSIONS = ((3, 4, 1), (3, 5))
"""From the first version up to, but not including, the second one. `pyproject.toml` and README.md say the same."""


def _find(name: str, *modules: str) -> Any:
    """The first of these modules' `name`; None where there is none."""
    for module in modules:
        try:
            return getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError):
            continue
    return None


BaseCallback: Any = _find("BaseCallback", "dspy.utils.callback") or object


def active_call() -> Any:
    """The context variable that holds the id of the running call; None in a DSPy without one."""
    variable = _find("ACTIVE_CALL_ID", "dspy.utils.callback", "dspy.utils.callback_context")
    return variable if callable(getattr(variable, "get", None)) else None


def has_event(event: str) -> bool:
    """Whether DSPy has callbacks, and one for this event among them."""
    return hasattr(BaseCallback, event) and hasattr(dspy, "context") and hasattr(dspy, "settings")


def version() -> str:
    """The name and version of DSPy, for messages."""
    return f"DSPy {getattr(dspy, '__version__', 'of an unknown version')}"


def known_versions() -> str:
    """The `KNOWN_VERSIONS` as in a requirement: `>=3.4.1,<3.5`."""
    first, end = (".".join(map(str, numbers)) for numbers in KNOWN_VERSIONS)
    return f">={first},<{end}"


def is_known_version() -> bool:
    """Whether the installed version is one of the `KNOWN_VERSIONS`."""
    numbers = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", str(getattr(dspy, "__version__", "")))
    first, end = KNOWN_VERSIONS
    return numbers is not None and first <= tuple(int(number or 0) for number in numbers.groups()) < end


def dependency_versions() -> dict[str, str]:
    """What DSPy writes into the file of a saved program, to compare it when it is loaded."""
    find = _find("get_dependency_versions", "dspy.utils.saving")
    try:
        return dict(find())
    except Exception:  # noqa: BLE001 - another version of DSPy: nothing is compared then
        return {}
