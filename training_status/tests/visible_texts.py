"""The table of texts that every implementation of `visible_text` is tested against."""

import json
from pathlib import Path
from typing import Any

TABLE: dict[str, Any] = json.loads(Path(__file__).with_name("visible_text.json").read_text(encoding="utf-8"))
TEXTS: list[dict[str, Any]] = TABLE["texts"]
LINES: list[dict[str, Any]] = TABLE["lines"]
NAMES = [text["name"] for text in TEXTS]
