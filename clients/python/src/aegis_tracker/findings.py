"""Builds the events about what an optimiser finds and uses: candidates, evaluations and usage.

The HTTP contract defines them. Nothing here raises for invalid values: they are changed, or the event is left out, and
`warn` is called.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from itertools import islice
from typing import Any, Final, cast

from aegis_tracker import sanitizing as fit
from aegis_tracker.finding_records import PROGRAM_FIELDS, EncodedRecord
from aegis_tracker.sanitizing import WarnOnce

Event = dict[str, Any]

ORIGINS: Final = ("initial", "bootstrapped", "proposed", "reflected", "merged", "other")
SPLITS: Final = ("train", "development", "test", "minibatch")
ROLES: Final = ("student", "teacher", "proposer", "reflection", "metric", "other")
PARENTS_MAX: Final = 20
EXAMPLES_MAX: Final = 10_000
MODELS_MAX: Final = 100
EVENT_MAX_BYTES: Final = 1024 * 1024 - 1024  # of the contract's 1 MiB: the rest is for the number and empty fields

_COUNT_MAX = 10**12
_COST_MAX = 10**9
_COUNTS = ("cached_calls", "errors", "input_tokens", "output_tokens", "cached_input_tokens", "reasoning_tokens")
_NUMBERED = re.compile(r"((train|development|test)-)?[0-9]+")  # names of examples that say nothing of them
_EARLIER_SPLITS = {"dev": "development", "val": "development", "valid": "development", "validation": "development"}


def candidate_event(
    name: object,
    parents: object,
    origin: object,
    predictors: object,
    state: object,
    warn: WarnOnce,
    *,
    sends_texts: bool,
    is_known: Callable[[str], bool],
) -> tuple[Event, str] | None:
    """A `candidate` event, and its content as JSON; None without a name. `is_known` says which have been reported.

    Predictors and state are left out, and listed in `omitted`, if texts stay at home or they are too large.
    """
    plain_name = _name(name, "candidate", warn)
    if plain_name is None:
        return None
    content: Event = {"candidate": plain_name, "origin": _one_of(origin, ORIGINS, "other", "origin", warn)}
    if kept := _parents(parents, plain_name, is_known, warn):
        content["parents"] = kept
    program = {"predictors": predictors, "state": state}
    given = {field: value for field, value in program.items() if value is not None}
    if not sends_texts:
        return _encoded(content | ({"omitted": [*given]} if given else {}), {})
    readers = {"predictors": _predictors, "state": _state}
    read = {field: readers[field](value, warn) for field, value in given.items()}
    texts = {field: found for field, found in read.items() if found is not None}
    omitted = _too_large(content, {field: text for field, (_, text) in texts.items()}, warn)
    if omitted:
        content["omitted"] = omitted
    return _encoded(content, {field: found for field, found in texts.items() if field not in omitted})


def evaluation_event(
    candidate: object,
    metric: object,
    score: object,
    warn: WarnOnce,
    *,
    split: object,
    example_count: object,
    error_count: object,
    duration_ms: object,
    example_scores: object,
    example_ids: object,
    sends_texts: bool,
) -> Event | None:
    """An `evaluation` event; None without a candidate, a metric or a score that is a finite number."""
    plain_candidate = _name(candidate, "evaluation", warn)
    plain_metric = _name(metric, "metric of an evaluation", warn)
    value = _score(score)
    if value is None:
        warn("score", f"An evaluation with the score {fit.fit_text(score, 100)!r} was left out. It must be a number.")
    if plain_candidate is None or plain_metric is None or value is None:
        return None
    scores = _example_scores(example_scores, warn)
    count = _whole(example_count, "example_count", warn)
    if scores is not None and len(scores) > count:
        warn("example_count", f"An evaluation of {count} examples had {len(scores)} example_scores, which were used.")
        count = len(scores)
    errors = _whole(error_count, "error_count", warn)
    if errors > count:
        warn("error_count-range", f"An evaluation of {count} examples had {errors} errors. It has {count} now.")
        errors = count
    event: Event = {
        "type": "evaluation",
        "timestamp": fit.time_now(),
        "candidate": plain_candidate,
        "metric": plain_metric,
        "score": value,
        "split": _split(split, warn),
        "example_count": count,
    }
    if errors:
        event["error_count"] = errors
    if duration_ms is not None:
        event["duration_ms"] = _amount(duration_ms, "duration_ms", warn)
    if scores is None:
        return event
    ids = _example_ids(example_ids, len(scores), warn, sends_texts=sends_texts)
    return _with_examples(event, scores, ids, warn)


def usage_events(usages: Iterable[object], warn: WarnOnce) -> Iterator[Event]:
    """`usage` events of the given usages, each a mapping with a `model`; 100 models in each event."""
    models = [model for given in usages if (model := _used_model(given, warn)) is not None]
    for first in range(0, len(models), MODELS_MAX):
        yield {"type": "usage", "timestamp": fit.time_now(), "models": models[first : first + MODELS_MAX]}


def direction_of(metric: object, higher_is_better: object) -> object:
    """`higher_is_better` by the name of the metric, where it was only said for this one."""
    return {metric: higher_is_better} if type(higher_is_better) is bool else higher_is_better


# Candidates


def _parents(parents: object, name: str, is_known: Callable[[str], bool], warn: WarnOnce) -> list[str]:
    given = [parents] if issubclass(type(parents), str) else _items(parents)
    if given is None:
        warn("parents", f"The parents of a candidate must be names of candidates, not {type(parents).__name__}.")
        return []
    kept: list[str] = []
    for parent in islice(given, 1000):
        plain = fit.fit_name(parent)
        if plain is None or plain == name or plain in kept:
            continue
        if not is_known(plain):
            warn(
                "parent",
                f"The parent {plain!r} of the candidate {name!r} was left out, because it was not reported before."
                " Report candidates after their parents.",
            )
        elif len(kept) == PARENTS_MAX:
            warn(
                "parents-many", f"The candidate {name!r} has more than {PARENTS_MAX} parents. The first ones are kept."
            )
            break
        else:
            kept.append(plain)
    return kept


def _predictors(predictors: object, warn: WarnOnce) -> tuple[Event, str] | None:
    plain, text = _json_object(predictors, "predictors", warn) or (None, "")
    if plain is None:
        return None
    if all(_is_predictor(name, said) for name, said in plain.items()):
        return plain, text
    mended = {fit.fit_name(name) or "predictor": _predictor(said, warn) for name, said in plain.items()}
    return mended, fit.to_json(mended)


def _is_predictor(name: object, said: Any) -> bool:
    """Whether the service takes it as it is."""
    return (
        type(name) is str
        and 0 < len(name) <= fit.NAME_MAX_CHARACTERS
        and type(said) is dict
        and said.keys() <= {"instruction", "demonstrations"}
        and type(said.get("instruction", "")) in (str, type(None))
        and type(said.get("demonstrations", [])) is list
        and all(type(one) is dict for one in said.get("demonstrations", ()))
    )


def _predictor(said: Any, warn: WarnOnce) -> Event:
    said = fit.plain_json(said if issubclass(type(said), Mapping) else {"instruction": said}, EVENT_MAX_BYTES)
    if not said.keys() <= {"instruction", "demonstrations"}:
        warn("predictor", "Of a predictor, instruction and demonstrations are reported, and nothing else.")
    instruction = said.get("instruction")
    demonstrations = said.get("demonstrations") or []
    if type(demonstrations) is not list:
        demonstrations = [demonstrations]
    return {
        "instruction": None if instruction is None else fit.fit_text(instruction, EVENT_MAX_BYTES),
        "demonstrations": [one if type(one) is dict else {"value": one} for one in demonstrations],
    }


def _state(state: object, warn: WarnOnce) -> tuple[Event, str] | None:
    return _json_object(state, "state", warn)


def _json_object(value: object, what: str, warn: WarnOnce) -> tuple[Event, str] | None:
    """An object and its JSON text. What JSON cannot hold is changed; most is not, and then encoded only once."""
    try:
        if type(value) is dict:
            text = fit.to_json(value)
            text.encode()
            if "\\u0000" not in text:
                return value, text
    except Exception:  # noqa: BLE001, S110 - numbers that are none, lone surrogates, other people's objects
        pass
    plain = fit.plain_json(value, EVENT_MAX_BYTES)
    if isinstance(plain, dict):
        return plain, fit.to_json(plain)
    warn(what, f"The {what} of a candidate must be an object, not {type(value).__name__}. It was left out.")
    return None


def _too_large(content: Event, texts: dict[str, str], warn: WarnOnce) -> list[str]:
    """Which parts of a program there is no room for. The state is what can be loaded again, so it comes first."""
    sizes = {field: len(text) if text.isascii() else len(text.encode()) for field, text in texts.items()}
    room = EVENT_MAX_BYTES - 1024 - 5 * sum(map(len, content.get("parents", ())))
    omitted: list[str] = []
    for field in PROGRAM_FIELDS:
        if field in sizes and sum(sizes.values()) > room:
            omitted.append(field)
            del sizes[field]
    if omitted:
        warn("program-too-large", f"Of candidates larger than 1 MiB, the {' and '.join(omitted)} are left out.")
    return omitted


def _encoded(content: Event, program: dict[str, tuple[Event, str]]) -> tuple[Event, str]:
    text = fit.to_json(content)[1:-1] + "".join(f',"{field}":{text}' for field, (_, text) in program.items())
    event: Event = {"type": "candidate", "timestamp": fit.time_now(), **content}
    event |= {field: found[0] for field, found in program.items()}
    return EncodedRecord(event, f'{{"type":"candidate","timestamp":"{event["timestamp"]}",{text}}}'), text


# Evaluations


def _score(value: object) -> int | float | None:
    return int(value) if type(value) is bool else fit.fit_number(value)


def _split(value: object, warn: WarnOnce) -> str:
    name = fit.fit_text(value, 100)
    return _one_of(_EARLIER_SPLITS.get(name, value), SPLITS, "development", "split", warn)


def _example_scores(scores: object, warn: WarnOnce) -> list[int | float | None] | None:
    if scores is None:
        return None
    given = _items(scores)
    if given is None:
        warn("example_scores", f"example_scores must be a list of numbers, not {type(scores).__name__}.")
        return None
    if len(given) > EXAMPLES_MAX:
        warn("example_scores-many", f"example_scores of more than {EXAMPLES_MAX} examples are left out.")
        return None
    return [_score(one) for one in given]


def _example_ids(ids: object, count: int, warn: WarnOnce, *, sends_texts: bool) -> list[str] | None:
    if ids is None:
        return None
    given = _items(ids)
    if given is None or len(given) != count:
        warn("example_ids", "example_ids must be a list of as many names as there are example_scores. It was left out.")
        return None
    names = [fit.fit_name(one) or str(index) for index, one in enumerate(given)]
    if not sends_texts and not all(map(_NUMBERED.fullmatch, names)):
        return None
    return names


def _with_examples(event: Event, scores: list[Any], ids: list[str] | None, warn: WarnOnce) -> Event:
    if ids is not None:
        whole = event | {"example_scores": scores, "example_ids": ids}
        if len(fit.to_json(whole).encode()) <= EVENT_MAX_BYTES:
            return whole
        warn("example_ids-too-large", "example_ids of more than 1 MiB are left out.")
    return event | {"example_scores": scores}


# Usage


def _used_model(given: object, warn: WarnOnce) -> Event | None:
    said = given if type(given) is dict else fit.plain_json(given, 4096)
    name = _name(said.get("model") if type(said) is dict else None, "usage", warn)
    if name is None:
        return None
    calls = _whole(said.get("calls", 1), "calls", warn)
    model: Event = {"model": name, "role": _one_of(said.get("role"), ROLES, "other", "role", warn), "calls": calls}
    for field in _COUNTS:
        number = _whole(said.get(field, 0), field, warn)
        if number > calls and field in ("cached_calls", "errors"):
            warn(f"{field}-range", f"{field}={number} is more than calls={calls}, which is used instead.")
            number = calls
        if number:
            model[field] = number
    cost, duration_ms = said.get("cost"), said.get("duration_ms")
    if cost is not None:
        model |= _cost(cost, said.get("currency", "USD"), warn)
    if duration_ms is not None:
        model["duration_ms"] = _amount(duration_ms, "duration_ms", warn)
    return model


def _cost(cost: object, currency: object, warn: WarnOnce) -> Event:
    amount, code = fit.fit_number(cost), fit.fit_text(currency, 100).strip().upper()
    if amount is None or not 0 <= amount <= _COST_MAX:
        warn("cost", f"The cost {fit.fit_text(cost, 100)!r} counts as unknown. It must be a number from 0.")
        return {}
    if len(code) != 3 or not code.isascii() or not code.isalpha():
        warn("currency", f"A cost in {code!r} counts as unknown. The currency must be three letters, as in USD.")
        return {}
    return {"cost": amount, "currency": code}


# Values


def _name(value: object, what: str, warn: WarnOnce) -> str | None:
    name = fit.fit_name(value)
    if name is None:
        warn(f"{what}-name", f"A report was left out, because the {what} has no name.")
    return name


def _one_of(value: object, known: tuple[str, ...], otherwise: str, what: str, warn: WarnOnce) -> str:
    if value is None:
        return otherwise
    if type(value) is str and value in known:
        return value
    text = fit.fit_text(getattr(value, "value", value) if issubclass(type(value), Enum) else value, 100)
    if text in known:
        return text
    warn(what, f"{text!r} is not a known {what}. {otherwise!r} was used. Known are {', '.join(known)}.")
    return otherwise


def _whole(value: object, what: str, warn: WarnOnce) -> int:
    if type(value) is int and 0 <= value <= _COUNT_MAX:
        return value
    number = fit.fit_count(value, what, warn)
    if number is None and value is None:
        warn(what, f"{what} must be a whole number from 0. 0 was used.")
    return min(number or 0, _COUNT_MAX)


def _amount(value: object, what: str, warn: WarnOnce) -> int | float:
    number = value if type(value) is int or type(value) is float else fit.fit_number(value)
    if number is not None and 0 <= number <= 1e15:
        return number
    warn(what, f"{what}={fit.fit_text(value, 100)} was ignored. It must be a number from 0.")
    return 0


def _items(values: object) -> list[object] | None:
    """The members of a list and the like, copied; None for what is none."""
    if values is None:
        return []
    if issubclass(type(values), (str, bytes, Mapping)):
        return None
    try:
        return list(cast(Iterable[object], values))
    except Exception:  # noqa: BLE001 - other people's code
        return None
