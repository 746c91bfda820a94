"""Whether a higher value of a metric is better: declared, else by its name, else unknown."""

import re
from pathlib import Path

import pytest

from training_status.metric_directions import direction_by_name, directions, known_directions, shared_directions

CONTRACT = (Path(__file__).resolve().parents[2] / "docs" / "contract.md").read_text()
WORDS = {"true": True, "false": False, "unknown": None}


def examples_of_the_contract() -> list[tuple[str, bool | None]]:
    section = CONTRACT.split("### Better or worse")[1].split("## Logs")[0]
    rows = re.findall(r"^\| (`.*`) \| (true|false|unknown) \|$", section, re.M)
    return [(name, WORDS[word]) for names, word in rows for name in re.findall(r"`([^`]+)`", names)]


@pytest.mark.parametrize(("name", "is_higher_better"), examples_of_the_contract())
def test_the_names_of_the_contract(name: str, is_higher_better: bool | None) -> None:
    assert direction_by_name(name) is is_higher_better


def test_the_contract_has_both_tables() -> None:
    assert len(examples_of_the_contract()) == 11 + 26
    assert {word for _, word in examples_of_the_contract()} == {True, False, None}


@pytest.mark.parametrize(
    ("name", "is_higher_better"),
    [
        ("F1", True),
        ("macroF1", True),
        ("entity.f1", True),
        ("top1Accuracy", True),
        ("SCORES", True),
        ("validationLoss", False),
        ("HTTPErrors", False),
        ("p95LatencyMs", False),
        ("latency s", False),
        ("gpu-cost", False),
        ("tokens", False),
        ("total tokens", False),
        ("", None),
        ("_", None),
        ("f2", None),
        ("f1score", None),  # one word, which is not in the list
        ("loss2", None),
        ("costume", None),
        ("gloss", None),
        ("lossé", None),
        ("précision", None),
        ("tokensPerSecond", None),
        ("tokens/sec", None),
        ("cost_per_token", None),
        ("negativeLoss", None),
        ("loss_scale", None),
        ("f1_std", None),
        ("score_threshold", None),
        ("token_accuracy", True),
        ("higher_is_better", None),
        ("__proto__", None),
    ],
)
def test_other_names(name: str, is_higher_better: bool | None) -> None:
    assert direction_by_name(name) is is_higher_better


def test_a_name_of_any_length_is_read() -> None:
    assert direction_by_name(f"{'x' * 16_000}_loss") is False
    assert direction_by_name("x" * 16_000) is None


def test_a_declaration_comes_before_the_name() -> None:
    metrics = {"loss": 1, "score": 2.5, "perplexity": 3, "throughput": 4, "model": "a", "ok": True, "none": None}
    declared = {"loss": True, "perplexity": False, "model": True, "absent": True, "Score": False}
    assert directions(metrics, declared) == {"loss": True, "score": True, "perplexity": False}
    assert known_directions(["loss", "throughput"], {}) == {"loss": False}


def test_several_runs_must_not_contradict_each_other() -> None:
    one = ({"loss": 1, "speed": 2, "grip": 3, "f1": 0.5}, {"speed": True, "grip": True, "f1": False})
    other = ({"loss": 2, "speed": 3, "grip": 4, "f1": 0.6, "only": 1}, {"grip": False})
    silent = ({"only": 2, "text": "a"}, {})
    assert shared_directions([one, other, silent]) == {"loss": False, "speed": True, "f1": False}
    assert shared_directions([]) == {}
