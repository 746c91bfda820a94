"""F1 of one sample. Needs no DSPy."""

import pytest
from domain_training.scoring import compare, mean


@pytest.mark.parametrize(
    ("expected", "answered", "f1"),
    [
        ("ab", "ab", 1.0),
        ("ab", "ba", 1.0),
        ("", "", 1.0),
        ("a", "", 0.0),
        ("", "a", 0.0),
        ("ab", "bc", 0.5),
        ("ab", "a", 2 / 3),
        ("a", "aaa", 1.0),
        ("a", "A", 0.0),
    ],
)
def test_f1(expected: str, answered: str, f1: float) -> None:
    assert compare(expected, answered).f1 == pytest.approx(f1)


def test_a_comparison_says_what_is_wrong() -> None:
    comparison = compare("abc", "bxx")
    assert (comparison.found, comparison.missing, comparison.unexpected) == (("b",), ("a", "c"), ("x",))


def test_the_mean_of_nothing_is_zero() -> None:
    assert mean([]) == 0.0


def test_a_mean_is_not_rounded() -> None:
    assert mean([1.0, 0.0, 0.0]) == 1 / 3
    assert mean([1.0] * 9_999 + [0.6]) < 1
