"""The one number that an object of another library holds: NumPy's, PyTorch's, JAX's, pandas', decimals, enums.

None of these libraries is imported: what an object can do says what it is.
"""

import operator
from decimal import Decimal
from enum import Enum
from typing import Any

NOT_A_NUMBER = object()

_MISSING_VALUES = frozenset({("pandas", "NAType"), ("pandas", "NaTType")})
_TIMES = "mM"  # NumPy's kinds of differences and points in time


def to_number(value: Any) -> Any:
    """A bool, int, float or text; None for a value that is missing, or beyond what a float can be; else NOT_A_NUMBER.

    An integer stays exact; what is more precise than a float becomes the nearest one, perhaps infinite. May raise
    anything, as these conversions are other people's code.
    """
    kind = type(value)
    if (kind.__module__.partition(".")[0], kind.__name__) in _MISSING_VALUES:
        return None
    if issubclass(kind, Enum):
        return _number_of_member(value.value)
    if issubclass(kind, Decimal) and value.is_nan():
        return None  # of a signaling one there is no float
    if hasattr(value, "dtype"):
        return _number_of_array(value)
    return _converted(value)


def _number_of_member(value: Any) -> Any:
    """What a member of an enumeration stands for where that is a number; else its name says more."""
    if isinstance(value, (bool, int, float)):
        return value
    return NOT_A_NUMBER if isinstance(value, (str, bytes, Enum)) or value is None else to_number(value)


def _number_of_array(value: Any) -> Any:
    """Of an array or a scalar of one: its only element. Raises where there are several."""
    element_kind = getattr(value.dtype, "kind", "")
    if element_kind and element_kind in _TIMES:
        return None if value != value else NOT_A_NUMBER  # a NaT differs from itself; a time is told as text
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
            pass  # a tensor that has the method and holds no integer
    if hasattr(value, "__float__"):
        try:
            return float(value)
        except OverflowError:
            return None
    return NOT_A_NUMBER
