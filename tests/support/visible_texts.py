"""The table of texts that every implementation of `visible_text` is tested against."""

import json
from typing import Any

from tests.support.project import PROJECT

TABLE: dict[str, Any] = json.loads((PROJECT / "docs/visible_text.json").read_text(encoding="utf-8"))
TEXTS: list[dict[str, Any]] = TABLE["texts"]
LINES: list[dict[str, Any]] = TABLE["lines"]
NAMES = [text["name"] for text in TEXTS]
