"""Two sets of examples are the same only when their examples say so."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dspy
import numpy as np
import pytest
from aegis_tracker import phases
from aegis_tracker.dspy import track
from aegis_tracker.dspy.example_sets import are_the_same
from watched_optimization import Student, entity_task, watched


class Scan:
    """A value that does not show what is in it, and cannot be compared."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __repr__(self) -> str:
        return "Scan(…)"


class Uncomparable(Scan):
    def __eq__(self, other: object) -> bool:
        raise RuntimeError("not comparable")

    __hash__ = None  # type: ignore[assignment]


def array(number: int) -> Any:
    return np.pad(np.full((8, 8), number), 30)


def image(number: int) -> Any:
    return dspy.Image(f"data:image/png;base64,{'ABCDEF'[number] * 100}")


def text(number: int) -> str:
    return f"Text {number}"


def listed(number: int) -> list[int]:
    return [number]


def examples(value: Callable[[int], Any], *numbers: int) -> list[dspy.Example]:
    return [dspy.Example(shown=value(number), text="the same").with_inputs("text") for number in numbers]


@pytest.mark.parametrize("value", [array, image, text, listed, Scan, Uncomparable])
def test_other_values_are_other_sets(value: Any) -> None:
    assert not are_the_same(examples(value, 0, 1, 2), examples(value, 3, 4, 5))


@pytest.mark.parametrize("value", [array, image, text, listed, Scan, Uncomparable])
def test_a_set_is_the_same_as_its_copies_in_another_order(value: Any) -> None:
    one = examples(value, 0, 1, 2, 2)
    assert are_the_same(one, list(reversed(one)))
    assert are_the_same(one, [example.copy() for example in reversed(one)])


@pytest.mark.parametrize("value", [image, text, listed])
def test_a_set_is_the_same_as_deep_copies(value: Any) -> None:
    one = examples(value, 0, 1, 2, 2)
    assert are_the_same(one, copy.deepcopy(one[::-1]))


@pytest.mark.parametrize("value", [array, Scan, Uncomparable])
def test_copies_of_values_that_cannot_be_compared_are_not_known_to_be_the_same(value: Any) -> None:
    one = examples(value, 0, 1, 2)
    assert not are_the_same(one, copy.deepcopy(one))


@pytest.mark.parametrize("value", [text, listed, image])
def test_each_example_counts_as_often_as_it_is_there(value: Any) -> None:
    assert not are_the_same(examples(value, 0, 0, 1), examples(value, 0, 1, 1))
    assert not are_the_same(examples(value, 0, 1), examples(value, 0, 1, 1))


def test_a_gepa_with_pictures_and_as_few_validation_examples_as_in_a_minibatch(tmp_path: Path) -> None:
    task = entity_task()

    class Looking(Student):
        def forward(self, picture: Any) -> dspy.Prediction:
            return super().forward(text="Aspirin relieves pain.")

    def pictures(*numbers: int) -> list[dspy.Example]:
        return [dspy.Example(picture=array(number), entities=None).with_inputs("picture") for number in numbers]

    def better_in_training(example: Any, prediction: Any, trace: Any = None, *_: Any) -> float:
        return 0.9 if example.picture[33, 33] < 100 else 0.2

    with watched(tmp_path) as seen:
        optimizer = dspy.GEPA(
            metric=better_in_training, max_metric_calls=40, reflection_lm=dspy.settings.lm, num_threads=1
        )
        with track(seen.tracker, phases.ENTITY_EXTRACTION_OPTIMIZATION):
            optimizer.compile(
                Looking(task, seen.tracker), trainset=pictures(1, 2, 3, 4, 5, 6), valset=pictures(100, 101, 102)
            )
        of_the_run = [e["metrics"]["score"] for e in seen.events() if e["type"] == "progress" and e.get("metrics")]
        assert of_the_run == pytest.approx([0.2])
