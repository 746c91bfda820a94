"""Runs as files: over HTTP, and by the command line's processes."""

import json
import os
import pty
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.support.answers import ok, problem
from tests.support.domains import create_domain
from tests.support.running_service import Service, await_until
from tests.support.runs import Run, complete, log, phase, progress

LIMIT_S = 60
LINES = 3000


@pytest.fixture
def finished(run: Run) -> Run:
    """A finished run with a log that is larger than any buffer on the way."""
    for _ in range(LINES // 1000):
        run.send(*[log("é🙂" * 100, metrics={"a": None}) for _ in range(1000)])
    run.send(phase("loading_data"), progress(0.5, metrics={"f1": 0.1}), complete(result={"prompts": {}}))
    return run


def exported(client: httpx.Client, run: Run) -> bytes:
    answer = client.get(f"{run.path}/export")
    assert answer.status_code == 200, answer.text
    return answer.content


def test_it_is_a_file_of_json_lines(operator: httpx.Client, finished: Run) -> None:
    answer = operator.get(f"{finished.path}/export")
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-disposition"] == f'attachment; filename="{finished.domain}-1.run.ndjson"'
    header, *entries, trailer = [json.loads(line) for line in answer.content.split(b"\n")[:-1]]
    assert header["format"] == trailer["end"] == "aegis-training-run"
    assert (header["run"]["public_id"], header["domain"]["name"]) == (finished.id, finished.domain)
    assert trailer["entries"] == len(entries) == LINES + 2
    first = finished.log(order="asc", page_size=100)["logs"]
    assert [{name: entry[name] for name in first[0]} for entry in entries[:100]] == first
    head = operator.head(f"{finished.path}/export")
    assert (head.status_code, head.content, head.headers["content-type"]) == (200, b"", "application/x-ndjson")


def test_an_unknown_run(operator: httpx.Client) -> None:
    problem(operator.get("/training-runs/6f9619ff-8b86-4011-b42d-00c04fc964ff/export"), 404)
    problem(operator.get("/training-runs/1/export"), 404)


def test_exports_that_nobody_reads_to_the_end_leave_the_service_as_it_was(
    service: Service, operator: httpx.Client, finished: Run
) -> None:
    for _ in range(20):
        with operator.stream("GET", f"{finished.path}/export") as answer:
            next(answer.iter_raw(1))
    with service.connect_to_database() as connection:
        await_until(
            lambda: connection.execute(
                "SELECT count(*) = 0 FROM pg_stat_activity"
                " WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
            ).fetchone()[0],  # type: ignore[index]
            LIMIT_S,
        )
    assert ok(operator.get(finished.path))["status"] == "completed"


def test_out_and_back_by_processes(service: Service, operator: httpx.Client, finished: Run, tmp_path: Path) -> None:
    before = exported(operator, finished)
    target = tmp_path / "run.ndjson"
    target.write_text("an older one")
    assert service.manage("export_run", finished.domain, "1", "--output", str(target)) == ""
    assert target.read_bytes() == before
    assert list(tmp_path.iterdir()) == [target]
    assert service.manage("export_run", finished.domain, "1").encode() == before.strip()
    assert operator.delete(f"/domains/{finished.domain}").status_code == 204
    said = service.manage("import_run", str(target))
    assert said == f"Imported as run 1 of domain '{finished.domain}', with {LINES + 2:,} log entries."
    assert exported(operator, finished) == before
    assert finished.status()["status"] == "completed"
    with service.command("import_run", str(target)) as again:
        _, stderr = again.communicate(timeout=LIMIT_S)
    assert again.returncode == 1
    assert f"already exists: it is {finished.domain} #1." in stderr.decode()


def test_from_stdin_into_another_domain(
    service: Service, operator: httpx.Client, finished: Run, new_domain: Callable[[], str]
) -> None:
    whole = exported(operator, finished)
    assert operator.delete(finished.path).status_code == 204
    other = new_domain()
    with service.command("import_run", "-", "--domain", other) as process:
        stdout, stderr = process.communicate(whole, timeout=LIMIT_S)
    assert process.returncode == 0, stderr
    assert f"run 1 of domain '{other}'".encode() in stdout
    assert ok(operator.get(finished.path))["domain_name"] == other


def test_an_export_to_where_none_can_be(service: Service, finished: Run, tmp_path: Path) -> None:
    for target, sentence in (
        (tmp_path, "is not a file."),
        (tmp_path / "nowhere" / "run", "cannot be written: No such file or directory."),
        (Path("/dev/null"), "/dev/null is not a file."),
    ):
        with service.command("export_run", finished.domain, "1", "--output", str(target)) as process:
            _, stderr = process.communicate(timeout=LIMIT_S)
        assert process.returncode == 1
        assert sentence in stderr.decode()
    assert list(tmp_path.iterdir()) == []


def test_an_export_whose_reader_goes(service: Service, finished: Run) -> None:
    with service.command("export_run", finished.domain, "1") as process:
        assert process.stdout
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr
        said = process.stderr.read().decode()
        assert process.wait(LIMIT_S) == 1
    assert said.splitlines() == ["CommandError: The reader of the export has closed the pipe before the end."]


def test_somebody_at_a_terminal_sees_how_far_it_is(service: Service, finished: Run, tmp_path: Path) -> None:
    target = str(tmp_path / "run")
    theirs, ours = pty.openpty()
    with service.command("export_run", finished.domain, "1", "--output", target, stderr=ours) as process:
        os.close(ours)
        shown = b"".join(iter(lambda: read_terminal(theirs), b""))
        assert process.wait(LIMIT_S) == 0
    os.close(theirs)
    assert b"Exporting" in shown
    assert f"/{LINES + 2}".encode() in shown
    with service.command("export_run", finished.domain, "1", "--output", target) as process:
        assert process.communicate(timeout=LIMIT_S) == (b"", b"")


def read_terminal(terminal: int) -> bytes:
    """What comes next; nothing once the other side is closed."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


def test_an_import_that_is_killed_leaves_nothing(service: Service, operator: httpx.Client, finished: Run) -> None:
    """Fed until it has stored entries, seen by nobody, in nobody's way, killed, and done again."""
    whole = exported(operator, finished)
    lines = whole.splitlines(keepends=True)
    assert operator.delete(finished.path).status_code == 204
    with service.connect_to_database() as connection:
        others = {row[0] for row in connection.execute("SELECT pid FROM pg_stat_activity").fetchall()}

        def entries() -> int:
            count = connection.execute("SELECT count(*) FROM training_status_traininglogentry").fetchone()
            assert count
            return int(count[0])

        def importer() -> tuple[int] | None:
            """The session of the import, once it waits for more lines and has written something."""
            return connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> ALL(%s)"
                " AND state = 'idle in transaction' AND query LIKE '%%INSERT INTO training_status_traininglogentry%%'"
                " AND backend_xid IS NOT NULL",
                (list(others),),
            ).fetchone()

        before = entries()
        with service.command("import_run", "-") as process:
            assert process.stdin
            feed = threading.Thread(target=process.stdin.write, args=[b"".join(lines[:-100])])
            feed.start()
            (session,) = await_until(importer, LIMIT_S)
            feed.join(LIMIT_S)
            assert entries() == before
            problem(operator.get(finished.path), 404)
            other = Run(operator, finished.domain)  # the domain is not locked
            process.send_signal(signal.SIGKILL)
            process.stdin.close()
            assert process.wait(LIMIT_S) == -signal.SIGKILL
        await_until(
            lambda: connection.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", (session,)).fetchone() is None,
            LIMIT_S,
        )
        assert entries() == before
        problem(operator.get(finished.path), 404)
    assert other.number == 2
    with service.command("import_run", "-") as process:
        _, stderr = process.communicate(whole, timeout=LIMIT_S)
    assert process.returncode == 0, stderr
    assert exported(operator, finished) == whole


def test_a_bound_token_exports_its_own_domain_alone(service: Service, operator: httpx.Client, finished: Run) -> None:
    home = create_domain(operator)
    problem(service.client(service.token("operator", home)).get(f"{finished.path}/export"), 404)
    with service.connect_to_database() as connection:
        assert not was_exported(connection, finished)
    exported(service.client(service.token("operator", finished.domain)), finished)
    with service.connect_to_database() as connection:
        assert was_exported(connection, finished)


def was_exported(connection: psycopg.Connection, run: Run) -> bool:
    name = f"{run.domain} #{run.number}"
    return bool(
        connection.execute(
            "SELECT 1 FROM training_status_auditentry WHERE action = 'exported' AND name = %s", (name,)
        ).fetchone()
    )
