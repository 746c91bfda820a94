"""Whatever a training passes in is taken, made to fit, and never raised about."""

import enum
import json
import math
import uuid
from collections import UserDict
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from aegis_tracker import AegisTrackerWarning, TrainingProgressTracker, phases
from support.contract_server import ContractServer
from support.trackers import MakeTracker, said_once
from support.trainings import TOKEN

pytestmark = pytest.mark.filterwarnings("ignore::aegis_tracker.AegisTrackerWarning")


class Unfriendly:
    """Fails in every way an object can."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__

    def __float__(self) -> float:
        raise RuntimeError("no number")

    __index__ = __bool__ = __len__ = __iter__ = __hash__ = __eq__ = __format__ = __float__

    @property
    def __class__(self) -> type:
        raise RuntimeError("no class")

    def __getattr__(self, name: str) -> object:
        raise RuntimeError("no attribute")


class UnfriendlyMapping(Mapping[str, object]):
    def __getitem__(self, key: str) -> object:
        raise RuntimeError("no item")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("no keys")

    def __len__(self) -> int:
        raise RuntimeError("no length")


class ArrayLike:
    dtype = "float32"

    def __init__(self, *values: float) -> None:
        self.values = values

    def item(self) -> float:
        (value,) = self.values
        return value


class Level(str, enum.Enum):  # noqa: UP042 - what older code has
    LOUD = "ERROR"


class Verbosity(enum.IntEnum):
    LOUD = 40


LOOP: list[object] = []
LOOP.append(LOOP)
DEEP: dict[str, object] = {}
_inner = DEEP
for _ in range(3000):
    _inner["deeper"] = _inner = {}
BROAD: list[object] = []
for _ in range(60):
    BROAD = [BROAD, BROAD]

ANYTHING = [
    None, True, 0, -1, 10**5000, 2**64, 1.5, math.nan, math.inf, -math.inf, 1e308, Decimal("NaN"),
    Decimal("sNaN"), Fraction(1, 3), 1 + 2j, "", "text", "0.5", "\0", "\ud800", "\ud83d\ude00",
    "a\r\nb\u2028c", "ü" * 70_000, "\x01" * 200_000, "\0" * 70_000, "\ud800" * 70_000, b"\xff\0",
    bytearray(b"x"), object(), object, print, Unfriendly(), Unfriendly, UnfriendlyMapping(),
    UserDict({1: 2}), ArrayLike(0.5), ArrayLike(1, 2), Level.LOUD, LOOP, DEEP, BROAD, [1, [2, {3}]],
    {"a": {"b": [math.nan]}}, {1: 2, None: 3, (4,): Unfriendly()}, {"\0": "\0", "\ud800": "\ud800",
    "k" * 70_000: "v" * 70_000}, {f"m{n}": n for n in range(100_000)}, {f"m{n}": '"\\\n' * 5000 for
    n in range(300)}, ["\x01\"\\" * 10_000] * 100, {"x": "é" * 2_000_000}, lambda: None, iter([1]),
    ValueError("an error"), RecursionError(), KeyboardInterrupt(),
]  # fmt: skip


@pytest.fixture(params=range(len(ANYTHING)), ids=[type(value).__name__ for value in ANYTHING])
def anything(request: pytest.FixtureRequest) -> object:
    """Each in turn; handed over by number, since some cannot bear to be looked at."""
    return ANYTHING[request.param]


def valid(value: object) -> bool:
    """Whether the service's JSON would take it: no NUL, no lone surrogate, nothing that is not finite."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return "\\u0000" not in text and bool(text.encode())


def test_anything_is_taken(service: ContractServer, make_tracker: MakeTracker, anything: object) -> None:
    tracker = make_tracker(
        llm_model=anything,
        optimizer=anything,
        sample_count=anything,
        config=anything,
        run_id=anything,
        higher_is_better=anything,
    )
    tracker.enter_phase(anything, anything)
    tracker.enter_phase(phases.LOADING_DATA, anything)
    tracker.update_progress(anything, anything, anything)
    tracker.update_progress(0.5, anything, {"metric": anything}, higher_is_better={"metric": anything})
    tracker.log(anything, anything, anything, anything)
    tracker.log("INFO", anything, metrics={"metric": anything, "good": 1})
    tracker.complete(anything, anything, higher_is_better=anything)
    assert tracker.flush(30)

    run = service.run
    assert valid(run.start)
    assert len(json.dumps(run.start.get("config", {}), ensure_ascii=False).encode()) <= 64 * 1024
    assert all(valid(event) for event in run.events)
    kinds = [event["type"] for event in run.events]
    assert kinds == ["log", "phase", "progress", "progress", "log", "log", "complete"]
    for event in run.events:
        assert 0.0 <= event.get("fraction", 0.0) <= 1.0
        assert all(
            value is None or type(value) in (bool, int, float, str) for value in event.get("metrics", {}).values()
        )
        assert all(type(value) is bool for value in event.get("higher_is_better", {}).values())
    assert all(type(value) is bool for value in run.start.get("higher_is_better", {}).values())
    assert run.events[5]["metrics"]["good"] == 1


def test_any_failure_is_taken(service: ContractServer, make_tracker: MakeTracker, anything: object) -> None:
    tracker = make_tracker()
    tracker.fail(anything)
    assert tracker.flush(30)
    assert valid(service.run.events[0])
    assert service.run.events[0]["error"]


def test_any_setting_is_taken(
    make_tracker: MakeTracker, anything: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # a relative folder is a folder too
    for name in ("url", "token", "spool_dir", "domain"):
        if anything is None and name == "spool_dir":
            continue  # the user's own folder
        settings = {"url": "http://127.0.0.1:9"} | {name: anything}
        tracker = make_tracker(**settings)
        tracker.log("INFO", "kept")
        tracker.complete({})


def test_a_call_with_wrong_arguments_is_taken(make_tracker: MakeTracker) -> None:
    with said_once("log could not be recorded"):
        make_tracker().log()


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (math.nan, None),
        (math.inf, None),
        (Decimal("0.25"), 0.25),
        (ArrayLike(0.5), 0.5),
        (Level.LOUD, "ERROR"),
        ([1, {"a": math.nan}], '[1,{"a":null}]'),
        (10**400, "integer of 1329 bits"),
        (2**64, 2.0**64),
        ("a\0b\ud800c", "a\ufffdb\ufffdc"),
    ],
)
def test_a_metric_keeps_what_it_means(
    service: ContractServer, make_tracker: MakeTracker, given: object, sent: object
) -> None:
    tracker = make_tracker()
    tracker.update_progress(0.5, metrics={"metric": given})
    assert tracker.flush(30)
    assert service.run.events[0]["metrics"] == {"metric": sent}


@pytest.mark.parametrize(
    ("given", "sent"),
    [(-0.1, 0.5), (1.1, 0.5), (45, 0.5), ("0.25", 0.25), (math.nan, 0.5), ("no number", 0.5), (None, 0.5)],
)
def test_a_fraction_stays_between_0_and_1(
    service: ContractServer, make_tracker: MakeTracker, given: object, sent: float
) -> None:
    tracker = make_tracker()
    tracker.update_progress(0.5)
    with pytest.warns(AegisTrackerWarning) if given != "0.25" else pytest.MonkeyPatch.context():
        tracker.update_progress(given, "with a message")
    assert tracker.flush(30)
    assert service.run.events[1]["fraction"] == sent


def test_an_unknown_phase_becomes_a_log_entry(service: ContractServer, make_tracker: MakeTracker) -> None:
    tracker = make_tracker()
    with said_once("'warming_up' is not a phase"):
        tracker.enter_phase("warming_up", "two minutes")
        tracker.enter_phase("warming_up")
    assert tracker.flush(30)
    assert service.run.texts() == ["warming_up: two minutes", "Phase warming_up"]


class TrainingPhase(str, enum.Enum):  # noqa: UP042  (AegisRAG had it so, and its members are no StrEnum)
    """As AegisRAG had it."""

    INITIALIZING = "initializing"
    LOADING_DATA = "loading_data"
    ENTITY_OPTIMIZATION = "entity_optimization"
    RELATION_OPTIMIZATION = "relation_optimization"
    PROMPT_EXTRACTION = "prompt_extraction"
    VALIDATION = "validation"
    SAVING = "saving"


@pytest.mark.parametrize("of", [lambda phase: phase, lambda phase: phase.value], ids=["member", "name"])
def test_the_phases_have_earlier_names(
    service: ContractServer, make_tracker: MakeTracker, of: Callable[[TrainingPhase], object]
) -> None:
    with said_once("'initializing' is an earlier name of the phase 'initialization', which was entered"):
        tracker = make_tracker()
        for phase in TrainingPhase:
            tracker.enter_phase(of(phase))
    assert tracker.flush(30)
    assert [event["phase"] for event in service.run.events] == list(phases.PHASES)


def test_domain_and_run_have_earlier_names(service: ContractServer, spool_dir: Path) -> None:
    run_id = str(uuid.uuid4())
    settings = {"url": service.url, "token": TOKEN, "spool_dir": spool_dir}
    with TrainingProgressTracker(domain_name="medical", training_run_id=run_id, **settings) as tracker:
        tracker.log("INFO", "a line")
    tracker.close()
    assert tracker.run_id == run_id
    assert (service.run.domain, service.run.texts()[0]) == ("medical", "a line")
    with pytest.raises(TypeError, match="needs a domain"):
        TrainingProgressTracker(**settings)


def test_a_long_message_is_cut_and_says_so(service: ContractServer, make_tracker: MakeTracker) -> None:
    tracker = make_tracker()
    tracker.log("INFO", "é" * 40_000)
    assert tracker.flush(30)
    (text,) = service.run.texts()
    assert text.endswith("é… [cut: 40000 characters in all]")
    assert 65_530 <= len(text.encode()) <= 65_536


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("info", "INFO"),
        ("Warn", "WARNING"),
        (40, "ERROR"),
        (35, "WARNING"),
        (5, "DEBUG"),
        (99, "CRITICAL"),
        (10**400, "CRITICAL"),
        (-1, "DEBUG"),
        (Verbosity.LOUD, "ERROR"),
        (ArrayLike(30), "WARNING"),
        (30.0, "WARNING"),
        (True, "INFO"),
        (math.nan, "INFO"),
        ("x", "INFO"),
    ],
)
def test_levels_are_understood(service: ContractServer, make_tracker: MakeTracker, given: object, sent: str) -> None:
    tracker = make_tracker()
    tracker.log(given, "text")
    assert tracker.flush(30)
    assert service.run.events[0]["level"] == sent


def test_a_direction_is_true_or_false(service: ContractServer, make_tracker: MakeTracker) -> None:
    class Flag:  # as NumPy has them
        dtype = "bool"

        def item(self) -> bool:
            return True

    with said_once("higher_is_better of 'b' was ignored. It must be True or False."):
        tracker = make_tracker(higher_is_better={"a": Flag(), "b": 1, "c": False, "d": "no", "e\0": True})
    with said_once("higher_is_better=list was ignored"):
        tracker.update_progress(0.5, higher_is_better=["a"])
    assert tracker.flush(30)
    assert service.run.start["higher_is_better"] == {"a": True, "c": False, "e\ufffd": True}
    assert "higher_is_better" not in service.run.events[0]


def test_directions_beyond_16_kib_are_cut(service: ContractServer, make_tracker: MakeTracker) -> None:
    with said_once("higher_is_better is larger than 16384 bytes"):
        tracker = make_tracker(higher_is_better={f"metric_{number}": True for number in range(10_000)})
    assert tracker.flush(30)
    sent = service.run.start["higher_is_better"]
    assert len(sent) > 500
    assert len(json.dumps(sent).encode()) <= 16 * 1024
