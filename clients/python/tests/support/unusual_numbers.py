"""Numbers as other libraries have them, and objects that look like numbers."""

import enum
import math
from decimal import Decimal


class Share(enum.Enum):
    HALF = 0.5
    EXACT = Decimal("0.25")
    NAMED = "0.5"
    NOTHING = None


class Count(enum.IntEnum):
    THREE = 3


class NoNumber:
    def __float__(self) -> float:
        return math.nan


class Tensor:
    """As TensorFlow's: it has no `item`, and a method for integers that not all take part in."""

    dtype = "bfloat16"

    def __index__(self) -> int:
        raise TypeError("only integer tensors can be converted to an index")

    def __float__(self) -> float:
        return 0.75


class Element:
    """As a scalar of JAX or PyTorch."""

    def __init__(self, value: object, mask: object = None) -> None:
        self.dtype = f"some.{type(value).__name__}"
        self.value = value
        if mask is not None:
            self.mask = mask

    def item(self) -> object:
        return self.value
