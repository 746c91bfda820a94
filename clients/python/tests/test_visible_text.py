"""What is shown of a text that may hold anything, by the table that the service and its pages are tested against."""

import json
from pathlib import Path
from typing import Any

import pytest
from aegis_tracker.visible_text import one_line, visible_text

TABLE = json.loads((Path(__file__).parents[3] / "docs/visible_text.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("text", TABLE["texts"], ids=[text["name"] for text in TABLE["texts"]])
def test_what_is_shown(text: dict[str, Any]) -> None:
    assert visible_text(text["raw"]) == text["shown"]
    assert visible_text(text["raw"], link_targets=True) == text.get("with_targets", text["shown"])
    assert one_line(text["raw"]).splitlines() == [text["shown"].replace("\n", " ").replace("\t", " ")]
