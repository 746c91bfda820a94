"""The contract's rules for candidates, evaluations and usage, as strict as the service's."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Event = dict[str, Any]
Check = Callable[[Any], bool]

FINDINGS = ("candidate", "evaluation", "usage")
EVENT_MAX_BYTES = 1024 * 1024
ORIGINS = ("initial", "bootstrapped", "proposed", "reflected", "merged", "other")
SPLITS = ("train", "development", "test", "minibatch")
ROLES = ("student", "teacher", "proposer", "reflection", "metric", "other")


class Refused(Exception):
    """An event that the service would not take."""

    def __init__(self, status: int, code: str, detail: str, field: str = "") -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.field = status, code, detail, field


def a_name(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= 200 and "\0" not in value


def a_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def a_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= 10**12


def an_amount(value: Any) -> bool:
    return a_number(value) and 0 <= value <= 1e15


def one_of(*known: Any) -> Check:
    return lambda value: value in known


def a_list_of(check: Check, most: int) -> Check:
    return lambda value: isinstance(value, list) and len(value) <= most and all(map(check, value))


def or_null(check: Check) -> Check:
    return lambda value: value is None or check(value)


def a_predictor(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() <= {"instruction", "demonstrations"}
        and or_null(lambda text: isinstance(text, str))(value.get("instruction"))
        and a_list_of(lambda one: isinstance(one, dict), 10**6)(value.get("demonstrations", []))
    )


def predictors(value: Any) -> bool:
    return isinstance(value, dict) and all(map(a_name, value)) and all(map(a_predictor, value.values()))


MODEL: dict[str, Check] = {
    "model": a_name,
    "role": one_of(*ROLES),
    "calls": a_count,
    "cached_calls": a_count,
    "errors": a_count,
    "input_tokens": a_count,
    "output_tokens": a_count,
    "cached_input_tokens": a_count,
    "reasoning_tokens": a_count,
    "cost": or_null(lambda cost: an_amount(cost) and cost <= 10**9),
    "currency": or_null(lambda code: len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()),
    "duration_ms": an_amount,
}


def a_model(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() <= MODEL.keys()
        and {"model", "calls"} <= value.keys()
        and all(MODEL[name](given) for name, given in value.items())
        and value.get("cached_calls", 0) <= value["calls"]
        and value.get("errors", 0) <= value["calls"]
        and (value.get("cost") is None) == (value.get("currency") is None)
    )


FIELDS: dict[str, dict[str, Check]] = {
    "candidate": {
        "candidate": a_name,
        "parents": a_list_of(a_name, 20),
        "origin": one_of(*ORIGINS),
        "predictors": or_null(predictors),
        "state": or_null(lambda state: isinstance(state, dict)),
        "omitted": a_list_of(one_of("predictors", "state"), 2),
    },
    "evaluation": {
        "candidate": a_name,
        "metric": a_name,
        "score": a_number,
        "split": one_of(*SPLITS),
        "example_count": a_count,
        "error_count": a_count,
        "duration_ms": or_null(an_amount),
        "example_scores": or_null(a_list_of(or_null(a_number), 10_000)),
        "example_ids": or_null(a_list_of(a_name, 10_000)),
        "higher_is_better": or_null(lambda said: all(type(value) is bool for value in said.values())),
    },
    "usage": {"models": lambda models: a_list_of(a_model, 100)(models) and bool(models)},
}
REQUIRED = {
    "candidate": {"candidate"},
    "evaluation": {"candidate", "metric", "score", "split", "example_count"},
    "usage": {"models"},
}


@dataclass
class FindingRules:
    """What a service knows of the candidates of one run."""

    candidates: dict[str, Event] = field(default_factory=dict)

    def take_all(self, events: list[Event]) -> None:
        """Take all of them, or none. Raises Refused."""
        before = dict(self.candidates)
        try:
            for place, event in enumerate(events):
                if event["type"] in FINDINGS:
                    self._take(event, f"events[{place}]")
        except Refused:
            self.candidates = before
            raise

    def _take(self, event: Event, place: str) -> None:
        _check_fields(event, place)
        if event["type"] == "evaluation":
            _check_evaluation(event, place)
        if event["type"] == "candidate":
            self._take_candidate(event, place)

    def _take_candidate(self, event: Event, place: str) -> None:
        parents = event.get("parents", [])
        if event["candidate"] in parents or len(set(parents)) < len(parents):
            raise Refused(422, "invalid_input", "A parent is itself, or there twice.", f"{place}.parents")
        if any(event.get(name) is not None for name in event.get("omitted", ())):
            raise Refused(422, "invalid_input", "It is there though omitted.", f"{place}.omitted")
        if unknown := [parent for parent in parents if parent not in self.candidates]:
            raise Refused(422, "invalid_input", f"There is no candidate {unknown[0]!r}.", f"{place}.parents")
        content = {name: value for name, value in event.items() if name not in ("n", "timestamp")}
        if self.candidates.setdefault(event["candidate"], content) != content:
            raise Refused(409, "candidate_exists", f"The candidate {event['candidate']!r} is another one.")


def _check_fields(event: Event, place: str) -> None:
    known = FIELDS[event["type"]]
    for name in REQUIRED[event["type"]] - event.keys():
        raise Refused(422, "invalid_input", f"{name} is required.", f"{place}.{name}")
    for name, value in event.items():
        if name not in ("n", "type", "timestamp") and not (name in known and known[name](value)):
            raise Refused(422, "invalid_input", f"{name} is not valid: {str(value)[:200]}.", f"{place}.{name}")
    if len(json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()) > EVENT_MAX_BYTES:
        raise Refused(422, "invalid_input", "It is too large.", place)


def _check_evaluation(event: Event, place: str) -> None:
    scores, ids = event.get("example_scores"), event.get("example_ids")
    if event.get("error_count", 0) > event["example_count"] or len(scores or ()) > event["example_count"]:
        raise Refused(422, "invalid_input", "There are more than examples.", f"{place}.example_count")
    if ids is not None and len(ids) != len(scores or ()):
        raise Refused(422, "invalid_input", "Not as many ids as scores.", f"{place}.example_ids")
