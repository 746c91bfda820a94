"""The terminal describes a run as `docs/formatting.json` says, which the service's pages are held to as well."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from aegis_tracker import run_text
from aegis_tracker.terminal_view import display_name, headline

TABLE = json.loads((Path(__file__).resolve().parents[3] / "docs" / "formatting.json").read_text())
NOW = datetime.fromisoformat(TABLE["now"])
RUN = {
    "status": "training",
    "health": "ok",
    "failure_reason": None,
    "progress": 27,
    "estimated_completion": None,
    "forecast": None,
    "started_at": None,
    "completed_at": None,
}


def shown(run: dict[str, Any]) -> list[str]:
    """The state, the percentage, and the time if any."""
    return headline(RUN | run, NOW).plain.split("  ")


@pytest.mark.parametrize("row", TABLE["durations"], ids=str)
def test_a_duration(row: dict[str, Any]):
    assert run_text.duration_text(row["seconds"]) == row["text"]


@pytest.mark.parametrize("row", TABLE["ages"], ids=str)
def test_an_age(row: dict[str, Any]):
    assert run_text.age_text(row["seconds"]) == row["text"]


@pytest.mark.parametrize("row", TABLE["states"], ids=str)
def test_a_state(row: dict[str, Any]):
    assert shown(row["run"])[0] == row["text"]
    assert run_text.state_class(row["run"]) == row["class"]


@pytest.mark.parametrize("row", TABLE["times_left"], ids=str)
def test_a_time_left(row: dict[str, Any]):
    assert shown(row["run"])[2:] == ([row["text"]] if row["text"] else [])


@pytest.mark.parametrize("row", TABLE["elapsed"], ids=str)
def test_the_time_that_a_run_took(row: dict[str, Any]):
    assert run_text.elapsed_text(row["run"], NOW) == row["text"]
    if row["run"]["completed_at"]:
        assert shown({"status": "completed", "health": None} | row["run"])[2:] == ([row["text"]] if row["text"] else [])


@pytest.mark.parametrize("row", TABLE["steps"], ids=str)
def test_a_step(row: dict[str, Any]):
    assert run_text.step_percent(row["step"]) == row["percent"]


@pytest.mark.parametrize("row", TABLE["forecast_bases"], ids=str)
def test_what_a_forecast_is_based_on(row: dict[str, Any]):
    assert run_text.forecast_basis_text(row["forecast"]) == row["text"]


@pytest.mark.parametrize("row", TABLE["names"], ids=str)
def test_a_name(row: dict[str, Any]):
    assert display_name(row["value"]) == row["text"]
