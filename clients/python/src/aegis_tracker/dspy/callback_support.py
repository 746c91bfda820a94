"""What DSPy's callbacks offer in the version that is installed. Any name may be missing in another one."""

import importlib
from typing import Any

import dspy


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
    """The context variable with the id of the call that is running; None where DSPy does not tell it."""
    return _find("ACTIVE_CALL_ID", "dspy.utils.callback", "dspy.utils.callback_context")


def has_event(event: str) -> bool:
    """Whether there are callbacks at all, and one for this event among them."""
    return hasattr(BaseCallback, event) and hasattr(dspy, "context") and hasattr(dspy, "settings")


def version() -> str:
    """DSPy's version, as people know it."""
    return f"DSPy {getattr(dspy, '__version__', 'of an unknown version')}"
