"""What one call of a language model used, as DSPy's history has it.

DSPy passes a callback the answer of a call, and keeps the usage in the model's history. The entry of a call is the one
that has the very same answer, whatever other threads have added meanwhile.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_LOOKED_AT = 64  # entries of the history, of as many threads


@dataclass(slots=True)
class CallUsage:
    """`calls` is more than 1 if the answer consists of several, each with a request of its own.

    `cost` is None if it is not known. A cached call costs nothing, if the cost of such a call is known.
    """

    calls: int = 1
    cached_calls: int = 0
    errors: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    reasoning_tokens: int = 0
    cost: float | None = None
    currency: str = "USD"
    duration_ms: float = 0.0

    def add(self, other: "CallUsage") -> None:
        """Add what another call used. The cost is known only if both are."""
        self.calls += other.calls
        self.cached_calls += other.cached_calls
        self.errors += other.errors
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.cached_input_tokens += other.cached_input_tokens
        self.reasoning_tokens += other.reasoning_tokens
        self.cost = None if self.cost is None or other.cost is None else self.cost + other.cost
        self.duration_ms += other.duration_ms


def usage_of(lm: Any, outputs: Any, exception: BaseException | None) -> CallUsage:
    """What a call used. Of a call without an entry in the history, and of one that failed, no tokens are known."""
    if exception is not None:
        return CallUsage(errors=1)
    entry = _entry_of(lm, outputs)
    if entry is None:
        return CallUsage()
    usage, response = _mapping(entry.get("usage")), entry.get("response")
    calls = len(response) if isinstance(response, tuple) else 1
    cost, currency = _cost(entry)
    if _is_cached(usage, response):
        return CallUsage(calls, cached_calls=calls, cost=None if cost is None else 0.0, currency=currency)
    inputs = _first(usage, "prompt_tokens_details", "input_tokens_details")
    outputs_details = _first(usage, "completion_tokens_details", "output_tokens_details")
    return CallUsage(
        calls,
        input_tokens=_count(_first(usage, "prompt_tokens", "input_tokens")),
        output_tokens=_count(_first(usage, "completion_tokens", "output_tokens")),
        cached_input_tokens=_count(_mapping(inputs).get("cached_tokens")),
        reasoning_tokens=_count(_mapping(outputs_details).get("reasoning_tokens")),
        cost=cost,
        currency=currency,
    )


def _entry_of(lm: Any, outputs: Any) -> Mapping[str, Any] | None:
    history = getattr(lm, "history", None)
    for entry in reversed(history[-_LOOKED_AT:]) if isinstance(history, list) else ():
        if entry.get("outputs") is outputs or entry.get("response") is outputs:
            return entry
    return None


def _is_cached(usage: Mapping[str, Any], response: Any) -> bool:
    """Whether DSPy's cache gave the answer: it has no usage of its own then, although its response once had."""
    if usage:
        return False
    responses: Iterable[Any] = response if isinstance(response, tuple) else (response,)
    return getattr(response, "cache_hit", False) is True or any(_had_usage(one) for one in responses)


def _had_usage(response: Any) -> bool:
    usage = getattr(response, "usage", None)
    return any(getattr(usage, name, None) is not None for name in ("input_tokens", "output_tokens", "total_tokens"))


def _cost(entry: Mapping[str, Any]) -> tuple[float | None, str]:
    cost, details = entry.get("cost"), _mapping(entry.get("cost_details"))
    known = float(cost) if isinstance(cost, (int, float)) and not isinstance(cost, bool) and cost >= 0 else None
    return known, str(details.get("currency") or "USD")


def _first(usage: Mapping[str, Any], *names: str) -> Any:
    return next((usage[name] for name in names if usage.get(name) is not None), None)


def _mapping(value: Any) -> Mapping[str, Any]:
    """A mapping, or the fields of a model of Pydantic's."""
    if isinstance(value, Mapping):
        return value
    dump = getattr(value, "model_dump", None)
    return dump() if callable(dump) else {}


def _count(value: Any) -> int:
    return int(value) if isinstance(value, (int, float)) and value > 0 else 0
