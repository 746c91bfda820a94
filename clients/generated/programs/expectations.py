"""What every program of a client is told, and what it tells in the end."""

import json
import os
import sys
import uuid
from typing import Any, Final

DOMAIN: Final = sys.argv[1]
BASE_URL: Final = os.environ["AEGIS_URL"]
TOKEN: Final = os.environ["AEGIS_TOKEN"]
ID: Final = uuid.uuid4()

CONFIG: Final[dict[str, Any]] = {"teacher": {"temperature": 0.7}, "seeds": [1, 2], "note": None}
METRICS: Final[dict[str, Any]] = {"entity_f1": 0.71, "trials": 3, "best": None, "tuned": True, "model": "qwen3:32b"}
RESULT: Final[dict[str, Any]] = {"prompts": {"entity": "Find the entities."}, "scores": [0.87, None]}


def tell(**seen: Any) -> None:
    """Print the one object that the test compares."""
    print(json.dumps(seen, default=str))  # noqa: T201
