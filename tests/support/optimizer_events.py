"""Events about an optimiser, with what is required and what a test adds."""

from typing import Any


def candidate(name: str = "1", **more: Any) -> dict[str, Any]:
    return {"type": "candidate", "candidate": name, **more}


def evaluation(name: str = "1", score: float = 0.5, **more: Any) -> dict[str, Any]:
    fields = {"metric": "entity_f1", "split": "development", "example_count": 10}
    return {"type": "evaluation", "candidate": name, "score": score, **fields, **more}


def usage(*models: dict[str, Any]) -> dict[str, Any]:
    return {"type": "usage", "models": list(models)}


def used(model: str = "qwen3:32b", calls: int = 1, **more: Any) -> dict[str, Any]:
    return {"model": model, "calls": calls, **more}
