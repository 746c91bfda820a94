"""Whatever happens to the service and to the training, the service ends with what was handed over, in order."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.answers import ok
from tests.support.running_service import Service, await_until
from tests.support.tracked_training import ON_DEMAND, run_of, say, training

KILL_ITSELF = "\nos.kill(os.getpid(), 9)\n"


@pytest.fixture
def own_service() -> Iterator[Service]:
    """A service for one test, which may kill it."""
    service = Service()
    try:
        service.start()
        client = service.client(service.token("operator"))
        answer = client.post("/domains", json={"name": "medical", "description": "A domain under test"})
        assert answer.status_code == 201
        yield service
    finally:
        service.stop()


def ends_well(process: subprocess.Popen[str], code: int = 0) -> str:
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors
    return errors


def sync(service: Service, token: str, spool: Path) -> str:
    environment = {**os.environ, "AEGIS_URL": service.url, "AEGIS_TOKEN": token, "AEGIS_SPOOL_DIR": str(spool)}
    done = subprocess.run(
        [sys.executable, "-m", "aegis_tracker", "sync"], env=environment, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return done.stdout


def entries(client: httpx.Client, run_id: str) -> list[str]:
    """All messages of a run, oldest first."""
    run = ok(client.get(f"/training-runs/{run_id}"))
    found: list[str] = []
    while True:
        page = ok(
            client.get(
                f"/domains/{run['domain_name']}/training-logs",
                params={"run": run["run_number"], "order": "asc", "page_size": 100, "after_seq": len(found)},
            )
        )
        found += [entry["message"] for entry in page["logs"]]
        if not page["logs"]:
            return found


def entries_if_there(client: httpx.Client, run_id: str) -> list[str]:
    """The messages so far; none before the run has arrived."""
    return entries(client, run_id) if client.get(f"/training-runs/{run_id}").status_code == 200 else []


def status(client: httpx.Client, run_id: str) -> dict[str, Any]:
    return ok(client.get(f"/training-runs/{run_id}"))  # type: ignore[no-any-return]


def numbers(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def test_a_service_that_is_down_at_the_start(own_service: Service, tmp_path: Path) -> None:
    token = own_service.token("reporter")
    own_service.kill()
    with training(own_service, token, tmp_path, "medical", ON_DEMAND) as process:
        run_id = run_of(process)
        assert say(process, 3000) == 3000
        own_service.start()
        ends_well(process)
    client = own_service.client(own_service.token("operator"))
    assert entries(client, run_id) == numbers(3000)
    assert status(client, run_id)["status"] == "completed"
    assert list(tmp_path.iterdir()) == []


def test_a_service_that_is_killed_five_times(own_service: Service, tmp_path: Path) -> None:
    token = own_service.token("reporter")
    client = own_service.client(own_service.token("operator"))
    with training(own_service, token, tmp_path, "medical", ON_DEMAND) as process:
        run_id, told = run_of(process), 0
        for _ in range(5):
            told = say(process, 2500)
            await_until(lambda: client.get(f"/training-runs/{run_id}").status_code == 200, 60)
            own_service.kill()  # with batches under way
            told = say(process, 500)
            own_service.start()
        told = say(process, 100)
        ends_well(process)
    assert told == 5 * 3000 + 100
    assert entries(client, run_id) == numbers(told)
    assert (status(client, run_id)["status"], status(client, run_id)["metrics"]) == ("completed", {"entries": told})
    assert list(tmp_path.iterdir()) == []


def test_a_killed_training_is_sent_by_sync(
    service: Service, operator: httpx.Client, domain: str, tmp_path: Path
) -> None:
    token = service.token("reporter")
    with training(service, token, tmp_path, domain, ON_DEMAND) as process:
        run_id = run_of(process)
        say(process, 100)
        await_until(lambda: operator.get(f"/training-runs/{run_id}").status_code == 200, 60)
        say(process, 4000)
        process.send_signal(signal.SIGKILL)
    assert "1 sent, 0 waiting" in sync(service, token, tmp_path)
    assert entries(operator, run_id)[:-1] == numbers(4100)
    run = status(operator, run_id)
    assert (run["status"], run["failure_reason"]) == ("failed", "lost")
    assert "ended without reporting an end" in run["error_message"]
    assert list(tmp_path.iterdir()) == []


def test_an_offline_run_arrives_while_a_newer_one_is_active(
    service: Service, operator: httpx.Client, domain: str, tmp_path: Path
) -> None:
    token = service.token("reporter")
    offline = "for n in range(1500): tracker.log('INFO', str(n))\ntracker.complete({'f1': 1})" + KILL_ITSELF
    with training(service, token, tmp_path, domain, offline, AEGIS_URL="http://127.0.0.1:9") as process:
        old = run_of(process)
        ends_well(process, -signal.SIGKILL)
    with training(service, token, tmp_path / "another", domain, ON_DEMAND) as process:
        new = run_of(process)
        say(process, 10)
        await_until(lambda: entries_if_there(operator, new) == numbers(10), 60)
        assert "1 sent, 0 waiting" in sync(service, token, tmp_path)
        assert entries(operator, old) == numbers(1500)
        assert status(operator, old)["status"] == "completed"
        latest = ok(operator.get(f"/domains/{domain}/training-status"))
        assert (latest["training_run_id"], latest["status"]) == (new, "training")
        ends_well(process)
    assert entries(operator, new) == numbers(10)


def test_two_trainings_share_a_spool_folder(
    service: Service, operator: httpx.Client, new_domain: Callable[[], str], tmp_path: Path
) -> None:
    first_domain, second_domain, token = new_domain(), new_domain(), service.token("reporter")
    with (
        training(service, token, tmp_path, first_domain, ON_DEMAND) as first,
        training(service, token, tmp_path, second_domain, ON_DEMAND) as second,
    ):
        runs = [run_of(first), run_of(second)]
        for _ in range(5):
            say(first, 400)
            say(second, 300)
        assert "2 in use" in sync(service, token, tmp_path)
        ends_well(first)
        ends_well(second)
    assert [entries(operator, run) for run in runs] == [numbers(2000), numbers(1500)]
    assert list(tmp_path.iterdir()) == []


def test_a_training_sends_what_the_one_before_it_left(
    service: Service, operator: httpx.Client, domain: str, tmp_path: Path
) -> None:
    token = service.token("reporter")
    killed = "for n in range(2500): tracker.log('INFO', str(n))" + KILL_ITSELF
    with training(service, token, tmp_path, domain, killed, AEGIS_URL="http://127.0.0.1:9") as process:
        left = run_of(process)
        ends_well(process, -signal.SIGKILL)
    with training(service, token, tmp_path, domain, ON_DEMAND) as process:
        run_id = run_of(process)
        say(process, 10)
        ends_well(process)
    assert entries(operator, left) == numbers(2500)
    assert status(operator, left)["status"] == "training"  # it may be started again
    assert entries(operator, run_id) == numbers(10)
    (spool,) = tmp_path.iterdir()
    os.utime(spool, (0, 0))
    with training(service, token, tmp_path, domain, ON_DEMAND) as process:
        run_of(process)
        say(process, 10)
        ends_well(process)
    assert entries(operator, left)[:-1] == numbers(2500)
    assert status(operator, left)["failure_reason"] == "lost"
    assert list(tmp_path.iterdir()) == []


def test_a_killed_training_goes_on_after_it_was_declared_lost(
    service: Service, operator: httpx.Client, domain: str, tmp_path: Path
) -> None:
    token = service.token("reporter")
    killed = "for n in range(10): tracker.log('INFO', str(n))\nassert tracker.flush(30)" + KILL_ITSELF
    with training(service, token, tmp_path, domain, killed) as process:
        run_id = run_of(process)
        ends_well(process, -signal.SIGKILL)
    sync(service, token, tmp_path)
    assert status(operator, run_id)["failure_reason"] == "lost"
    again = f"""
tracker.close(0)
tracker = TrainingProgressTracker(sys.argv[1], run_id={run_id!r})
for n in range(10, 20): tracker.log("INFO", str(n))
tracker.complete({{}})
"""
    with training(service, token, tmp_path, domain, again) as process:
        ends_well(process)
    run = status(operator, run_id)
    assert (run["status"], run["failure_reason"], run["error_message"]) == ("completed", None, None)
    texts = entries(operator, run_id)
    assert [*texts[:10], *texts[11:]] == numbers(20)
    assert "ended without reporting an end" in texts[10]


def test_a_forked_child_logs(service: Service, operator: httpx.Client, domain: str, tmp_path: Path) -> None:
    program = """
tracker.log("INFO", "before")
pid = os.fork()
if pid == 0:
    for number in range(1200):
        tracker.log("INFO", str(number))
    os._exit(0)
os.waitpid(pid, 0)
tracker.log("INFO", "after")
tracker.complete({})
"""
    with training(service, service.token("reporter"), tmp_path, domain, program) as process:
        run_id = run_of(process)
        ends_well(process)
    assert entries(operator, run_id) == ["before", *numbers(1200), "after"]
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_continued_by_another_process(
    service: Service, operator: httpx.Client, domain: str, tmp_path: Path
) -> None:
    token = service.token("reporter")
    with training(
        service, token, tmp_path, domain, "tracker.log('INFO', '0'); tracker.flush()" + KILL_ITSELF
    ) as process:
        run_id = run_of(process)
        ends_well(process, -signal.SIGKILL)
    goes_on = f"tracker.close(0)\nwith TrainingProgressTracker(sys.argv[1], run_id={run_id!r}) as t: t.log('INFO', '1')"
    with training(service, token, tmp_path, domain, goes_on) as process:
        ends_well(process)
    assert entries(operator, run_id) == ["0", "1"]
    assert status(operator, run_id)["status"] == "completed"


@pytest.mark.parametrize("folder", ["unwritable", "full"])
def test_a_spool_folder_that_takes_nothing(
    service: Service, operator: httpx.Client, domain: str, tmp_path: Path, folder: str
) -> None:
    (tmp_path / "file").write_text("not a folder")
    spool = tmp_path / "file" / "spool" if folder == "unwritable" else tmp_path / "spool"
    fill = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))\n" if folder == "full" else ""
    with training(service, service.token("reporter"), spool, domain, fill + ON_DEMAND) as process:
        run_id = run_of(process)
        say(process, 6000)
        errors = ends_well(process)
    assert "Reports are kept in memory" in errors
    assert entries(operator, run_id) == numbers(6000)
    assert status(operator, run_id)["status"] == "completed"


def test_a_cancel_stops_a_training_that_wants_to_know(
    service: Service, operator: httpx.Client, domain: str, tmp_path: Path
) -> None:
    program = """
tracker.close(0)
with TrainingProgressTracker(sys.argv[1], raise_on_cancel=True) as tracker:
    print(tracker.run_id, flush=True)
    while True:
        tracker.update_progress(0.5, "works")
        tracker.flush(1)
"""
    with training(service, service.token("reporter"), tmp_path, domain, program) as process:
        run_of(process)
        run_id = run_of(process)
        await_until(lambda: operator.get(f"/training-runs/{run_id}").status_code == 200, 60)
        assert operator.post(f"/training-runs/{run_id}/cancel").status_code == 200
        ends_well(process, 1)
    run = status(operator, run_id)
    assert (run["status"], run["failure_reason"]) == ("failed", "cancelled")
