"""Who sends what a training left behind, and ends its run: nobody does so on weak evidence.

A spool whose training is seen to be gone is sent by the next tracker in its folder and by `aegis-tracker sync`.
Where that cannot be known, as without locks, from another machine or from another container, it is left alone.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from support import no_locks
from support.contract_server import ContractServer, Handler, Run
from support.process import Process
from support.trainings import (
    KILLED,
    NOBODY_LISTENS,
    ended,
    left_behind,
    run_training,
    start_python,
    start_sync,
    sync,
)

NO_END = "ended without reporting an end"
LONG_AGO = {"last_report_at": "2020-01-01T00:00:00Z"}
OLD_S = 10 * 60.0

KILL_AFTER_ONE = f"""
import os
from aegis_tracker import TrainingProgressTracker
tracker = TrainingProgressTracker("medical")
tracker.log("INFO", "one")
{KILLED}
"""

UNDER_WAY = """
tracker.log("INFO", "one")
assert tracker.flush(30)
print(tracker.run_id, flush=True)
sys.stdin.readline()
tracker.log("INFO", "two")
tracker.complete({"f1": 1})
"""


@contextmanager
def under_way(url: str, spool_dir: Path, program: str = UNDER_WAY, **more: object) -> Iterator[tuple[Process, str]]:
    """A training that has reported "one", and its run. It reports "two" and completes once it is given a line."""
    with run_training(program, url, spool_dir, **more) as training:
        yield training, training.next_line()


def next_training(url: str, spool_dir: Path, **more: object) -> str:
    """Another training in the same folder, to its end, for which it has looked around; what it says."""
    return ended(run_training("tracker.complete({})", url, spool_dir, **more))[1]


def is_over(run: Run) -> bool:
    return run.ended or run.lost


def age(path: Path, by_s: float = OLD_S) -> float:
    """Make a spool look as if nothing had been written for so long; when its last write was."""
    then = time.time() - by_s
    for file in [path, *path.parent.glob(f"{path.stem}.*.part")]:
        os.utime(file, (then, then))
    return then


def reported(run: Run) -> list[str]:
    """What its training has reported itself: without what others said about its end."""
    return [event.get("message", "") for event in run.events if event.get("reason") != "lost"]


def assert_in_doubt(synced: tuple[int, str, str], run_id: str, *words: str) -> None:
    """`sync` has left a spool alone, and says why and what may be done."""
    status, lines, errors = synced
    assert status == 1, lines + errors
    told = [line for line in lines.splitlines() if line.startswith(f"{run_id}  medical  in doubt: ")]
    assert len(told) == 1, lines
    for word in (f"--ended {run_id}", *words):
        assert word in told[0]
    assert "Traceback" not in errors


# Where there are no locks


@pytest.fixture(params=["ENOSYS", "ENOLCK", "EOPNOTSUPP"])
def without_locks(request: pytest.FixtureRequest, no_locks_library: Path) -> dict[str, str]:
    return no_locks.environment(no_locks_library, flock=request.param)


def test_without_locks_a_training_completes(
    service: ContractServer, spool_dir: Path, without_locks: dict[str, str]
) -> None:
    with under_way(service.url, spool_dir, environment=without_locks) as (training, _):
        _, errors = ended(training, "\n")
    assert service.run.texts() == ["one", "two", ""]
    assert service.run.events[-1]["type"] == "complete"
    assert service.run.duplicates == 0
    assert "Traceback" not in errors
    assert list(spool_dir.iterdir()) == []


@pytest.mark.parametrize("old", [False, True])
def test_without_locks_a_training_under_way_is_left_alone(
    service: ContractServer, spool_dir: Path, without_locks: dict[str, str], old: bool
) -> None:
    with under_way(service.url, spool_dir, environment=without_locks) as (training, run_id):
        if old:
            age(spool_dir / f"{run_id}.jsonl")
        next_training(service.url, spool_dir, environment=without_locks)
        assert service.runs[run_id].texts() == ["one"]
        for word in ((), ("--ended", run_id)):  # it is seen to run, whatever somebody says
            sync(service.url, spool_dir, *word, environment=without_locks)
        assert not is_over(service.runs[run_id])
        ended(training, "\n")
    assert service.runs[run_id].texts() == ["one", "two", ""]
    assert service.runs[run_id].events[-1]["type"] == "complete"
    assert list(spool_dir.iterdir()) == []


@pytest.mark.parametrize("old", [False, True])
def test_without_locks_what_is_left_behind_waits_for_somebodys_word(
    service: ContractServer, spool_dir: Path, without_locks: dict[str, str], old: bool
) -> None:
    run_id = left_behind(spool_dir, "tracker.log('INFO', 'one')", environment=without_locks)
    path = spool_dir / f"{run_id}.jsonl"
    if old:
        age(path)
    before = path.read_bytes()
    next_training(service.url, spool_dir, environment=without_locks)
    assert_in_doubt(sync(service.url, spool_dir, environment=without_locks), run_id)
    assert run_id not in service.runs
    assert path.read_bytes() == before
    status, told, _ = sync(service.url, spool_dir, "--ended", run_id, environment=without_locks)
    assert (status, told.splitlines()[0]) == (0, f"{run_id}  medical  sent")
    run = service.runs[run_id]
    assert run.texts()[:-1] == ["one"]
    assert is_over(run)
    assert NO_END in run.events[-1]["error"]
    assert list(spool_dir.iterdir()) == []


def test_somebodys_word_is_about_the_runs_it_names(
    service: ContractServer, spool_dir: Path, no_locks_library: Path
) -> None:
    environment = no_locks.environment(no_locks_library, flock="ENOLCK")
    one, two, three = (left_behind(spool_dir, f"tracker.log('INFO', '{n}')", environment=environment) for n in range(3))
    told = sync(service.url, spool_dir, "--ended", one, "--ended", three, environment=environment)
    assert_in_doubt(told, two)
    assert {run_id: run.texts()[:-1] for run_id, run in service.runs.items()} == {one: ["0"], three: ["2"]}
    assert [path.name for path in spool_dir.iterdir()] == [f"{two}.jsonl"]


@pytest.mark.needs_locks
def test_a_lock_that_is_held_outweighs_somebodys_word(service: ContractServer, spool_dir: Path) -> None:
    with under_way(service.url, spool_dir) as (training, run_id):
        status, _, errors = sync(service.url, spool_dir, "--ended", run_id)
        assert status in (0, 1), errors
        assert not is_over(service.run)
        ended(training, "\n")
    assert "Traceback" not in errors
    assert service.run.texts() == ["one", "two", ""]


def test_an_end_that_was_reported_is_sent_on_somebodys_word(
    service: ContractServer, spool_dir: Path, no_locks_library: Path
) -> None:
    environment = no_locks.environment(no_locks_library, flock="ENOLCK")
    run_id = left_behind(spool_dir, "tracker.complete({'f1': 1})", environment=environment)
    assert_in_doubt(sync(service.url, spool_dir, environment=environment), run_id)
    assert sync(service.url, spool_dir, "--ended", run_id, environment=environment)[0] == 0
    assert [event["type"] for event in service.run.events] == ["complete"]


# Other machines and containers


@pytest.fixture
def nodes(no_locks_library: Path) -> Iterator[dict[str, dict[str, str]]]:
    """Two machines that share the folder but not the locks in it."""
    return {
        name: no_locks.environment(no_locks_library, flock=f"local:{name}", hostname=name)
        for name in ("nodea", "nodeb")
    }


@pytest.mark.parametrize("old", [False, True])
def test_a_training_on_another_machine_is_left_alone(
    service: ContractServer, spool_dir: Path, nodes: dict[str, dict[str, str]], old: bool
) -> None:
    with under_way(service.url, spool_dir, environment=nodes["nodea"]) as (training, run_id):
        if old:
            age(spool_dir / f"{run_id}.jsonl")
        next_training(service.url, spool_dir, environment=nodes["nodeb"])
        assert service.runs[run_id].texts() == ["one"]
        assert_in_doubt(sync(service.url, spool_dir, environment=nodes["nodeb"]), run_id, "nodea")
        assert not is_over(service.runs[run_id])
        ended(training, "\n")
    assert service.runs[run_id].texts() == ["one", "two", ""]
    assert service.runs[run_id].events[-1]["type"] == "complete"
    assert list(spool_dir.iterdir()) == []


@pytest.mark.parametrize("by", ["tracker", "sync", "word"])
def test_what_another_machine_left_is_sent_there_or_on_somebodys_word(
    service: ContractServer, spool_dir: Path, nodes: dict[str, dict[str, str]], by: str
) -> None:
    run_id = left_behind(spool_dir, "tracker.log('INFO', 'one')", environment=nodes["nodea"])
    path = spool_dir / f"{run_id}.jsonl"
    age(path)
    next_training(service.url, spool_dir, environment=nodes["nodeb"])
    assert_in_doubt(sync(service.url, spool_dir, environment=nodes["nodeb"]), run_id, "nodea")
    assert run_id not in service.runs
    if by == "tracker":
        next_training(service.url, spool_dir, environment=nodes["nodea"])
    else:
        arguments = ["--ended", run_id] if by == "word" else []
        node = nodes["nodeb" if by == "word" else "nodea"]
        assert sync(service.url, spool_dir, *arguments, environment=node)[0] == 0
    run = service.runs[run_id]
    assert run.texts()[:-1] == ["one"]
    assert NO_END in run.events[-1]["error"]
    assert list(spool_dir.iterdir()) == []


IN_CONTAINER = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child")
AS_A_CHILD = ("sh", "-c", '"$@"; exit $?', "sh")  # the first process of a container cannot be killed from inside


@pytest.fixture
def container() -> tuple[str, ...]:
    """The command that runs another in a container: its processes have numbers of their own."""
    try:
        tried = subprocess.run([*IN_CONTAINER, "true"], capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no `unshare` on PATH")
    if tried.returncode:
        pytest.skip(f"{' '.join(IN_CONTAINER)} true: {tried.stderr.strip()}")
    return (*IN_CONTAINER, *AS_A_CHILD)


@pytest.mark.parametrize("inside", ["training", "others"])
def test_what_another_container_left_is_in_doubt(
    service: ContractServer, spool_dir: Path, container: tuple[str, ...], inside: str
) -> None:
    training, others = (container, ()) if inside == "training" else ((), container)
    run_id = left_behind(spool_dir, "tracker.log('INFO', 'one')", before=training)
    age(spool_dir / f"{run_id}.jsonl")
    next_training(service.url, spool_dir, before=others)
    assert_in_doubt(sync(service.url, spool_dir, before=others), run_id)
    assert run_id not in service.runs
    assert sync(service.url, spool_dir, "--ended", run_id, before=others)[0] == 0
    assert service.runs[run_id].texts()[:-1] == ["one"]
    assert list(spool_dir.iterdir()) == []


@pytest.mark.needs_locks
def test_a_training_in_another_container_is_left_alone(
    service: ContractServer, spool_dir: Path, container: tuple[str, ...]
) -> None:
    with under_way(service.url, spool_dir, before=container) as (training, run_id):
        age(spool_dir / f"{run_id}.jsonl")
        next_training(service.url, spool_dir)
        sync(service.url, spool_dir)
        assert not is_over(service.runs[run_id])
        ended(training, "\n")
    assert service.runs[run_id].texts() == ["one", "two", ""]


# A training that was killed on this machine


@pytest.mark.needs_locks
def test_the_next_tracker_sends_the_rest_at_once_and_leaves_the_end_open(
    service: ContractServer, spool_dir: Path
) -> None:
    run_id = left_behind(spool_dir)
    for _ in range(2):
        next_training(service.url, spool_dir)
        run = service.runs[run_id]
        assert run.texts() == [str(n) for n in range(3000)]
        assert not is_over(run)
        assert (spool_dir / f"{run_id}.jsonl").exists()
    assert sync(service.url, spool_dir)[0] == 0
    assert run.lost
    assert run.texts()[:-1] == [str(n) for n in range(3000)]
    assert run.duplicates == 1  # by which sync asked whether the run still counts by that process
    assert list(spool_dir.iterdir()) == []


@pytest.mark.needs_locks
@pytest.mark.parametrize("sent_before", [False, True])
def test_the_next_tracker_declares_a_loss_when_nothing_was_written_for_five_minutes(
    service: ContractServer, spool_dir: Path, sent_before: bool
) -> None:
    run_id = left_behind(spool_dir, "tracker.log('INFO', 'one')")
    if sent_before:
        next_training(service.url, spool_dir)
        assert not is_over(service.runs[run_id])
    age(spool_dir / f"{run_id}.jsonl", 4 * 60)
    next_training(service.url, spool_dir)
    assert not is_over(service.runs[run_id])
    written = age(spool_dir / f"{run_id}.jsonl", 5 * 60 + 1)
    next_training(service.url, spool_dir)
    run = service.runs[run_id]
    assert run.lost
    assert run.texts()[:-1] == ["one"]
    assert NO_END in run.events[-1]["error"]
    assert datetime.fromisoformat(run.events[-1]["timestamp"]).timestamp() == pytest.approx(written, abs=1)
    assert list(spool_dir.iterdir()) == []


@pytest.mark.needs_locks
def test_sync_declares_a_loss_at_once(service: ContractServer, spool_dir: Path) -> None:
    run_id = left_behind(spool_dir, "tracker.log('INFO', 'one')")
    written = (spool_dir / f"{run_id}.jsonl").stat().st_mtime
    assert sync(service.url, spool_dir)[0] == 0
    assert service.run.lost
    assert NO_END in service.run.events[-1]["error"]
    assert datetime.fromisoformat(service.run.events[-1]["timestamp"]).timestamp() == pytest.approx(written, abs=1)
    assert list(spool_dir.iterdir()) == []


@pytest.mark.needs_locks
def test_a_clock_that_was_set_back_does_not_hold_sync_up(service: ContractServer, spool_dir: Path) -> None:
    run_id = left_behind(spool_dir, "tracker.log('INFO', 'one')")
    age(spool_dir / f"{run_id}.jsonl", -3600)
    assert sync(service.url, spool_dir)[0] == 0
    assert service.run.lost
    assert list(spool_dir.iterdir()) == []


@pytest.mark.needs_locks
def test_an_end_that_was_reported_is_sent_by_the_next_tracker(service: ContractServer, spool_dir: Path) -> None:
    run_id = left_behind(spool_dir, "tracker.complete({})")
    next_training(service.url, spool_dir)
    assert [event["type"] for event in service.runs[run_id].events] == ["complete"]
    assert list(spool_dir.iterdir()) == []


@pytest.mark.needs_locks
@pytest.mark.parametrize("by", ["tracker", "sync"])
def test_a_killed_process_that_nobody_has_waited_for_is_gone(service: ContractServer, spool_dir: Path, by: str) -> None:
    with under_way(service.url, spool_dir) as (training, run_id):
        training.kill()
        os.waitid(os.P_PID, training.pid, os.WEXITED | os.WNOWAIT)  # it is a zombie now, and stays one
        age(spool_dir / f"{run_id}.jsonl")
        if by == "sync":
            assert sync(service.url, spool_dir)[0] == 0
        else:
            next_training(service.url, spool_dir)
        assert training.returncode is None
        assert service.runs[run_id].lost
        assert list(spool_dir.iterdir()) == []


LETS_GO_OF_ITS_LOCK = """
import fcntl
for file in os.listdir("/proc/self/fd"):
    if os.path.exists(f"/proc/self/fd/{file}") and os.readlink(f"/proc/self/fd/{file}").endswith(".jsonl"):
        fcntl.flock(int(file), fcntl.LOCK_UN)
"""


@pytest.mark.needs_locks
@pytest.mark.parametrize("holds_lock", [True, False])
@pytest.mark.parametrize("by", ["tracker", "sync"])
def test_a_process_that_was_stopped_is_alive(
    service: ContractServer, spool_dir: Path, by: str, holds_lock: bool
) -> None:
    more = "" if holds_lock else LETS_GO_OF_ITS_LOCK
    program = UNDER_WAY.replace("print(", f"{more}\nprint(")
    with under_way(service.url, spool_dir, program) as (training, run_id):
        training.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, training.pid, os.WSTOPPED | os.WNOWAIT)
        age(spool_dir / f"{run_id}.jsonl")
        if by == "sync":
            sync(service.url, spool_dir)
        else:
            next_training(service.url, spool_dir)
        was_over = is_over(service.runs[run_id])
        training.send_signal(signal.SIGCONT)
        ended(training, "\n")
    assert not was_over
    assert service.runs[run_id].texts() == ["one", "two", ""]
    assert list(spool_dir.iterdir()) == []


REUSED = """
import os, subprocess, sys
number, *command = sys.argv[1:]
try:
    with open("/proc/sys/kernel/ns_last_pid", "w") as last:
        last.write(str(int(number) - 1))
except OSError as error:
    sys.exit(f"cannot choose: {error}")
other = subprocess.Popen(["sleep", "60"])
if other.pid != int(number):
    sys.exit(f"cannot choose: {other.pid}")
status = subprocess.run(command).returncode
assert other.poll() is None
other.kill()
sys.exit(status)
"""


@pytest.mark.needs_locks
def test_a_process_number_that_another_process_has_now_says_nothing(
    service: ContractServer, spool_dir: Path, container: tuple[str, ...]
) -> None:
    program = f"""
import subprocess, sys
training = subprocess.Popen([sys.executable, "-c", {KILL_AFTER_ONE!r}], stdout=subprocess.PIPE, text=True)
run_id, _ = training.communicate()
print(run_id, flush=True)
sync = [sys.executable, "-m", "aegis_tracker", "sync"]
sys.exit(subprocess.run([sys.executable, "-c", {REUSED!r}, str(training.pid), *sync]).returncode)
"""
    with start_python(service.url, spool_dir, "-c", program, before=container) as process:
        told, errors = process.communicate(timeout=60)
    if "cannot choose" in errors:
        pytest.skip(f"the number of the next process {errors.strip()}")
    assert process.returncode == 0, told + errors
    assert service.runs[told.splitlines()[0]].lost
    assert list(spool_dir.iterdir()) == []


# Several processes for one run

SECOND = {
    "ended": "pass",
    "killed": "os.kill(os.getpid(), 9)",
    "os._exit": "os._exit(0)",
}


@pytest.mark.needs_locks
@pytest.mark.parametrize("by", ["tracker", "sync"])
@pytest.mark.parametrize("end", SECOND)
def test_a_second_process_of_a_run_that_says_nothing_ends_nothing(
    service: ContractServer, spool_dir: Path, end: str, by: str
) -> None:
    with under_way(service.url, spool_dir) as (training, run_id):
        second = run_training(SECOND[end], service.url, spool_dir, tracker=f"run_id={run_id!r}")
        with second:
            second.communicate(timeout=60)
        look_around(service, spool_dir, by)
        assert service.runs[run_id].texts() == ["one"]
        ended(training, "\n")
    assert service.runs[run_id].texts() == ["one", "two", ""]
    assert service.runs[run_id].events[-1]["type"] == "complete"
    assert sync(service.url, spool_dir)[0] == 0
    assert list(spool_dir.iterdir()) == []


@pytest.mark.needs_locks
@pytest.mark.parametrize("by", ["tracker", "sync"])
@pytest.mark.parametrize("end", SECOND)
def test_a_second_process_of_a_run_that_reports_disturbs_nothing(
    service: ContractServer, spool_dir: Path, end: str, by: str
) -> None:
    with under_way(service.url, spool_dir) as (training, run_id):
        program = f"tracker.log('INFO', 'from the second')\n{SECOND[end]}"
        with run_training(program, service.url, spool_dir, tracker=f"run_id={run_id!r}") as second:
            second.communicate(timeout=60)
        look_around(service, spool_dir, by)
        assert service.runs[run_id].texts() == ["one"]
        ended(training, "\n")
    assert service.runs[run_id].texts() == ["one", "two", ""]
    assert service.runs[run_id].events[-1]["type"] == "complete"
    look_around(service, spool_dir, by)
    assert service.runs[run_id].texts() == ["one", "two", ""]
    (left,) = spool_dir.iterdir()
    assert "from the second" in left.read_text()


def look_around(service: ContractServer, spool_dir: Path, by: str) -> None:
    """Somebody looks for spools to adopt, all of which seem to be old."""
    for path in spool_dir.glob("*.jsonl"):
        age(path)
    for one in by.split(", "):
        if one == "sync":
            assert "Traceback" not in sync(service.url, spool_dir)[2]
        else:
            next_training(service.url, spool_dir)


@pytest.mark.needs_locks
@pytest.mark.parametrize("sent_before", [False, True])
@pytest.mark.parametrize("between", ["", "tracker", "sync", "tracker, sync", "sync, tracker", "tracker, tracker"])
@pytest.mark.parametrize("old", [False, True])
def test_a_killed_training_that_is_started_again_completes(
    service: ContractServer, spool_dir: Path, sent_before: bool, between: str, old: bool
) -> None:
    reports = "for n in range(10): tracker.log('INFO', str(n))"
    first = left_behind(spool_dir, reports, service.url if sent_before else NOBODY_LISTENS)
    for by in filter(None, between.split(", ")):
        if old and (spool_dir / f"{first}.jsonl").exists():
            age(spool_dir / f"{first}.jsonl")
        if by == "sync":
            assert sync(service.url, spool_dir)[0] == 0
        else:
            next_training(service.url, spool_dir)
    restarted = """
for n in range(10, 20): tracker.log('INFO', str(n))
print(tracker.run_id, flush=True)
sys.stdin.readline()
for n in range(20, 30): tracker.log('INFO', str(n))
tracker.complete({})
"""
    with under_way(service.url, spool_dir, restarted, tracker=f"run_id={first!r}") as (training, run_id):
        assert run_id == first
        if between:
            look_around(service, spool_dir, between)
        ended(training, "\n")
    run = service.runs[first]
    assert reported(run) == [*(str(n) for n in range(30)), ""]
    assert run.events[-1]["type"] == "complete"
    assert list(spool_dir.iterdir()) == []


@contextmanager
def sending(url: str, spool_dir: Path, reached: threading.Event) -> Iterator[Process]:
    """A `sync` that has begun to send."""
    with start_sync(url, spool_dir) as sends:
        assert reached.wait(30)
        yield sends


@pytest.mark.needs_locks
@pytest.mark.parametrize("old", [False, True])
def test_a_training_may_be_started_again_while_somebody_sends_what_it_left(
    service: ContractServer, spool_dir: Path, old: bool
) -> None:
    first = left_behind(spool_dir, "for n in range(10): tracker.log('INFO', str(n))")
    if old:
        age(spool_dir / f"{first}.jsonl")
    reached, goes_on = threading.Event(), threading.Event()

    def hold(_: Handler) -> bool:
        reached.set()
        goes_on.wait(30)
        return False

    service.misbehave.append(hold)
    restarted = """
for n in range(10, 20): tracker.log('INFO', str(n))
print(tracker.run_id, flush=True)
sys.stdin.readline()
tracker.complete({})
"""
    with (
        sending(service.url, spool_dir, reached) as sends,
        under_way(service.url, spool_dir, restarted, tracker=f"run_id={first!r}") as (training, _),
    ):
        goes_on.set()
        sends.communicate(timeout=60)
        with service.changed:
            service.runs[first].told = LONG_AGO
        service.await_(lambda: "19" in service.runs[first].texts())
        ended(training, "\n")
    run = service.runs[first]
    assert reported(run) == [*(str(n) for n in range(20)), ""]
    assert run.events[-1]["type"] == "complete"
    sync(service.url, spool_dir)
    assert run.events[-1]["type"] == "complete"
    assert list(spool_dir.iterdir()) == []


# A run that goes on in another folder, as on another machine with a disk of its own

ELSEWHERE = """
tracker.log("INFO", "from elsewhere")
print("reported", flush=True)
sys.stdin.readline()
tracker.complete({})
"""


@contextmanager
def elsewhere(url: str, tmp_path: Path, run_id: str) -> Iterator[Process]:
    """A process that reports the same run from another folder. It completes once it is given a line."""
    training = run_training(ELSEWHERE, url, tmp_path / "elsewhere", tracker=f"run_id={run_id!r}")
    with training:
        yield training


@pytest.mark.parametrize("told", [LONG_AGO, {"status": "failed", "failure_reason": "lost"}])
def test_a_run_goes_on_in_another_folder_once_its_process_is_silent(
    service: ContractServer, spool_dir: Path, tmp_path: Path, told: dict[str, str]
) -> None:
    run_id = left_behind(spool_dir, "tracker.log('INFO', 'one')\nassert tracker.flush(30)", service.url)
    service.run.told = told
    with elsewhere(service.url, tmp_path, run_id) as training:
        service.await_(lambda: service.run.texts() == ["one", "from elsewhere"])
        ended(training, "\n")
    assert service.run.texts() == ["one", "from elsewhere", ""]
    assert service.run.events[-1]["type"] == "complete"
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.needs_locks
def test_a_run_that_sync_gave_up_goes_on_in_another_folder(
    service: ContractServer, spool_dir: Path, tmp_path: Path
) -> None:
    run_id = left_behind(spool_dir, "tracker.log('INFO', 'one')\nassert tracker.flush(30)", service.url)
    assert sync(service.url, spool_dir)[0] == 0
    assert service.run.lost
    with elsewhere(service.url, tmp_path, run_id) as training:
        service.await_(lambda: "from elsewhere" in service.run.texts())
        ended(training, "\n")
    assert reported(service.run) == ["one", "from elsewhere", ""]
    assert service.run.events[-1]["type"] == "complete"


def test_what_reports_in_another_folder_meanwhile_is_kept_and_that_is_said(
    service: ContractServer, spool_dir: Path, tmp_path: Path
) -> None:
    with (
        under_way(service.url, spool_dir) as (training, run_id),
        elsewhere(service.url, tmp_path, run_id) as second,
    ):
        second.errors.await_("nother process")
        assert service.run.texts() == ["one"]
        assert len(second.errors.so_far("nother process", "AegisTrackerWarning")) == 1
        ended(training, "\n")
        assert service.run.texts() == ["one", "two", ""]
        errors = may_continue(second)
    assert service.run.texts() == ["one", "two", ""]
    assert service.run.events[-1]["type"] == "complete"
    warnings = [line for line in errors.splitlines() if "AegisTrackerWarning" in line]
    assert len(warnings) == len(set(warnings))
    (spool,) = (tmp_path / "elsewhere").glob("*.jsonl")
    assert "from elsewhere" in spool.read_text()
    assert str(spool) in errors
    assert "Traceback" not in errors


def test_a_process_elsewhere_takes_over_once_the_first_one_was_killed(
    service: ContractServer, spool_dir: Path, tmp_path: Path
) -> None:
    with (
        under_way(service.url, spool_dir) as (training, run_id),
        elsewhere(service.url, tmp_path, run_id) as second,
    ):
        second.errors.await_("nother process")
        training.kill()
        with service.changed:
            service.run.told = LONG_AGO
        service.await_(lambda: service.run.texts() == ["one", "from elsewhere"])
        assert "Traceback" not in may_continue(second)
    assert second.returncode == 0
    assert service.run.texts() == ["one", "from elsewhere", ""]
    assert service.run.events[-1]["type"] == "complete"


def may_continue(training: Process) -> str:
    """Give it a line, and await its end; what it has said in all."""
    training.say()
    training.communicate()
    return training.errors.text()


# What is no spool


def damaged(path: Path) -> None:
    path.write_text('{"type":"start","id":"\n{"type":"log","message":"one"}\n')


def binary(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 100)


def foreign(path: Path) -> None:
    path.write_text('{"prompt": "one", "completion": "two"}\n')


def list_of_lists(path: Path) -> None:
    path.write_text("[" * 100_000 + "\n")


def incomplete(path: Path) -> None:
    path.write_text('{"type":"start","id":7,"domain":null}\n')


def empty(path: Path) -> None:
    path.touch()


def folder(path: Path) -> None:
    path.mkdir()
    (path / "one.jsonl").write_text("{}\n")


def unreadable(path: Path) -> None:
    path.symlink_to(path.name)  # to itself: also root cannot open it


def forbidden(path: Path) -> None:
    path.write_text("{}\n")
    path.chmod(0)


def dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.needs_locks
@pytest.mark.parametrize("by", ["tracker", "sync"])
@pytest.mark.parametrize(
    "make",
    [damaged, binary, foreign, list_of_lists, incomplete, empty, folder, unreadable, forbidden, dangling, pipe],
    ids=lambda make: make.__name__,
)
def test_what_is_no_spool_is_left_alone(service: ContractServer, spool_dir: Path, make: object, by: str) -> None:
    run_id = left_behind(spool_dir, "tracker.log('INFO', 'one')")
    age(spool_dir / f"{run_id}.jsonl")
    path = spool_dir / "other.jsonl"
    make(path)
    os.utime(path, (0, 0), follow_symlinks=False)  # the oldest, so that it is looked at first
    before = path.lstat(), path.read_bytes() if path.is_file() and os.access(path, os.R_OK) else None
    if by == "sync":
        _, _, errors = sync(service.url, spool_dir)
    else:
        errors = next_training(service.url, spool_dir)
    assert "Traceback" not in errors
    assert service.runs[run_id].texts()[:-1] == ["one"]
    assert is_over(service.runs[run_id])
    now = path.lstat()
    assert (now.st_ino, now.st_size, now.st_mtime) == (before[0].st_ino, before[0].st_size, before[0].st_mtime)
    assert before[1] is None or path.read_bytes() == before[1]
    assert [path.name for path in spool_dir.iterdir()] == ["other.jsonl"]
