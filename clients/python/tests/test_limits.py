"""A spool does not outgrow its limit, memory does not outgrow its own, and what is lost is counted."""

import re
import signal
from pathlib import Path

import pytest
from aegis_tracker import phases
from aegis_tracker.spool_summary import summarize
from support.contract_server import ContractServer, free_port
from support.trackers import MakeTracker, said_once
from support.trainings import NOBODY_LISTENS, TOKEN, run_training, sync

LIMIT = 256 * 1024
DROPPED = re.compile(r"(\d+) (DEBUG|INFO|WARNING) log entries|(\d+) (progress) reports")


def size_of(spool_dir: Path) -> int:
    return sum(path.stat().st_size for path in spool_dir.iterdir())


def dropped(texts: list[str]) -> dict[str, int]:
    """What the log says was dropped, by kind."""
    counts: dict[str, int] = {}
    for text in texts:
        if text.startswith("The tracker dropped"):
            for number, level, reports, progress in DROPPED.findall(text):
                kind = level or progress
                counts[kind] = counts.get(kind, 0) + int(number or reports)
    return counts


def kept(texts: list[str], kind: str) -> list[int]:
    return [int(text.split()[1]) for text in texts if text.startswith(f"{kind} ")]


def test_the_oldest_debug_entries_go_first(make_tracker: MakeTracker, spool_dir: Path) -> None:
    port = free_port()
    tracker = make_tracker(url=f"http://127.0.0.1:{port}", spool_max_bytes=LIMIT)
    tracker.enter_phase(phases.LOADING_DATA, "begin")
    for number in range(4000):
        tracker.log("DEBUG", f"DEBUG {number}")
        if number % 10 == 0:
            tracker.log("INFO", f"INFO {number}")
            tracker.log("WARNING", f"WARNING {number}")
        assert number % 100 or size_of(spool_dir) <= LIMIT
    tracker.complete({"f1": 1})
    with ContractServer(TOKEN, port) as service:
        assert tracker.flush(30)
    texts = service.run.texts()
    assert service.run.events[0]["type"] == "phase"
    assert service.run.events[-1]["type"] == "complete"
    assert kept(texts, "WARNING") == kept(texts, "INFO") == list(range(0, 4000, 10))
    debug = kept(texts, "DEBUG")
    assert debug == list(range(4000 - len(debug), 4000))
    assert dropped(texts) == {"DEBUG": 4000 - len(debug)}
    assert list(spool_dir.iterdir()) == []


def test_then_info_entries_then_progress_and_never_warnings(make_tracker: MakeTracker, spool_dir: Path) -> None:
    port = free_port()
    tracker = make_tracker(url=f"http://127.0.0.1:{port}", spool_max_bytes=LIMIT)
    for number in range(3000):
        tracker.log("INFO", f"INFO {number}")
        tracker.update_progress(number / 3000, f"progress {number}")
        if number % 10 == 0:
            tracker.log("DEBUG", f"DEBUG {number}")
            tracker.log("ERROR", f"ERROR {number}")
    assert size_of(spool_dir) <= LIMIT
    tracker.complete({})
    with ContractServer(TOKEN, port) as service:
        assert tracker.flush(30)
    texts = service.run.texts()
    info, progress = kept(texts, "INFO"), kept(texts, "progress")
    assert kept(texts, "ERROR") == list(range(0, 3000, 10))
    assert info == list(range(3000 - len(info), 3000))
    assert progress == list(range(3000 - len(progress), 3000))
    assert len(progress) > len(info)
    counts = dropped(texts)
    assert counts["INFO"] == 3000 - len(info)
    assert counts.get("progress", 0) == 3000 - len(progress)
    assert counts["DEBUG"] == 300 - len(kept(texts, "DEBUG"))


def test_where_nothing_may_go_the_newest_are_lost_and_counted(make_tracker: MakeTracker, spool_dir: Path) -> None:
    port = free_port()
    tracker = make_tracker(url=f"http://127.0.0.1:{port}", spool_max_bytes=LIMIT)
    with said_once(r"The spool \(limit"):
        for number in range(4000):
            tracker.log("WARNING", f"WARNING {number}")
    assert size_of(spool_dir) <= LIMIT
    tracker.enter_phase(phases.SAVING_RESULTS, "the end")
    tracker.complete({"f1": 1})
    with ContractServer(TOKEN, port) as service:
        assert tracker.flush(30)
    texts = service.run.texts()
    warnings = kept(texts, "WARNING")
    assert warnings == list(range(len(warnings)))
    assert dropped(texts) == {"WARNING": 4000 - len(warnings)}
    assert [event["type"] for event in service.run.events[-3:]] == ["log", "phase", "complete"]


def test_what_arrived_is_removed_before_anything_is_dropped(
    service: ContractServer, make_tracker: MakeTracker, spool_dir: Path
) -> None:
    tracker = make_tracker(spool_max_bytes=LIMIT)
    for number in range(6000):
        tracker.log("DEBUG", f"DEBUG {number}")
        if number % 500 == 0:
            assert tracker.flush(30)
    assert size_of(spool_dir) <= LIMIT
    tracker.complete({})
    assert tracker.flush(30)
    assert kept(service.run.texts(), "DEBUG") == list(range(6000))
    assert dropped(service.run.texts()) == {}
    assert list(spool_dir.iterdir()) == []


def test_numbers_stay_when_the_service_leaves_in_the_middle(make_tracker: MakeTracker, spool_dir: Path) -> None:
    port = free_port()
    tracker = make_tracker(url=f"http://127.0.0.1:{port}", spool_max_bytes=LIMIT)
    with ContractServer(TOKEN, port) as before:
        for number in range(1000):
            tracker.log("DEBUG", f"DEBUG {number}")
        assert tracker.flush(30)
    for number in range(1000, 5000):
        tracker.log("DEBUG", f"DEBUG {number}")
    tracker.complete({})
    with ContractServer(TOKEN, port) as service:
        service.runs = before.runs
        assert tracker.flush(60)
    texts = service.run.texts()
    debug = kept(texts, "DEBUG")
    assert debug[:1000] == list(range(1000))
    assert debug == sorted(set(debug))
    # None, where the machine was so busy that the first server was still sent to.
    assert dropped(texts).get("DEBUG", 0) == 5000 - len(debug)


@pytest.mark.needs_locks
@pytest.mark.parametrize("moment", range(6))
def test_a_kill_while_it_is_thinned_out_loses_and_doubles_nothing(
    service: ContractServer, spool_dir: Path, moment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process is killed at the n-th step of the file system in the third time that entries are dropped."""
    program = f"""
import pathlib
from aegis_tracker import spool_limit, spool_shedding
times, steps, shed = 0, 0, spool_limit.shed
def killing(name, original):
    def step(*arguments, **options):
        global steps
        steps += times == 3
        if steps > {moment // 2} and {moment} % 2 == 0:
            os.kill(os.getpid(), 9)
        done = original(*arguments, **options)
        if steps > {moment // 2}:
            os.kill(os.getpid(), 9)
        return done
    return step
def counted(*arguments, **options):
    global times
    times += 1
    return shed(*arguments, **options)
spool_limit.shed = counted
spool_shedding.replace = killing("replace", spool_shedding.replace)
spool_shedding.empty_head = killing("empty_head", spool_shedding.empty_head)
pathlib.Path.unlink = killing("unlink", pathlib.Path.unlink)
for number in range(10**6):
    tracker.log("DEBUG", f"DEBUG {{number}}")
    if number % 10 == 0:
        tracker.log("WARNING", f"WARNING {{number}}")
        os.write(1, b"%d\\n" % number)
"""
    monkeypatch.setenv("AEGIS_SPOOL_MAX_BYTES", str(LIMIT))
    with run_training(program, NOBODY_LISTENS, spool_dir) as training:
        told, _ = training.communicate(timeout=60)
    assert training.returncode == -signal.SIGKILL
    handed_over = [int(line) for line in told.split()]
    assert sync(service.url, spool_dir)[0] == 0
    texts = service.run.texts()
    assert kept(texts, "WARNING")[: len(handed_over)] == handed_over
    debug = kept(texts, "DEBUG")
    assert debug == list(range(debug[0], debug[-1] + 1))
    assert dropped(texts) == {"DEBUG": debug[0]}
    assert list(spool_dir.iterdir()) == []


@pytest.mark.needs_locks
def test_forked_processes_follow_a_spool_that_is_thinned_out(
    service: ContractServer, spool_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = """
children = []
for child in range(2):
    pid = os.fork()
    if pid == 0:
        for number in range(6000):
            tracker.log("DEBUG", f"DEBUG {number}")
            if number % 10 == 0:
                tracker.log("WARNING", f"c{child} {number}")
        while tracker._reporter.spool._lost:  # the other two were faster than the parent makes room
            time.sleep(0.01)
            tracker.log("ERROR", "again")
        os._exit(0)
    children.append(pid)
number = -1
while children:
    number += 1
    tracker.log("DEBUG", f"DEBUG {number}")
    if number % 10 == 0:
        tracker.log("WARNING", f"parent {number}")
        children = [pid for pid in children if os.waitpid(pid, os.WNOHANG) == (0, 0)]
os.write(1, str(number + 1).encode())
tracker.complete({})
os.kill(os.getpid(), 9)
"""
    monkeypatch.setenv("AEGIS_SPOOL_MAX_BYTES", str(4 * LIMIT))
    with run_training(program, NOBODY_LISTENS, spool_dir) as training:
        told, errors = training.communicate(timeout=60)
    assert training.returncode == -signal.SIGKILL, errors
    assert size_of(spool_dir) <= 4 * LIMIT
    assert sync(service.url, spool_dir)[0] == 0
    texts, of_parent = service.run.texts(), int(told)
    warnings = [kept(texts, name) for name in ("c0", "c1", "parent")]
    assert all(numbers == sorted(set(numbers)) for numbers in warnings)
    counts = dropped(texts)
    assert counts["DEBUG"] > 1000
    assert counts["DEBUG"] + len(kept(texts, "DEBUG")) == 12_000 + of_parent
    assert counts.get("WARNING", 0) + sum(map(len, warnings)) == 1200 + (of_parent + 9) // 10
    assert list(spool_dir.iterdir()) == []


def test_memory_takes_ten_thousand_and_counts_the_rest(make_tracker: MakeTracker, tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "file").write_text("not a folder")
    with said_once("Reports are kept in memory"):
        tracker = make_tracker(url=f"http://127.0.0.1:{port}", spool_dir=tmp_path / "file" / "spool")
    with said_once("The memory for reports is full"):
        for number in range(12_345):
            tracker.log("INFO", f"INFO {number}")
    tracker.complete({"f1": 1})
    with ContractServer(TOKEN, port) as service:
        assert tracker.flush(30)
    texts = service.run.texts()
    assert kept(texts, "INFO") == list(range(10_000))
    assert dropped(texts) == {"INFO": 2345}
    assert service.run.events[-1]["type"] == "complete"


def test_memory_takes_any_number_while_the_service_does(
    service: ContractServer, make_tracker: MakeTracker, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    with said_once("Reports are kept in memory"):
        tracker = make_tracker(spool_dir=tmp_path / "file" / "spool")
    for number in range(25_000):
        tracker.log("INFO", f"INFO {number}")
        if number % 5000 == 0:
            assert tracker.flush(30)
    tracker.complete({})
    assert tracker.flush(30)
    assert kept(service.run.texts(), "INFO") == list(range(25_000))


@pytest.mark.parametrize("limit", ["many", "-1", "1e9"])
def test_a_limit_that_is_none_is_said(make_tracker: MakeTracker, limit: str) -> None:
    with said_once("is not a number of bytes"):
        make_tracker(spool_max_bytes=limit).log("INFO", "one")


def test_a_spool_that_grew_is_one_run_in_status(make_tracker: MakeTracker, spool_dir: Path) -> None:
    tracker = make_tracker(url=NOBODY_LISTENS, spool_max_bytes=LIMIT)
    for number in range(1500):
        tracker.log("INFO", f"INFO {number}")
    summary = summarize(spool_dir / f"{tracker.run_id}.jsonl")
    assert summary is not None
    assert (summary.events, summary.size_bytes) == (1500, size_of(spool_dir))


def test_a_further_file_that_cannot_be_made_doubles_nothing(
    service: ContractServer, spool_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = """
from aegis_tracker import spool_parts
def refuse(*_):
    raise OSError(28, "No space left on device")
create, spool_parts.create = spool_parts.create, refuse
for number in range(1000): tracker.log("INFO", f"INFO {number}")
spool_parts.create = create
for number in range(1000, 1500): tracker.log("INFO", f"INFO {number}")
tracker.complete({})
"""
    monkeypatch.setenv("AEGIS_SPOOL_MAX_BYTES", str(LIMIT))
    with run_training(program, service.url, spool_dir) as training:
        _, errors = training.communicate(timeout=60)
    assert training.returncode == 0, errors
    assert "cannot add another file yet" in errors
    assert kept(service.run.texts(), "INFO") == list(range(1500))
