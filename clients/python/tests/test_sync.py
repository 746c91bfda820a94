"""`aegis-tracker sync`: what killed trainings left behind arrives, once, in order, and their runs end."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.contract_server import ContractServer, lose_the_answer, say, well
from support.trackers import MakeTracker
from support.trainings import KILLED, NOBODY_LISTENS, SOURCE, left_behind, run_training, start_sync, sync

pytestmark = pytest.mark.needs_locks  # without them nothing is sent but on somebody's word


def test_it_works(service: ContractServer, spool_dir: Path) -> None:
    run_id = left_behind(spool_dir)
    assert sync(service.url, spool_dir) == (
        0,
        f"{run_id}  medical  sent\n1 sent, 0 waiting, 0 in use by trainings or another sync.\n",
        "",
    )
    assert service.run.texts()[:-1] == [str(n) for n in range(3000)]
    end = service.run.events[-1]
    assert end["type"] == "fail"
    assert "ended without reporting an end" in end["error"]
    assert list(spool_dir.iterdir()) == []


def test_an_end_that_was_reported_is_not_changed(service: ContractServer, spool_dir: Path) -> None:
    left_behind(spool_dir, "tracker.log('INFO', 'one'); tracker.complete({'f1': 1})")
    assert sync(service.url, spool_dir)[0] == 0
    assert [event["type"] for event in service.run.events] == ["log", "complete"]


def test_what_had_arrived_is_not_doubled(service: ContractServer, spool_dir: Path) -> None:
    left_behind(spool_dir, "tracker.log('INFO', 'one'); tracker.flush(); tracker.log('INFO', 'two')", service.url)
    assert sync(service.url, spool_dir)[0] == 0
    assert service.run.texts()[:-1] == ["one", "two"]
    assert service.run.lost


def test_a_line_cut_short_is_cut(service: ContractServer, spool_dir: Path) -> None:
    run_id = left_behind(spool_dir, "tracker.log('INFO', 'one')")
    with (spool_dir / f"{run_id}.jsonl").open("a") as spool:
        spool.write('{"type":"log","mess')
    assert sync(service.url, spool_dir)[0] == 0
    assert service.run.texts()[:-1] == ["one"]
    assert service.run.lost


def test_a_spool_shorter_than_what_arrived_still_ends_its_run(service: ContractServer, spool_dir: Path) -> None:
    run_id = left_behind(spool_dir, "for n in range(5): tracker.log('INFO', str(n))\ntracker.flush()", service.url)
    path = spool_dir / f"{run_id}.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:4]))  # the machine lost power
    assert sync(service.url, spool_dir)[0] == 0
    assert service.run.texts()[:-1] == ["0", "1", "2", "3", "4"]
    assert service.run.lost


def test_trainings_under_way_are_left_alone(
    service: ContractServer, make_tracker: MakeTracker, spool_dir: Path
) -> None:
    live = make_tracker(url=NOBODY_LISTENS)
    live.log("INFO", "not yet")
    status, told, _ = sync(service.url, spool_dir)
    assert (status, told) == (0, "0 sent, 0 waiting, 1 in use by trainings or another sync.\n")
    assert service.runs == {}


def test_two_at_once_send_once(service: ContractServer, spool_dir: Path) -> None:
    for _ in range(3):
        left_behind(spool_dir)
    processes = [start_sync(service.url, spool_dir) for _ in range(2)]
    for process in processes:
        with process:
            _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, "")
    assert list(spool_dir.iterdir()) == []
    assert len(service.runs) == 3
    for run in service.runs.values():
        assert run.texts()[:-1] == [str(n) for n in range(3000)]
        assert run.duplicates == 0


def test_lost_answers_double_nothing(service: ContractServer, spool_dir: Path) -> None:
    left_behind(spool_dir)
    service.misbehave += [lose_the_answer, well, lose_the_answer, lose_the_answer, well, lose_the_answer]
    assert sync(service.url, spool_dir)[0] == 0
    assert service.run.texts()[:-1] == [str(n) for n in range(3000)]
    assert service.run.events[-1]["type"] == "fail"


def test_a_sync_that_is_killed_is_made_good_by_the_next(service: ContractServer, spool_dir: Path) -> None:
    left_behind(spool_dir)

    def kill(handler: object) -> bool:
        lose_the_answer(handler)
        process.kill()
        return True

    for answered in range(7):  # start, batches, question for the number, end
        service.misbehave += [well] * answered + [kill]
        with start_sync(service.url, spool_dir) as process:
            process.communicate(timeout=60)
        service.misbehave.clear()
    assert sync(service.url, spool_dir)[0] == 0
    assert service.run.texts()[:-1] == [str(n) for n in range(3000)]
    assert [event["type"] for event in service.run.events].count("fail") == 1
    assert list(spool_dir.iterdir()) == []


def test_a_service_that_is_down_leaves_everything(spool_dir: Path) -> None:
    run_id = left_behind(spool_dir)
    before = (spool_dir / f"{run_id}.jsonl").read_bytes()
    status, told, _ = sync(NOBODY_LISTENS, spool_dir, "--timeout", "0.5")
    assert status == 1
    assert "waiting: " in told
    assert "refused" in told  # the connection
    assert (spool_dir / f"{run_id}.jsonl").read_bytes() == before


def test_a_refusal_is_told_and_shown_until_it_is_sent(service: ContractServer, spool_dir: Path) -> None:
    left_behind(spool_dir, "tracker.log('INFO', 'one')")
    service.misbehave.append(say(403, "Not allowed."))
    status, told, _ = sync(service.url, spool_dir)
    assert status == 1
    assert "Use a token with the role reporter" in told
    command = [sys.executable, "-m", "aegis_tracker", "status", "--spool-dir", str(spool_dir)]
    shown = subprocess.run(command, env=os.environ | {"PYTHONPATH": SOURCE}, capture_output=True, text=True, timeout=60)
    assert "dead" in shown.stdout
    assert "refused: " in shown.stdout
    assert "Not allowed." in shown.stdout
    assert sync(service.url, spool_dir)[0] == 0
    assert service.run.texts()[:-1] == ["one"]


@pytest.mark.parametrize("environment", [{"AEGIS_TOKEN": ""}, {"AEGIS_URL": "nowhere"}])
def test_wrong_settings_are_said(spool_dir: Path, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "aegis_tracker", "sync", "--spool-dir", str(spool_dir)]
    told = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": SOURCE} | environment, capture_output=True, text=True, timeout=60
    )
    assert told.returncode == 2
    assert told.stderr.startswith("aegis-tracker: ")


def test_a_run_that_was_closed_to_be_continued_is_not_ended(
    service: ContractServer, make_tracker: MakeTracker, spool_dir: Path
) -> None:
    first = make_tracker(url=NOBODY_LISTENS)
    first.log("INFO", "one")
    first.close(timeout=0)
    for _ in range(2):
        assert sync(service.url, spool_dir)[0] == 0
    assert service.run.texts() == ["one"]
    second = make_tracker(run_id=first.run_id)
    second.log("INFO", "two")
    second.complete({})
    assert second.flush(30)
    assert service.run.texts()[:-1] == ["one", "two"]
    assert list(spool_dir.iterdir()) == []


def test_a_run_that_was_continued_twice_arrives_whole(service: ContractServer, spool_dir: Path) -> None:
    run_id = left_behind(spool_dir, "tracker.log('INFO', '0'); tracker.flush()", service.url)
    for number in (1, 2, 3):
        program = f"""
tracker.close(0)
tracker = TrainingProgressTracker('medical', run_id={run_id!r})
tracker.log('INFO', '{number}')
tracker.flush({"10" if number != 2 else "0"})
"""
        with run_training(program + KILLED, service.url, spool_dir) as training:
            assert training.communicate(timeout=60)[0] == run_id
    run = service.runs[run_id]
    assert sync(service.url, spool_dir)[0] == 0
    assert run.texts()[:-1] == ["0", "1", "2", "3"]
    assert run.events[-1]["type"] == "fail"
    assert [json.loads(json.dumps(event))["n"] for event in run.events] == [1, 2, 3, 4, 5]


def test_its_help_tells_the_exit_codes() -> None:
    command = [sys.executable, "-m", "aegis_tracker", "sync", "--help"]
    told = subprocess.run(command, env=os.environ | {"PYTHONPATH": SOURCE}, capture_output=True, text=True, timeout=60)
    assert told.returncode == 0
    assert "exit status: 0" in told.stdout
