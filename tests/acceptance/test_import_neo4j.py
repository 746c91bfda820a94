"""Bringing over the data of the system before this one, by the command's own process."""

import os
import pty
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.answers import ok, problem
from tests.support.neo4j_exports import (
    domain_node,
    has_log,
    large_export,
    lines,
    log_node,
    message,
    run_id,
    training,
)
from tests.support.running_service import Service, await_until

LIMIT_S = 60
INTERRUPTED = 130
MEGABYTE = 1024 * 1024

# What an import stores, without keys that depend on the order of all imports and times of the import itself.
_ROWS = {
    "domains": "SELECT name, description, llm_model, last_run_number FROM training_status_domain ORDER BY name",
    "runs": """
        SELECT domain.name, to_jsonb(run) - 'id' - 'domain_id'
          FROM training_status_trainingrun run JOIN training_status_domain domain ON domain.id = run.domain_id
         ORDER BY domain.name, run_number
    """,
    "phase_timings": """
        SELECT run.public_id, to_jsonb(timing) - 'id' - 'run_id'
          FROM training_status_phasetiming timing JOIN training_status_trainingrun run ON run.id = timing.run_id
         ORDER BY run.public_id, timing.started_at, timing.phase
    """,
    "entries": """
        SELECT run.public_id, to_jsonb(entry) - 'run_id'
          FROM training_status_traininglogentry entry JOIN training_status_trainingrun run ON run.id = entry.run_id
         ORDER BY run.public_id, entry.seq
    """,
}
_ORPHANS = """
    SELECT count(*) FROM training_status_traininglogentry entry
     WHERE NOT EXISTS (SELECT FROM training_status_trainingrun run WHERE run.id = entry.run_id)
"""


def rows(service: Service) -> dict[str, list[Any]]:
    with service.connect_to_database() as connection:
        return {name: connection.execute(query).fetchall() for name, query in _ROWS.items()}


@pytest.fixture
def service() -> Iterator[Service]:
    """A service of its own, as its whole database is compared."""
    service = Service()
    try:
        service.start()
        yield service
    finally:
        service.stop()


@pytest.fixture
def operator(service: Service) -> httpx.Client:
    return service.client(service.token("operator"))


def imported(service: Service, *arguments: str, code: int = 0, stdin: bytes = b"") -> list[str]:
    """The lines of the report."""
    with service.command("import_neo4j", *arguments) as process:
        stdout, stderr = process.communicate(stdin, timeout=LIMIT_S)
    assert process.returncode == code, stderr.decode()
    return stdout.decode().splitlines()


TROUBLE = [
    domain_node(1, "medical"),
    domain_node(2, "Legal Contracts", description="Short"),
    domain_node(3, "1st"),
    domain_node(4, "unused"),
    # Whole, in the old names of steps, and later in the file than it started.
    log_node(10, list(training()), started_at="2025-12-01T10:00Z"),
    log_node(11, [message(-60, "Went on", level="loud", step="Warming up"), "only a text", 7], status="running",
             started_at="2025-12-01T09:00Z", completed_at=None, progress_percent=130),
    log_node(12, '[{"timestamp": "2025-12-01T08:00:01", "level": "ERROR", "message": "CUDA"}, {"time', status="failed",
             started_at="2025-12-01T08:00:00.123456789Z", completed_at=None, progress_percent=40.0),
    log_node(13, "no JSON at all", started_at="2025-12-01T07:00Z", metrics="[]", id="run-13"),
    log_node(14, [message(0, "NUL \0 and half a pair \ud83d, " + "x" * 70_000, metrics={"a": [1]})],
             started_at="2025-12-01T10:00Z", completed_at="2025-12-01T09:00Z", status="strange"),
    log_node(15, status="pending", progress_percent=0.0, completed_at=None, started_at="2025-12-01T06:00Z"),
    log_node(16, [message(5, "m")], started_at=None, completed_at=None),
    log_node(17), log_node(18), log_node(19, started_at=None, completed_at=None), log_node(20, id=run_id(10)),
    *(has_log(1, node) for node in (10, 11, 12, 13, 14, 19, 20)),
    has_log(2, 15), has_log(2, 16), has_log(3, 17),
]  # fmt: skip
TROUBLED_REPORT = f"""\
  REFUSED line 26: it is not valid JSON: Input data was truncated.
  REFUSED line 27: its node 1 is already in line 1, with other content.
  REFUSED domain 1st (line 3): a name has 2 to 100 small letters, digits and underscores, and begins with a letter.
  REFUSED run {run_id(17)} (line 12): its domain was refused.
  REFUSED run {run_id(18)} (line 13): no domain has this log: the file has no HAS_TRAINING_LOG relationship to it.
  REFUSED run {run_id(19)} (line 14): it has no usable time: neither it nor a message says when it was.
  REFUSED run {run_id(10)} (line 15): another TrainingLog, in line 5, has the same id.
Domain legal_contracts: created
    - Its name 'Legal Contracts' is not valid here: it is legal_contracts.
    - Its description has less than 10 characters: it is 'Short (a domain of AegisRAG)'.
  Run 1, started 2025-12-01T06:00:00Z, {run_id(15)}: taken with 0 log entries, with changes:
    - It was pending and nobody runs it any more: it is failed, with the reason lost.
  Run 2, started 2025-12-01T10:05:00Z, {run_id(16)}: taken with 1 log entries, with changes:
    - Its started_at is missing or unusable: it started with its first message or its end.
    - It has no usable completed_at: it ended with its last message.
    - It has no phase times, and forecasts do not learn from it: no message names a phase.
Domain medical: created"""


def test_a_file_with_every_trouble(service: Service, operator: httpx.Client, tmp_path: Path) -> None:
    file = tmp_path / "training.json"
    file.write_bytes(lines(*TROUBLE) + b'{"type"\n' + lines(domain_node(1, "other")))
    report = imported(service, str(file), code=1)
    expected = TROUBLED_REPORT.splitlines()
    assert report[: len(expected)] == expected
    medical = "\n".join(report[len(expected) :])
    for sentence in (
        "Run 1, started 2025-12-01T07:00:00Z",
        "log_messages is not JSON, and no message can be read: the run has no log (it begins with 'no JSON at all').",
        "Its metrics are not an object: it has none.",
        "Run 2, started 2025-12-01T08:00:00.123456Z",
        "log_messages is not valid JSON as a whole: the messages that can be read are taken.",
        "Messages that cannot be read and were left out: 1 (first: message 2).",
        "Run 3, started 2025-12-01T09:00:00Z",
        "Its progress_percent 130 is no number from 0 to 100: it is 100.",
        "Messages with an unknown level, which have the level INFO: 1 (first: message 1).",
        "Messages with a step that is not a phase, which is kept as a text: 1 (first: message 1).",
        "It was running and nobody runs it any more: it is failed, with the reason lost.",
        "It started at the same moment as run ",
        "Its status 'strange' is unknown: it is failed, with the reason lost.",
        "Messages with characters that cannot be stored, or that are no text: 1 (first: message 1).",
        "Messages of more than 65,536 bytes, which were cut: 1 (first: message 1).",
        "Messages with metrics that cannot be stored as they are: 1 (first: message 1).",
        f"{run_id(10)}: taken with 60 log entries",
        "Domain unused: created",
        "Runs taken: 7, of which with changes: 7; log entries: 65; already there: 0; refused: 7.",
    ):
        assert sentence in medical
    first = ok(operator.get("/domains/medical/training-runs/1"))
    assert (first["status"], first["note"]) == ("completed", "Its id in AegisRAG was 'run-13'.")
    second = ok(operator.get("/domains/medical/training-runs/2"))
    assert (second["error"], second["current_step"], second["progress"]) == (
        "CUDA",
        "entity_extraction_optimization",
        40,
    )
    whole = ok(operator.get(f"/training-runs/{run_id(10)}"))
    assert len(whole["phase_times"]) == 7
    assert whole["metrics"]["entity_f1"] == 0.87
    before = rows(service)
    again = imported(service, str(file), code=1)
    assert "Runs taken: 0, of which with changes: 0; log entries: 0; already there: 7; refused: 7." in again[-1]
    assert rows(service) == before


def test_a_dry_run_stores_nothing(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "training.json"
    file.write_bytes(lines(*TROUBLE))
    before = rows(service)
    told = imported(service, str(file), "--dry-run", code=1)
    assert rows(service) == before
    assert imported(service, str(file), code=1)[:-1] == told[:-1]


def test_from_a_pipe_that_can_be_read_only_once(service: Service) -> None:
    assert imported(service, "-", stdin=b"".join(large_export(4, 10, domains=2)))[-1].startswith("Runs taken: 4,")


def one_of_many(name: str, hour: int) -> dict[str, Any]:
    """A whole run of an hour."""
    times = {"started_at": f"2025-12-01T{hour}:00Z", "completed_at": f"2025-12-01T{hour + 1}:00Z"}
    return log_node(f"{name}{hour}", list(training(300, start_minute=(hour - 10) * 60)), **times)


HALF_WAY = [
    *(domain_node(name, name) for name in ("early", "late")),
    *(one_of_many(name, hour) for name in ("early", "late") for hour in (13, 11, 12, 14)),
    *(has_log(name, f"{name}{hour}") for name in ("early", "late") for hour in (11, 12, 13, 14)),
]


@contextmanager
def held_half_way(service: Service, file: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """An import that has stored all runs of `early`, and the entries of a run of `late`, whose row is locked."""
    with service.connect_to_database() as holder, service.connect_to_database() as watcher, holder.transaction():
        holder.execute("SELECT 1 FROM training_status_domain WHERE name = 'late' FOR UPDATE")
        with service.command("import_neo4j", str(file)) as process:
            await_until(lambda: watcher.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone(), LIMIT_S)
            yield process


@pytest.fixture
def whole_import(service: Service, operator: httpx.Client, tmp_path: Path) -> tuple[Path, dict[str, list[Any]]]:
    """A file, and the rows of an import of it without an interruption. The database is as before, but for `late`."""
    file = tmp_path / "training.json"
    file.write_bytes(lines(*HALF_WAY))
    imported(service, str(file))
    stored = rows(service)
    for name in ("early", "late"):
        assert operator.delete(f"/domains/{name}").status_code == 204
    late = {"name": "late", "description": "Everything about late, in a few words."}
    assert operator.post("/domains", json=late).status_code == 201
    return file, stored


def test_an_import_that_is_killed_half_way_is_completed_by_another(
    service: Service, whole_import: tuple[Path, dict[str, list[Any]]]
) -> None:
    file, stored = whole_import
    with held_half_way(service, file) as process:
        process.send_signal(signal.SIGKILL)
        assert process.wait(LIMIT_S) == -signal.SIGKILL
    assert [(name, run["run_number"], run["last_seq"]) for name, run in rows(service)["runs"]] == [
        ("early", number, 300) for number in (1, 2, 3, 4)
    ]
    with service.connect_to_database() as connection:
        await_until(lambda: connection.execute(_ORPHANS).fetchone() == (0,), LIMIT_S)
    assert imported(service, str(file))[-1] == (
        "Runs taken: 4, of which with changes: 0; log entries: 1,200; already there: 4; refused: 0."
    )
    assert rows(service) == stored


def test_an_import_that_is_interrupted_says_so(
    service: Service, whole_import: tuple[Path, dict[str, list[Any]]]
) -> None:
    file, stored = whole_import
    with held_half_way(service, file) as process:
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=LIMIT_S)
    assert process.returncode == INTERRUPTED
    assert stderr.decode().strip() == "CommandError: Interrupted: run the command again to import the rest."
    imported(service, str(file))
    assert rows(service) == stored


def test_a_domain_that_stays_locked_ends_the_import(
    service: Service, whole_import: tuple[Path, dict[str, list[Any]]]
) -> None:
    """Otherwise its later runs would be numbered before the one that had to wait."""
    file, stored = whole_import
    with held_half_way(service, file) as process:
        _, stderr = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, stderr.decode().strip()) == (
        1, "CommandError: Another request is changing this at the moment.",
    )  # fmt: skip
    imported(service, str(file))
    assert rows(service) == stored


# The peak of the process's own memory: that of `getrusage` includes what the process that started it had.
_PEAK = """
from django.core.management import call_command
call_command("import_neo4j", {file!r})
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def test_the_memory_does_not_grow_with_the_file(service: Service, tmp_path: Path) -> None:
    peaks, sizes = [], []
    for factor, name in ((1, "once"), (4, "four_times")):
        logs = [
            log_node(f"{name}{number}", [message(1, "x" * 8192)] * 50, started_at=java_time_of(number))
            for number in range(20 * factor)
        ]
        file = tmp_path / name
        file.write_bytes(lines(domain_node(name, name), *logs, *(has_log(name, log["id"]) for log in logs)))
        sizes.append(file.stat().st_size / MEGABYTE)
        report = service.manage("shell", "--no-imports", "-c", _PEAK.format(file=str(file))).splitlines()
        assert f"Runs taken: {20 * factor}," in "\n".join(report)
        peaks.append(int(report[-1].split()[1]) / 1024)
    assert sizes[1] - sizes[0] > 20
    assert peaks[1] - peaks[0] < (sizes[1] - sizes[0]) / 4, (peaks, sizes)


def java_time_of(number: int) -> str:
    return f"2025-12-01T{number // 60:02}:{number % 60:02}Z"


def test_somebody_at_a_terminal_sees_how_far_it_is(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "training.json"
    file.write_bytes(b"".join(large_export(4, 1000, domains=1)))
    theirs, ours = pty.openpty()
    with service.command("import_neo4j", str(file), stderr=ours) as process:
        os.close(ours)
        shown = b"".join(iter(lambda: read_terminal(theirs), b""))
        assert process.stdout
        report = process.stdout.read().decode()
        assert process.wait(LIMIT_S) == 0
    os.close(theirs)
    assert b"Importing" in shown
    assert report.splitlines()[0] == "Domain domain_0: created"
    with service.command("import_neo4j", str(file)) as process:
        assert process.communicate(timeout=LIMIT_S)[1] == b""


def read_terminal(terminal: int) -> bytes:
    """What comes next; nothing once the other side is closed."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


def test_a_reader_of_the_report_that_goes(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "training.json"
    file.write_bytes(b"".join(large_export(20, 10, domains=20)))
    with service.command("import_neo4j", str(file)) as process:
        assert process.stdout
        process.stdout.close()
        assert process.stderr
        said = process.stderr.read().decode()
        assert process.wait(LIMIT_S) == 1
    assert said.strip() == (
        "CommandError: The reader of the report has closed the pipe: run the command again to import the rest."
    )


def test_an_imported_domain_and_run_are_like_all_others(
    service: Service, operator: httpx.Client, tmp_path: Path
) -> None:
    """A run that is started afterwards is compared with the imported one, and the imported one can be deleted."""
    file = tmp_path / "training.json"
    file.write_bytes(lines(domain_node(1, "medical"), log_node(11, list(training())), has_log(1, 11)))
    imported(service, str(file))
    new = operator.post("/domains/medical/training-runs", json={}).json()
    assert (new["run_number"], new["baseline_run_number"]) == (2, 1)
    assert new["baseline_metrics"]["entity_f1"] == 0.87
    assert operator.delete(f"/training-runs/{run_id(11)}").status_code == 204
    problem(operator.get(f"/training-runs/{run_id(11)}"), 404)
