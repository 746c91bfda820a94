"""The admin, the pages and the terminal describe a run with the same texts: those of `docs/formatting.json`."""

import json
import os
import random
import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aegis_tracker import run_text as in_tracker

from tests.support.programs import path_of
from training_status import run_text
from training_status.templatetags import run_format

PROJECT = Path(__file__).resolve().parents[3]
TABLE = json.loads((PROJECT / "docs" / "formatting.json").read_text())
NOW = datetime.fromisoformat(TABLE["now"])
SEED = 20260120
CASES = (
    "durations",
    "ages",
    "moments",
    "states",
    "times_left",
    "by_time_left",
    "forecast_bases",
    "steps",
    "elapsed",
    "progress",
    "names",
)
NO_CASES: dict[str, Any] = {name: [] for name in CASES}


def on_pages(cases: dict[str, Any]) -> dict[str, list[Any]]:
    """The texts that the pages' modules make of these, for a reader in Britain whose clock shows UTC."""
    said = subprocess.run(
        [path_of("node"), Path(__file__).with_name("texts_of_runs.js")],
        input=json.dumps({"now": TABLE["now"]} | NO_CASES | cases),
        capture_output=True,
        check=True,
        encoding="utf-8",
        timeout=120,
        env={**os.environ, "LC_ALL": "en_GB.UTF-8", "TZ": "UTC"},
    )
    return json.loads(said.stdout)  # type: ignore[no-any-return]


def texts(name: str, key: str = "text") -> list[Any]:
    return [row[key] for row in TABLE[name]]


def timestamp(chance: random.Random, spread_s: float) -> str:
    """A time around now, in whole milliseconds, as browsers have them."""
    seconds = round(chance.uniform(-spread_s, spread_s), 3)
    return (NOW + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def random_run(chance: random.Random) -> dict[str, Any]:
    spread_s = 10 ** chance.uniform(0, 6)
    forecast = {"completion": timestamp(chance, spread_s), "high": timestamp(chance, spread_s)}
    return {
        "status": "training",
        "health": "ok",
        "last_report_at": timestamp(chance, spread_s),
        "estimated_completion": timestamp(chance, spread_s),
        "forecast": chance.choice([None, forecast]),
    }


def test_the_tracker_has_the_same_file():
    assert Path(run_text.__file__).read_text() == Path(in_tracker.__file__).read_text()


@pytest.mark.parametrize("row", TABLE["durations"], ids=str)
def test_a_duration(row: dict[str, Any]):
    seconds = row["seconds"]
    assert run_text.duration_text(seconds) == row["text"]
    assert run_format.duration(None if seconds is None else seconds * 1000) == row["text"]


@pytest.mark.parametrize("row", TABLE["ages"], ids=str)
def test_an_age(row: dict[str, Any]):
    timestamp = (NOW - timedelta(seconds=row["seconds"])).isoformat()
    assert run_text.age_text(row["seconds"]) == run_format.age(timestamp, NOW) == row["text"]


@pytest.mark.parametrize("row", TABLE["moments"], ids=str)
def test_a_moment(row: dict[str, Any]):
    assert run_text.moment_text(row["value"]) == run_format.moment(row["value"]) == row["text"]
    assert run_format.moment_with_seconds(row["value"]) == row["with_seconds"]


@pytest.mark.parametrize("row", TABLE["states"], ids=str)
def test_a_state(row: dict[str, Any]):
    assert (run_text.state_text(row["run"]), run_text.state_class(row["run"])) == (row["text"], row["class"])


@pytest.mark.parametrize("row", TABLE["times_left"], ids=str)
def test_a_time_left(row: dict[str, Any]):
    assert run_text.time_left_text(row["run"], NOW) == row["text"]


@pytest.mark.parametrize("row", TABLE["forecast_bases"], ids=str)
def test_what_a_forecast_is_based_on(row: dict[str, Any]):
    assert run_text.forecast_basis_text(row["forecast"]) == run_format.forecast_basis(row) == row["text"]


@pytest.mark.parametrize("row", TABLE["steps"], ids=str)
def test_a_step(row: dict[str, Any]):
    assert run_text.step_percent(row["step"]) == row["percent"]
    assert run_format.display_name(row["step"]["status"]) == row["state"]


@pytest.mark.parametrize("row", TABLE["elapsed"], ids=str)
def test_the_time_since_the_start(row: dict[str, Any]):
    assert run_text.elapsed_text(row["run"], NOW) == row["text"]


@pytest.mark.parametrize("row", TABLE["progress"], ids=str)
def test_the_progress_for_screen_readers(row: dict[str, Any]):
    assert run_format.progress_text(row["run"]) == row["text"]


@pytest.mark.parametrize("row", TABLE["names"], ids=str)
def test_a_name(row: dict[str, Any]):
    assert run_format.display_name(row["value"]) == row["text"]


def test_the_pages_say_what_the_table_says():
    said = on_pages({name: TABLE[name] for name in CASES})
    ranks = said.pop("ranks")
    assert len(ranks) == len(TABLE["by_time_left"])
    assert ranks == sorted(ranks)
    assert said == {
        "durations": texts("durations"),
        "ages": texts("ages"),
        "moments": texts("moments"),
        "states": texts("states"),
        "classes": texts("states", "class"),
        "times_left": texts("times_left"),
        "forecast_bases": texts("forecast_bases"),
        "step_percents": texts("steps", "percent"),
        "step_states": texts("steps", "state"),
        "elapsed": texts("elapsed"),
        "progress": texts("progress"),
        "names": texts("names"),
    }


def test_pages_and_admin_agree_on_many_runs():
    chance = random.Random(SEED)
    seconds = [
        *(second / 2 for second in range(2 * 8000)),
        *(86_400 * day + minute * 30 for day in range(3) for minute in range(2 * 24 * 60)),
        *(chance.uniform(-10, 10 ** chance.uniform(0, 9)) for _ in range(5000)),
    ]
    runs = [random_run(chance) for _ in range(5000)]
    durations = [{"seconds": second} for second in seconds]
    said = on_pages({"durations": durations, "ages": durations, "times_left": [{"run": run} for run in runs]})
    assert said["durations"] == [run_text.duration_text(second) for second in seconds]
    assert said["ages"] == [run_text.age_text(second) for second in seconds]
    assert said["times_left"] == [run_text.time_left_text(run, NOW) for run in runs]
