"""What a training reports about its optimiser by hand: candidates, evaluations and usage."""

import enum
import json
import math
import os
import re
from pathlib import Path
from typing import Any

import pytest
from aegis_tracker import phases
from support.contract_server import ContractServer, free_port
from support.spools import records
from support.trackers import MakeTracker, said_once
from support.trainings import TOKEN, ended, left_behind, run_training, sync

FINDINGS = ("candidate", "evaluation", "usage")
MIB = 1024 * 1024
PROGRAM: dict[str, Any] = {
    "predictors": {"extract": {"instruction": "Find all.", "demonstrations": [{"text": "a", "entities": ["a"]}]}},
    "state": {"extract": {"demos": [], "signature": {"instructions": "Find all."}, "lm": None}, "metadata": {}},
}


class Origin(enum.Enum):
    FOUND = "reflected"


class Unfriendly:
    """Fails in every way an object can."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __float__ = __index__ = __bool__ = __len__ = __iter__ = __hash__ = __eq__ = __str__

    @property
    def __class__(self) -> type:
        raise RuntimeError("no class")


def test_everything_is_reported_as_it_is(service: ContractServer, make_tracker: MakeTracker) -> None:
    tracker = make_tracker()
    tracker.candidate("0", origin="initial", **PROGRAM)
    tracker.candidate("1", parents=["0"], origin=Origin.FOUND)
    tracker.evaluation(
        "1",
        "entity_f1",
        0.75,
        split="minibatch",
        example_count=4,
        error_count=1,
        duration_ms=12.5,
        example_scores=[1, 1.0, True, None],
        example_ids=[3, "one", 7, 8],
        higher_is_better=True,
    )
    tracker.usage(
        "openai/gpt",
        role="student",
        calls=4,
        cached_calls=1,
        input_tokens=90,
        output_tokens=20,
        cost=0.01,
        duration_ms=7,
    )
    tracker.usage([{"model": "a", "calls": 2}, {"model": "b", "role": "teacher", "errors": 1}])
    assert tracker.flush()
    assert service.run.of_type(*FINDINGS) == [
        {"type": "candidate", "candidate": "0", "origin": "initial", **PROGRAM},
        {"type": "candidate", "candidate": "1", "origin": "reflected", "parents": ["0"]},
        {
            "type": "evaluation",
            "candidate": "1",
            "metric": "entity_f1",
            "score": 0.75,
            "split": "minibatch",
            "example_count": 4,
            "error_count": 1,
            "duration_ms": 12.5,
            "example_scores": [1, 1.0, 1, None],
            "example_ids": ["3", "one", "7", "8"],
            "higher_is_better": {"entity_f1": True},
        },
        {
            "type": "usage",
            "models": [
                {
                    "model": "openai/gpt",
                    "role": "student",
                    "calls": 4,
                    "cached_calls": 1,
                    "input_tokens": 90,
                    "output_tokens": 20,
                    "cost": 0.01,
                    "currency": "USD",
                    "duration_ms": 7,
                }
            ],
        },
        {
            "type": "usage",
            "models": [
                {"model": "a", "role": "other", "calls": 2},
                {"model": "b", "role": "teacher", "calls": 1, "errors": 1},
            ],
        },
    ]


ANYTHING: tuple[Any, ...] = (
    None,
    "",
    5,
    -1,
    math.nan,
    math.inf,
    "x" * 300,
    "\0\ud800",
    b"\xff",
    [],
    {},
    {1: {2: 3}},
    {"a"},
    Unfriendly(),
)


@pytest.mark.filterwarnings("ignore::aegis_tracker.AegisTrackerWarning")
def test_whatever_is_passed_in_the_service_takes_what_is_sent(
    service: ContractServer, make_tracker: MakeTracker
) -> None:
    tracker = make_tracker()
    for number, odd in enumerate(ANYTHING):
        for name in ("parents", "origin", "predictors", "state"):
            tracker.candidate(f"{name} {number}", **{name: odd})
        tracker.candidate(odd)
        tracker.candidate(f"in {number}", predictors={"p": odd, "q": {"instruction": odd, "demonstrations": odd}})
        tracker.candidate(f"deep {number}", predictors={odd if type(odd) is str else "p": [odd]}, state={"x": odd})
        whole: dict[str, Any] = {"candidate": "c", "metric": "m", "score": 1, "example_count": 2}
        for name in (
            *whole,
            "split",
            "error_count",
            "duration_ms",
            "example_scores",
            "example_ids",
            "higher_is_better",
        ):
            tracker.evaluation(**whole | {name: odd})
        tracker.evaluation("c", "m", 1, example_count=1, example_scores=[odd], example_ids=[odd])
        used = ("role", "calls", "cached_calls", "errors", "input_tokens", "reasoning_tokens", "cost", "currency")
        for name in (*used, "duration_ms"):
            tracker.usage("m", **{"cost": 1, name: odd})
        tracker.usage(odd)
        tracker.usage([odd, {"model": odd}, {"model": "m", "calls": odd}])
    tracker.usage([{"model": f"m{number}"} for number in range(250)])
    tracker.log("INFO", "the end")
    assert tracker.flush(30)
    assert service.run.texts()[-1] == "the end"
    assert not [path for path in service.requests if "events" not in path and "training-runs" not in path]
    assert [len(event["models"]) for event in service.run.of_type("usage")[-3:]] == [100, 100, 50]
    assert len(service.run.of_type("evaluation")) > 80
    assert all(len(name) <= 200 for name in service.run.findings.candidates)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda tracker: tracker.candidate(""), "has no name"),
        (lambda tracker: tracker.evaluation("a", "m", math.nan, example_count=1), "must be a number"),
        (lambda tracker: tracker.evaluation("a", "m", "much", example_count=1), "must be a number"),
        (lambda tracker: tracker.usage(""), "has no name"),
    ],
)
def test_what_cannot_be_mended_is_left_out(
    service: ContractServer, make_tracker: MakeTracker, call: Any, match: str
) -> None:
    tracker = make_tracker()
    with said_once(match):
        call(tracker)
        call(tracker)
    tracker.log("INFO", "after it")
    assert tracker.flush()
    assert [event["type"] for event in service.run.events] == ["log"]


def test_an_unknown_parent_is_left_out(service: ContractServer, make_tracker: MakeTracker) -> None:
    tracker = make_tracker()
    tracker.candidate("a")
    with said_once("'z' of the candidate 'b'"):
        tracker.candidate("b", parents=["a", "z", "b", "a"])
    tracker.candidate("c", parents=["y"])
    tracker.candidate("d", parents="b")
    assert tracker.flush()
    assert [event.get("parents") for event in service.run.of_type("candidate")] == [None, ["a"], None, ["b"]]


def test_a_candidate_is_reported_once(service: ContractServer, make_tracker: MakeTracker) -> None:
    tracker = make_tracker()
    tracker.candidate("a", **PROGRAM)
    tracker.candidate("a", **PROGRAM)
    with said_once("'a' was reported before with other content"):
        tracker.candidate("a", origin="merged")
        tracker.candidate("a", state={})
    assert tracker.flush()
    assert service.run.of_type("candidate") == [{"type": "candidate", "candidate": "a", "origin": "other", **PROGRAM}]


def big(size: int) -> dict[str, Any]:
    return {"text": "ä" * (size // 2)}


@pytest.mark.parametrize(
    ("sizes", "omitted"),
    [
        ((400_000, 400_000), None),
        ((700_000, 700_000), ["predictors"]),
        ((10, 2 * MIB), ["predictors", "state"]),
        ((2 * MIB, 10), ["predictors"]),
        ((2 * MIB, 2 * MIB), ["predictors", "state"]),
    ],
)
def test_a_program_that_is_too_large_is_left_out(
    service: ContractServer, make_tracker: MakeTracker, sizes: tuple[int, int], omitted: list[str] | None
) -> None:
    tracker = make_tracker()
    predictors, state = {"p": {"instruction": None, "demonstrations": [big(sizes[0])]}}, big(sizes[1])
    if omitted is None:
        tracker.candidate("a", predictors=predictors, state=state)
    else:
        with said_once("larger than 1 MiB"):
            tracker.candidate("a", predictors=predictors, state=state)
    assert tracker.flush(30)
    (event,) = service.run.of_type("candidate")
    assert event.get("omitted") == omitted
    assert ("predictors" in event, "state" in event) == (
        "predictors" not in (omitted or ()),
        "state" not in (omitted or ()),
    )


def test_many_large_candidates_arrive_one_by_one(service: ContractServer, make_tracker: MakeTracker) -> None:
    tracker = make_tracker()
    for number in range(12):
        tracker.candidate(f"{number}", state=big(MIB - 4000))
        tracker.log("INFO", f"after {number}")
    assert tracker.flush(60)
    assert len(service.run.of_type("candidate")) == 12
    assert all("state" in event for event in service.run.of_type("candidate"))


def test_scores_of_examples_that_are_too_many_are_left_out(service: ContractServer, make_tracker: MakeTracker) -> None:
    tracker = make_tracker()
    tracker.evaluation("a", "m", 1, example_count=10_000, example_scores=[1.5] * 10_000, example_ids=range(10_000))
    with said_once("more than 10000"):
        tracker.evaluation("a", "m", 2, example_count=20_000, example_scores=[1] * 20_000)
    with said_once("more than 1 MiB"):
        tracker.evaluation(
            "a", "m", 3, example_count=9000, example_scores=[1] * 9000, example_ids=[f"{n:0200}" for n in range(9000)]
        )
    assert tracker.flush(30)
    first, second, third = service.run.of_type("evaluation")
    assert (len(first["example_scores"]), first["example_ids"][-1]) == (10_000, "9999")
    assert "example_scores" not in second
    assert (len(third["example_scores"]), "example_ids" in third) == (9000, False)


@pytest.mark.parametrize("way", ["argument", "environment", "not understood"])
def test_texts_stay_at_home(
    service: ContractServer, make_tracker: MakeTracker, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    if way == "argument":
        tracker = make_tracker(send_texts=False)
    elif way == "environment":
        monkeypatch.setenv("AEGIS_SEND_TEXTS", "0")
        tracker = make_tracker()
    else:
        monkeypatch.setenv("AEGIS_SEND_TEXTS", "nope")
        with said_once("neither 1 nor 0"):
            tracker = make_tracker()
    tracker.candidate("a", **PROGRAM)
    tracker.candidate("b", parents=["a"], state=PROGRAM["state"])
    tracker.evaluation("a", "m", 1, example_count=2, example_scores=[1, 1], example_ids=["Aspirin", "5"])
    tracker.evaluation("a", "m", 1, example_count=2, example_scores=[1, 1], example_ids=["4", 5])
    assert tracker.flush()
    first, second, named, numbered = service.run.of_type(*FINDINGS)
    assert "predictors" not in first
    assert "state" not in first
    assert (first["omitted"], second["omitted"]) == (["predictors", "state"], ["state"])
    assert "example_ids" not in named
    assert numbered["example_ids"] == ["4", "5"]
    assert "Find all" not in json.dumps(service.run.events)


def test_a_service_of_an_earlier_version_loses_nothing_else(service: ContractServer, make_tracker: MakeTracker) -> None:
    service.knows_findings = False
    tracker = make_tracker(higher_is_better={"grip": True}, run_id=None)
    with said_once("Upgrade the service"):
        for number in range(50):
            tracker.candidate(f"{number}", parents=[str(number - 1)] if number else ())
            tracker.evaluation(f"{number}", "grip", 0.5, example_count=3, higher_is_better=True)
            tracker.log("INFO", f"log {number}")
            tracker.usage("m")
            tracker.update_progress(number / 50)
        assert tracker.flush(30)
        tracker.candidate("later")
        tracker.complete({"grip": 1})
        assert tracker.flush(30)
    run = service.run
    assert run.of_type(*FINDINGS) == []
    assert [event["n"] for event in run.events] == list(range(1, 253))
    assert [text for text in run.texts() if text] == [f"log {number}" for number in range(50)]
    assert [event["fraction"] for event in run.of_type("progress") if event["fraction"]] == [
        n / 50 for n in range(1, 50)
    ]
    assert {"type": "progress", "fraction": 0, "higher_is_better": {"grip": True}} in run.of_type("progress")
    assert run.status == "completed"
    assert len(service.requests) < 30


def candidates_of(service: ContractServer) -> list[tuple[str, Any, Any]]:
    return [(one["candidate"], one.get("parents"), one.get("state")) for one in service.run.of_type("candidate")]


@pytest.mark.needs_locks
def test_a_run_that_goes_on_keeps_its_parents(service: ContractServer, spool_dir: Path, tmp_path: Path) -> None:
    begin = "tracker.candidate('a', state={'x': 1})\ntracker.close()"
    ended(run_training(begin, service.url, spool_dir, tracker="resumable=True"))
    (run_id,) = service.runs
    go_on = (
        "tracker.candidate('b', parents=['a'])\ntracker.candidate('c', parents=['a', 'nobody'])\n"
        "tracker.candidate('a', state={'x': 1})\ntracker.candidate('d', parents=['b'])\n"
        "tracker.log('INFO', 'the end')\ntracker.complete({})"
    )
    ended(run_training(go_on, service.url, spool_dir, tracker=f"run_id={run_id!r}, resumable=True"))
    assert service.run.status == "completed"
    assert candidates_of(service) == [
        ("a", None, {"x": 1}),
        ("b", ["a"], None),
        ("c", None, None),
        ("a", None, {"x": 1}),
        ("d", ["b"], None),
    ]


@pytest.mark.needs_locks
def test_another_candidate_of_an_earlier_process_does_not_stop_the_run(
    service: ContractServer, make_tracker: MakeTracker
) -> None:
    first = make_tracker(resumable=True)
    first.candidate("a", state={"x": 1})
    first.close()
    tracker = make_tracker(run_id=first.run_id)
    with said_once("refused .*'a' is another one.* left out"):
        tracker.log("INFO", "before")
        tracker.candidate("a", state={"x": 2})
        tracker.candidate("b", parents=["a"])
        tracker.complete({})
        assert tracker.flush(30)
    assert candidates_of(service) == [("a", None, {"x": 1}), ("b", ["a"], None)]
    assert service.run.texts() == ["", "before", "", "", ""]
    assert service.run.status == "completed"


def test_a_program_that_a_proxy_refuses_is_left_out(service: ContractServer, make_tracker: MakeTracker) -> None:
    limit = 100_000

    def like_a_proxy(handler: Any) -> bool:
        service.misbehave.append(like_a_proxy)
        if int(handler.headers["Content-Length"]) <= limit:
            return False
        handler.reply(413, {"message": "too large"}, {})
        return True

    service.misbehave.append(like_a_proxy)
    tracker = make_tracker()
    with said_once("refused .HTTP 413.*without its details"):
        tracker.candidate("a", state=big(20_000))
        tracker.candidate("b", state=big(400_000))
        tracker.evaluation("b", "m", 1, example_count=9000, example_scores=[1.123456789012345] * 9000)
        tracker.complete({})
        assert tracker.flush(30)
    first, second, evaluation = service.run.of_type(*FINDINGS)
    assert "state" in first
    assert second == {"type": "candidate", "candidate": "b", "origin": "other", "omitted": ["state"]}
    assert "example_scores" not in evaluation


def test_findings_of_forked_processes_arrive(service: ContractServer, make_tracker: MakeTracker) -> None:
    tracker = make_tracker()
    tracker.candidate("a", state={"x": 1})
    for number in range(3):
        pid = os.fork()
        if pid == 0:
            tracker.candidate(f"b{number}", parents=["a"])
            tracker.candidate("a", state={"x": 1})
            tracker.candidate("same", state={"number": number})  # the other processes cannot know of it
            tracker.usage("m", calls=number + 1)
            os._exit(0)
        os.waitpid(pid, 0)
    with said_once("'same' is another one"):
        tracker.complete({})
        assert tracker.flush(30)
    assert candidates_of(service) == [
        ("a", None, {"x": 1}),
        ("b0", ["a"], None),
        ("same", None, {"number": 0}),
        ("b1", ["a"], None),
        ("b2", ["a"], None),
    ]
    assert sum(event["models"][0]["calls"] for event in service.run.of_type("usage")) == 6


def test_a_full_spool_keeps_all_of_them_without_their_programs(make_tracker: MakeTracker, spool_dir: Path) -> None:
    port = free_port()
    limit = 256 * 1024
    tracker = make_tracker(url=f"http://127.0.0.1:{port}", spool_max_bytes=limit)
    tracker.enter_phase(phases.LOADING_DATA)
    for number in range(300):
        tracker.candidate(f"{number}", parents=[str(number - 1)] if number else (), state={"text": "x" * 4000})
        tracker.evaluation(f"{number}", "m", number, example_count=50, example_scores=[0.123456789] * 50)
        tracker.usage("m", calls=1)
        for _ in range(5):
            tracker.log("INFO", "between")
    assert sum(path.stat().st_size for path in spool_dir.iterdir()) < 1.5 * limit
    with ContractServer(TOKEN, port) as service:
        tracker.complete({})
        assert tracker.flush(30)
    run = service.run
    candidates = run.of_type("candidate")
    assert [one["candidate"] for one in candidates] == [str(number) for number in range(300)]
    assert [one.get("parents") for one in candidates] == [None, *([str(number)] for number in range(299))]
    assert [one["score"] for one in run.of_type("evaluation")] == list(range(300))
    assert len(run.of_type("usage")) == 300
    with_state = [one for one in candidates if "state" in one]
    assert 10 < len(with_state) < 290
    assert all(("state" in one) != (one.get("omitted") == ["state"]) for one in candidates)
    assert run.texts().count("between") < 1500


@pytest.mark.filterwarnings("ignore::aegis_tracker.AegisTrackerWarning")
def test_without_files_and_room_they_are_counted(make_tracker: MakeTracker) -> None:
    port = free_port()
    tracker = make_tracker(url=f"http://127.0.0.1:{port}", spool_dir="/dev/null/spool")
    for number in range(40):
        tracker.candidate(f"{number}", state={"text": "x" * 1_000_000})
    for _ in range(11_000):
        tracker.usage("m", calls=1)
    with ContractServer(TOKEN, port) as later:
        assert tracker.flush(60)
        tracker.log("INFO", "the end")
        assert tracker.flush(60)
    candidates, used = later.run.of_type("candidate"), later.run.of_type("usage")
    assert len(candidates) == 40
    assert 25 < len([one for one in candidates if "state" in one]) < 40
    (dropped,) = [text for text in later.run.texts() if "dropped" in text]
    assert re.search(rf"dropped {11_000 - len(used)} usage reports here", dropped)


def test_the_spool_has_each_event_once(make_tracker: MakeTracker, spool_dir: Path) -> None:
    tracker = make_tracker(url="http://127.0.0.1:9")
    tracker.candidate("a", **PROGRAM)
    tracker.evaluation("a", "m", 1, example_count=1)
    tracker.usage("m")
    (spool,) = spool_dir.iterdir()
    assert [record["type"] for record in records(spool)] == ["start", *FINDINGS]


@pytest.mark.needs_locks
@pytest.mark.parametrize("knows_findings", [True, False])
def test_what_a_killed_training_has_found_is_synced(
    service: ContractServer, spool_dir: Path, knows_findings: bool
) -> None:
    reports = (
        "tracker.candidate('a', state={'x': 1})\ntracker.candidate('b', parents=['a'])\n"
        "tracker.evaluation('b', 'm', 0.5, example_count=2)\ntracker.usage('m')\ntracker.log('INFO', 'the last')"
    )
    left_behind(spool_dir, reports)
    service.knows_findings = knows_findings
    status, _, errors = sync(service.url, spool_dir)
    assert status == 0, errors
    assert [event["type"] for event in service.run.of_type(*FINDINGS)] == (
        ["candidate", "candidate", "evaluation", "usage"] if knows_findings else []
    )
    assert "the last" in service.run.texts()
    assert ("Upgrade the service" in errors) is not knows_findings
    assert list(spool_dir.iterdir()) == []


def test_a_report_that_sums_up_is_made_before_phases_and_ends(
    service: ContractServer, make_tracker: MakeTracker
) -> None:
    tracker = make_tracker()
    left = ["end", "phase"]

    def report() -> None:
        if left:
            tracker.usage(left.pop())

    tracker.before_phases(report)
    tracker.log("INFO", "before")
    tracker.enter_phase(phases.LOADING_DATA)
    tracker.complete({})
    assert tracker.flush()
    assert [event["type"] for event in service.run.events] == ["log", "usage", "phase", "usage", "complete"]


@pytest.mark.parametrize("way", ["sys.exit(1)", "raise ValueError('x')", "os.kill(os.getpid(), 15)", "tracker.close()"])
def test_it_is_made_however_a_training_ends(service: ContractServer, spool_dir: Path, way: str) -> None:
    sums = "left = [5]\ntracker.before_phases(lambda: left and tracker.usage('m', calls=left.pop()))"
    program = f"{sums}\nwith tracker:\n    {way}"
    with run_training(program, service.url, spool_dir) as training:
        training.communicate(timeout=60)
    (used,) = service.run.of_type("usage")
    assert used["models"][0]["calls"] == 5
    assert (service.run.events[-1]["type"] == "fail") is (way != "tracker.close()")
