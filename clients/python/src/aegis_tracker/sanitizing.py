"""Sanitizes the values of a training, so that the service accepts them: text, numbers, metrics and JSON.

Nothing here raises. Values are changed as little as possible. All limits are in bytes of UTF-8, as in the HTTP
contract.
"""

import json
import math
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any, cast

from aegis_tracker.number_conversion import NOT_A_NUMBER, to_number

MESSAGE_MAX_BYTES = 64 * 1024
METRICS_MAX_BYTES = 16 * 1024
CONFIG_MAX_BYTES = 64 * 1024
RESULT_MAX_BYTES = 1024 * 1024
NAME_MAX_CHARACTERS = 200  # of steps, models, optimizers

_METRIC_TEXT_MAX_BYTES = 4 * 1024
_METRICS_MAX_COUNT = METRICS_MAX_BYTES // len('"":0,')
_JSON_MAX_DEPTH = 50
_CONTAINERS = (Mapping, list, tuple, set, frozenset)
_INT_MAX = 2**63 - 1  # what every JSON reader and a bigint can hold
_REPLACEMENT = "\ufffd"

_second = (0, "")  # the second for which `time_now` was last asked, and how it is written: most ask within the same one

Scalar = str | int | float | bool | None
WarnOnce = Callable[[str, str], object]  # (key, sentence): warns once for each key

to_json: Callable[[object], str] = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def time_now() -> str:
    """The time in UTC as the contract writes it."""
    global _second
    second, microseconds = divmod(time.time_ns() // 1_000, 1_000_000)
    known, text = _second
    if second != known:
        text = datetime.fromtimestamp(second, UTC).isoformat()[:19]
        _second = second, text
    return f"{text}.{microseconds:06}Z"


def fit_text(value: object, max_bytes: int = MESSAGE_MAX_BYTES) -> str:
    """`value` as text of at most `max_bytes`; longer text is cut and says so at its end.

    NUL characters and lone surrogates, which the service refuses, become U+FFFD.
    """
    text: str = value if type(value) is str else _text_of(value, max_bytes)
    if len(text) <= max_bytes and text.isascii():
        return text.replace("\0", _REPLACEMENT) if "\0" in text else text
    return fit_beginning(text[: max_bytes + 1], len(text), max_bytes)


def fit_beginning(beginning: str, characters: int, max_bytes: int = MESSAGE_MAX_BYTES) -> str:
    """The same as `fit_text`, if only the `beginning` of a text of so many `characters` is known.

    It must have at least `max_bytes` + 1 characters, or be the whole text.
    """
    data = _valid_text(beginning).encode()  # every character has at least one byte
    if characters <= max_bytes and len(data) <= max_bytes:
        return data.decode()
    marker = f"… [cut: {characters} characters in all]"
    return data[: max_bytes - len(marker.encode())].decode(errors="ignore") + marker


def fit_name(value: object) -> str | None:
    """`value` as a name of at most 200 characters; None for None and for nothing but spaces."""
    if value is None:
        return None
    return fit_text(value)[:NAME_MAX_CHARACTERS].strip() or None


def fit_number(value: object) -> int | float | None:
    """A finite number from a number, an array of one number (such as NumPy's or PyTorch's), or text. Else None.

    True and False are not numbers.
    """
    plain = _plain_scalar(value)
    if isinstance(plain, str) and _is_a(value, str, bytes, bytearray):
        try:
            plain = float(plain)
        except ValueError:
            return None
        return plain if math.isfinite(plain) else None
    return None if isinstance(plain, (bool, str)) else plain


def fit_count(value: object, what: str, warn: WarnOnce) -> int | None:
    """A whole number from 0. None for None and for any other value."""
    if value is None:
        return None
    number = fit_number(value)
    if number is None or not 0 <= number <= _INT_MAX:
        warn(what, f"{what}={fit_text(value, 100)} was ignored. It must be a whole number from 0.")
        return None
    return int(number)


def fit_metrics(metrics: object, warn: WarnOnce) -> dict[str, Scalar]:
    """An object of null, bool, string or finite number by name, of at most 16 KiB as JSON.

    NaN and infinities become null, all else that is no number becomes text.
    """
    if metrics is None:
        return {}
    if not _is_a(metrics, Mapping):
        warn("metrics", f"Metrics must be a mapping of names to values, not {type(metrics).__name__}.")
        metrics = {"value": metrics}
    try:
        given = dict(
            cast(Mapping[object, object], metrics)
        )  # copied at once: the training may change it from another thread
    except Exception as error:  # noqa: BLE001 - a mapping can be anybody's code
        warn("metrics-unreadable", f"Metrics were ignored because they cannot be read: {type(error).__name__}.")
        return {}
    first = islice(given.items(), _METRICS_MAX_COUNT)
    plain = {fit_text(name, NAME_MAX_CHARACTERS): _metric(value) for name, value in first}
    if len(given) <= _METRICS_MAX_COUNT and (_is_small(plain) or _size(plain) <= METRICS_MAX_BYTES):
        return plain
    return _as_many_as_fit(plain, len(given), warn)


def fit_directions(directions: object, warn: WarnOnce) -> dict[str, bool]:
    """Whether a higher value of a metric is better, by its name, of at most 16 KiB as JSON.

    What is neither true nor false is left out.
    """
    if directions is None:
        return {}
    kept: dict[str, bool] = {}
    room = METRICS_MAX_BYTES
    given = _mapping_of(directions)
    if given is None:
        kind = type(directions).__name__
        warn("directions", f"higher_is_better={kind} was ignored. It must be a mapping of names to True or False.")
        return {}
    for name, value in given.items():
        is_higher_better = _plain_scalar(value)
        if is_higher_better is not True and is_higher_better is not False:
            shown = fit_text(name, 100)
            warn("direction", f"higher_is_better of {shown!r} was ignored. It must be True or False.")
            continue
        plain_name = fit_text(name, NAME_MAX_CHARACTERS)
        room -= _size({plain_name: is_higher_better})
        if room < 0:
            warn("directions-too-large", f"higher_is_better is larger than {METRICS_MAX_BYTES} bytes. It was cut.")
            break
        kept[plain_name] = is_higher_better
    return kept


def fit_object(value: object, max_bytes: int, what: str, warn: WarnOnce) -> dict[str, Any] | None:
    """A JSON object of at most `max_bytes`; None for None. What is no mapping stands under `value`.

    An object too large is replaced by the beginning of its JSON text, under `truncated`.
    """
    if value is None:
        return None
    plain = plain_json(value, max_bytes)
    if not isinstance(plain, dict):
        plain = {"value": plain}
    if _size(plain) <= max_bytes:
        return plain
    warn(f"{what}-too-large", f"The {what} is larger than {max_bytes} bytes. Only its beginning is sent.")
    # JSON text inside a JSON string at most doubles, as all but quotes and backslashes is escaped once.
    return {"truncated": fit_text(to_json(plain), max_bytes // 2 - 100)}


def plain_json(value: object, max_bytes: int) -> Any:
    """`value` as what JSON can hold. Loops and depth end in "…", and so does all that is beyond twice
    `max_bytes`: enough for the caller to see that it is too large."""
    room = 2 * max_bytes

    def plain(value: Any, depth: int) -> Any:
        nonlocal room
        room -= 2  # a value and its comma
        if room < 0:
            return "…"
        if not _is_a(value, *_CONTAINERS):
            scalar = _plain_scalar(value, max_bytes)
            room -= len(scalar) if isinstance(scalar, str) else 0
            return scalar
        if depth == _JSON_MAX_DEPTH:
            return "…"
        try:
            if not _is_a(value, Mapping):
                return [plain(item, depth + 1) for item in islice(list(value), room)]
            items = islice(dict(value).items(), room)
            return {fit_text(name, max_bytes): plain(item, depth + 1) for name, item in items}
        except Exception:  # noqa: BLE001 - a container can be anybody's code
            return _unreadable(value)

    return plain(value, 0)


def _as_many_as_fit(plain: dict[str, Scalar], total: int, warn: WarnOnce) -> dict[str, Scalar]:
    warn("metrics-too-large", f"Metrics are larger than {METRICS_MAX_BYTES} bytes. Only some of them are sent.")
    kept: dict[str, Scalar] = {}
    room = METRICS_MAX_BYTES - 100  # the rest is for what says that some are missing
    for name, value in plain.items():
        size = _size({name: value})
        if size <= room:
            room -= size
            kept[name] = value
    kept["truncated"] = f"{total - len(kept)} of {total} metrics left out"
    return kept


def _is_small(plain: dict[str, Scalar]) -> bool:
    """Whether metrics are far from too large: at least as much as they can be as JSON, found in a microsecond."""
    room = METRICS_MAX_BYTES
    for name, value in plain.items():
        room -= 6 * len(name) + (6 * len(value) if type(value) is str else 30) + 8  # a character has 6 bytes at most
    return room >= 0


def _size(plain: object) -> int:
    return len(json.dumps(plain, ensure_ascii=False).encode())  # with spaces: never less than the service's


def _mapping_of(value: object) -> dict[object, object] | None:
    """A copy, since the training may change it from another thread; None for what is no mapping or cannot be read."""
    try:
        return dict(cast(Mapping[object, object], value)) if _is_a(value, Mapping) else None
    except Exception:  # noqa: BLE001 - a mapping can be anybody's code
        return None


def _metric(value: object) -> Scalar:
    return _plain_scalar(value, _METRIC_TEXT_MAX_BYTES)


def _plain_scalar(value: Any, text_max_bytes: int = MESSAGE_MAX_BYTES) -> Scalar:
    if value is None or value is True or value is False:
        return value
    if _is_a(value, float):
        number = float.__float__(value)
        return number if math.isfinite(number) else None
    if _is_a(value, int):
        return _plain_int(int.__int__(value))
    if _is_a(value, str, bytes, bytearray):
        return fit_text(value, text_max_bytes)
    try:
        found = to_number(value)
    except Exception:  # noqa: BLE001 - conversions are other people's code
        found = NOT_A_NUMBER
    if found is NOT_A_NUMBER:
        return fit_text(value, text_max_bytes)
    return _plain_scalar(found, text_max_bytes)


def _plain_int(value: int) -> int | float | str:
    if -_INT_MAX - 1 <= value <= _INT_MAX:
        return value
    try:
        return float(value)
    except OverflowError:
        return f"integer of {value.bit_length()} bits"


def _text_of(value: Any, max_bytes: int) -> str:
    try:
        if _is_a(value, str):
            return str.__str__(value)  # of an Enum or another subclass, the text itself
        if _is_a(value, bytes, bytearray):
            return bytes(value).decode(errors="replace")
        if _is_a(value, *_CONTAINERS):  # not by `str`, which has no bound
            return to_json(plain_json(value, max_bytes))
        return str.__str__(str(value))
    except Exception:  # noqa: BLE001 - `__str__` is other people's code
        return _unreadable(value)


def _is_a(value: object, *kinds: type) -> bool:
    return issubclass(type(value), kinds)  # not `isinstance`, which asks the object itself


def _unreadable(value: object) -> str:
    return f"<{type(value).__name__} that cannot be shown>"


def _valid_text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\0", _REPLACEMENT)
