"""Converts numbers of other libraries to Python's: NumPy, PyTorch, JAX, pandas, decimals and enumerations.

None of these libraries is imported. Objects are recognized by their methods (duck typing).
"""

import operator
from decimal import Decimal
from enum import Enum
from typing import Any

NOT_A_NUMBER = object()

_MISSING_VALUES = frozenset({("pandas", "NAType"), ("pandas", "NaTType")})
_TIMES = "mM"  # NumPy's kinds of differences and points in time


def to_number(value: Any) -> Any:
    """A bool, int, float or text. None for a missing value, or one beyond the range of a float. Else NOT_A_NUMBER.

    Integers stay exact; other numbers become the nearest float, which may be infinite. May raise any exception, because
    it calls methods of other libraries.
    """
    kind = type(value)
    if (kind.__module__.partition(".")[0], kind.__name__) in _MISSING_VALUES:
        return None
    if issubclass(kind, Enum):
        return _number_of_member(value.value)
    if issubclass(kind, Decimal) and value.is_nan():
        return None  # `float` raises for a signaling NaN
    if hasattr(value, "dtype"):
        return _number_of_array(value)
    return _converted(value)


def _number_of_member(value: Any) -> Any:
    """The value of a member of an enumeration if it is a number. Else NOT_A_NUMBER: its name is more useful."""
    if isinstance(value, (bool, int, float)):
        return value
    return NOT_A_NUMBER if isinstance(value, (str, bytes, Enum)) or value is None else to_number(value)


def _number_of_array(value: Any) -> Any:
    """The only element of an array or array scalar. Raises if there are several."""
    element_kind = getattr(value.dtype, "kind", "")
    if element_kind and element_kind in _TIMES:
        return None if value != value else NOT_A_NUMBER  # NaT differs from itself; times become text
    mask = getattr(value, "mask", None)
    if mask is not None and not callable(mask) and bool(mask):
        return None
    if not hasattr(value, "item"):
        return _converted(value)
    item = value.item()
    if item is None or isinstance(item, (bool, int, float, str)):
        return item
    if isinstance(item, complex) or element_kind == "c":
        return NOT_A_NUMBER
    return _converted(value) if type(item) is type(value) else to_number(item)


def _converted(value: Any) -> Any:
    if hasattr(value, "__index__"):
        try:
            return operator.index(value)
        except TypeError:
            pass  # a tensor that does not hold an integer
    if hasattr(value, "__float__"):
        try:
            return float(value)
        except OverflowError:
            return None
    return NOT_A_NUMBER
