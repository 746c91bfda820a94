"""Numbers as people read them. `docs/formatting.md` has the rule and `docs/formatting.json` its examples.

The service and the tracker are installed apart and each have this file: the copies are the same, which a test holds
them to. `number_text.js` does the same for the pages.
"""

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import chain
from typing import Any, NamedTuple, TypeGuard

Number = int | float | Decimal

DIGITS = 4  # of a fraction, where it does not need more
_DIGITS_OF_HUGE = 17  # as many as tell any double from its neighbours
_FIXED_FROM, _FIXED_BELOW = -6, 21  # the powers of ten between which no exponent is written, as in JavaScript


class _Decimal(NamedTuple):
    """A number as it is written: `0.digits` times ten to the power `point`; zero has no digits."""

    is_negative: bool
    digits: str
    point: int

    @property
    def is_whole(self) -> bool:
        return len(self.digits) <= self.point or not self.digits

    def rounded(self, count: int) -> "_Decimal":
        """With so many digits at most, halves away from zero."""
        if count >= len(self.digits):
            return self
        digits = int(self.digits[:count]) + (self.digits[count] >= "5")
        return _decimal_of(self.is_negative, str(digits), self.point + len(str(digits)) - count)


def number_text(value: Number, digits: int = DIGITS) -> str:
    """`1,234,567`, `0.8765`, `0.99996`: whole numbers exact, fractions to four significant digits or what they need.

    More `digits` show more of a fraction. A fraction is never shown as a whole number.
    """
    if not math.isfinite(value):
        return _not_finite(value)
    return _written(_shown(_exactly(value), digits))


def metric_text(value: Any, digits: int = DIGITS) -> str:
    """A metric as people read it: numbers as `number_text` says, null as a dash, true and false as in JSON."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "true" if value else "false"
    return number_text(value, digits) if is_number(value) else str(value)


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether a value of JSON is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def exact_number_text(value: Number) -> str:
    """The same with every digit of the number."""
    return _written(_exactly(value)) if math.isfinite(value) else _not_finite(value)


def number_texts(values: Sequence[Number]) -> list[str]:
    """Numbers that stand beside each other: with enough digits that different ones have different texts."""
    digits = digits_to_tell_apart(values)
    return [number_text(value, digits) for value in values]


def digits_to_tell_apart(values: Iterable[Number]) -> int:
    """How many digits it takes until each of the different numbers has a text of its own."""
    different = {_exactly(value) for value in values if math.isfinite(value)}
    most = max((len(one.digits) for one in different), default=0)
    enough = (n for n in range(DIGITS, most) if len({_shown(one, n) for one in different}) == len(different))
    return next(enough, max(DIGITS, most))


def difference_text(value: Number, earlier: Number) -> str:
    """`+0.12`, `-129,900`, or `same`, which only equal numbers are."""
    if not (math.isfinite(value) and math.isfinite(earlier)):
        return "same" if value == earlier else ""
    change = _difference(_exactly(value), _exactly(earlier))
    text = _written(_shown(change, DIGITS))
    return "same" if not change.digits else text if change.is_negative else f"+{text}"


def percent_text(share: float) -> str:
    """A part of 1 in percent: `12.5 %`. Only 0 and 1 are shown as 0 % and 100 %."""
    exact = _exactly(share)
    return f"{_written(_shown(exact._replace(point=exact.point + 2), DIGITS))} %"


def _exactly(value: Number) -> _Decimal:
    """The shortest digits that mean this very number, which are those that it is written with in JSON."""
    sign, digits, exponent = Decimal(repr(float(value)) if isinstance(value, float) else value).as_tuple()
    assert isinstance(exponent, int)  # it is finite
    return _decimal_of(sign == 1, "".join(map(str, digits)), len(digits) + exponent)


def _decimal_of(is_negative: bool, digits: str, point: int) -> _Decimal:
    """Without zeros at either end."""
    from_first = digits.lstrip("0")
    if not from_first:
        return _Decimal(False, "", 0)
    return _Decimal(is_negative, from_first.rstrip("0"), point - len(digits) + len(from_first))


def _difference(value: _Decimal, earlier: _Decimal) -> _Decimal:
    """Exact, of the numbers as they are written: 0.3 is 0.1 more than 0.2."""
    least = min(one.point - len(one.digits) for one in (value, earlier))
    first, second = (
        int(one.digits or "0") * 10 ** (one.point - len(one.digits) - least) * (-1 if one.is_negative else 1)
        for one in (value, earlier)
    )
    digits = str(abs(first - second))
    return _decimal_of(first < second, digits, len(digits) + least)


def _shown(exact: _Decimal, digits: int) -> _Decimal:
    """What is left of the number after rounding."""
    if exact.point > _FIXED_BELOW:
        return exact.rounded(max(digits, _DIGITS_OF_HUGE))
    if exact.is_whole:
        return exact
    counts = range(max(digits, exact.point + 1), len(exact.digits))
    rounded = chain((exact.rounded(count) for count in counts), (exact,))
    return next(one for one in rounded if not one.is_whole)


def _written(number: _Decimal) -> str:
    sign, digits, point = "-" if number.is_negative else "", number.digits, number.point
    if not digits:
        return "0"
    if not _FIXED_FROM < point <= _FIXED_BELOW:
        rest = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{rest}e{point - 1}"
    whole = int(digits[:point].ljust(point, "0")) if point > 0 else 0
    fraction = digits[point:] if point > 0 else "0" * -point + digits
    return f"{sign}{whole:,}{f'.{fraction}' if fraction else ''}"


def _not_finite(value: Number) -> str:
    """As JavaScript calls it."""
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
