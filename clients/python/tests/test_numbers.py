"""Numbers arrive as they are: exact where they can be, missing where they are missing, never another number."""

import math
import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from aegis_tracker.sanitizing import fit_metrics, fit_number
from support.contract_server import ContractServer
from support.trackers import MakeTracker
from support.unusual_numbers import Count, Element, NoNumber, Share, Tensor


def as_metric(value: object) -> object:
    return fit_metrics({"metric": value}, lambda _, sentence: pytest.fail(sentence))["metric"]


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (2**53 + 1, 2**53 + 1),
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
        (Count.THREE, 3),
        (0.1 + 0.2, 0.30000000000000004),
        (sys.float_info.max, sys.float_info.max),
        (5e-324, 5e-324),
        (Decimal("0.1"), 0.1),
        (Decimal("0.1000000000000000055511151231257827"), 0.1),
        (Decimal("1e-400"), 0.0),
        (Decimal("1e400"), None),
        (Decimal("-Infinity"), None),
        (Decimal("NaN"), None),
        (Decimal("sNaN"), None),
        (Fraction(1, 3), 1 / 3),
        (Fraction(10**400, 10**399), 10.0),
        (Fraction(10**400), None),
        (Share.HALF, 0.5),
        (Share.EXACT, 0.25),
        (Share.NAMED, "Share.NAMED"),
        (Share.NOTHING, "Share.NOTHING"),
        (NoNumber(), None),
        (Tensor(), 0.75),
        (Element(2**60 + 1), 2**60 + 1),
        (Element(True), True),
        (Element(math.nan), None),
        (Element(None), None),
        (Element(Decimal("0.5")), 0.5),
        (Element(1 + 2j, mask=lambda: None), str),
        (Element(0.5, mask=True), None),
        (Element(0.5, mask=False), 0.5),
        (Element(0.5, mask=lambda condition: None), 0.5),
        (1 + 2j, "(1+2j)"),
        ("0.5", "0.5"),
        ("nan", "nan"),
    ],
)
def test_a_metric_is_the_number_it_is(given: object, sent: object) -> None:
    got = as_metric(given)
    assert isinstance(got, str) if sent is str else (got == sent and type(got) is type(sent))


def of_numpy(make: Callable[[Any], object], sent: object, name: str) -> Any:
    return pytest.param(make, sent, id=name)


@pytest.mark.parametrize(
    ("make", "sent"),
    [
        of_numpy(lambda np: np.ma.masked, None, "masked"),
        of_numpy(lambda np: np.ma.array(5.0, mask=True), None, "a masked element"),
        of_numpy(lambda np: np.ma.array([5], mask=[True]), None, "a masked array of one"),
        of_numpy(lambda np: np.ma.array([1.0, 2.0], mask=True).mean(), None, "the mean of nothing"),
        of_numpy(lambda np: np.ma.array(5.0, mask=False), 5.0, "an element that is not masked"),
        of_numpy(lambda np: np.ma.array([5.0]), 5.0, "an array without a mask"),
        of_numpy(lambda np: np.longdouble("0.1"), 0.1, "extended precision"),
        of_numpy(lambda np: np.array(np.longdouble("0.1")), 0.1, "an array of extended precision"),
        of_numpy(lambda np: np.longdouble("1e4000"), None, "beyond a double"),
        of_numpy(lambda np: np.longdouble("nan"), None, "an extended NaN"),
        of_numpy(lambda np: np.float16(0.1), 0.0999755859375, "half precision"),
        of_numpy(lambda np: np.float32(0.1), 0.10000000149011612, "single precision"),
        of_numpy(lambda np: np.float64(0.1), 0.1, "double precision"),
        of_numpy(lambda np: np.array(0.5), 0.5, "an array without dimensions"),
        of_numpy(lambda np: np.array([[3]]), 3, "an array of one"),
        of_numpy(lambda np: np.int64(2**63 - 1), 2**63 - 1, "a large integer"),
        of_numpy(lambda np: np.int64(-(2**63)), -(2**63), "the least integer"),
        of_numpy(lambda np: np.bool_(True), True, "a bool"),
        of_numpy(lambda np: np.array(False), False, "a bool in an array"),
        of_numpy(lambda np: np.datetime64("2026-01-20"), "2026-01-20", "a day"),
        of_numpy(lambda np: np.datetime64("2026-01-20", "ns"), "2026-01-20T00:00:00.000000000", "a nanosecond"),
        of_numpy(lambda np: np.datetime64("NaT"), None, "no time"),
        of_numpy(lambda np: np.array(np.timedelta64("NaT", "ns")), None, "no difference"),
        of_numpy(lambda np: np.timedelta64(5, "ns"), "5 nanoseconds", "a difference"),
        of_numpy(lambda np: np.complex64(1 + 2j), "(1+2j)", "complex"),
        of_numpy(lambda np: np.clongdouble(1 + 2j), "(1+2j)", "complex of extended precision"),
        of_numpy(lambda np: np.array(Decimal("0.5"), dtype=object), 0.5, "an object"),
        of_numpy(lambda np: np.array(None, dtype=object), None, "no object"),
        of_numpy(lambda np: np.str_("0.5"), "0.5", "text"),
        of_numpy(lambda np: np.array([1, 2]), "[1 2]", "several"),
        of_numpy(lambda np: np.array([]), "[]", "none"),
    ],
)
def test_what_numpy_has(make: Callable[[Any], object], sent: object) -> None:
    got = as_metric(make(pytest.importorskip("numpy")))
    assert got == sent
    assert type(got) is type(sent)


def test_numbers_arrive(service: ContractServer, make_tracker: MakeTracker) -> None:
    tracker = make_tracker(config={"rate": Decimal("0.1"), "missing": Element(0.5, mask=True)})
    tracker.update_progress(Decimal("0.25"), metrics={"missing": Decimal("sNaN"), "exact": 2**53 + 1})
    tracker.complete({"third": Fraction(1, 3)}, result={"missing": [Element(0.5, mask=True), NoNumber()]})
    assert tracker.flush(30)
    progress, end = service.run.events
    assert service.run.start["config"] == {"rate": 0.1, "missing": None}
    assert (progress["fraction"], progress["metrics"]) == (0.25, {"missing": None, "exact": 2**53 + 1})
    assert (end["metrics"], end["result"]) == ({"third": 1 / 3}, {"missing": [None, None]})


@pytest.mark.parametrize("given", [True, False, Element(True), 1 + 0j, [0.5], {0.5}, Share.NAMED, object(), "0,5", ""])
def test_what_is_no_number(given: object) -> None:
    assert fit_number(given) is None
