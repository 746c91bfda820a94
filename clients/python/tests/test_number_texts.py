"""The terminal shows numbers as `docs/formatting.json` says, which the service's pages are held to as well."""

import json
from pathlib import Path
from typing import Any

import pytest
from aegis_tracker.number_text import difference_text, exact_number_text, metric_text, number_text, number_texts
from aegis_tracker.terminal_view import metrics_line

TABLE = json.loads((Path(__file__).resolve().parents[3] / "docs" / "formatting.json").read_text())


@pytest.mark.parametrize("row", TABLE["numbers"], ids=lambda row: row["exact"])
def test_a_number(row: dict[str, Any]):
    assert (number_text(row["value"]), exact_number_text(row["value"])) == (row["text"], row["exact"])


@pytest.mark.parametrize("row", TABLE["beside_each_other"], ids=str)
def test_numbers_beside_each_other(row: dict[str, Any]):
    assert number_texts(row["values"]) == row["texts"]


@pytest.mark.parametrize("row", TABLE["differences"], ids=str)
def test_a_difference(row: dict[str, Any]):
    assert difference_text(row["value"], row["earlier"]) == row["text"]


@pytest.mark.parametrize("row", [*TABLE["metrics"], *TABLE["numbers"]], ids=str)
def test_a_metric_on_the_terminal(row: dict[str, Any]):
    assert metric_text(row["value"]) == row["text"]
    assert metrics_line({"entity_f1": row["value"]}).plain == f"entity f1 {row['text']}"
