"""Progress is a fraction from 0.0 to 1.0; what is none moves nothing and is said."""

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from support.contract_server import ContractServer
from support.trackers import MakeTracker, said_once
from support.unusual_numbers import Element, Share


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (0, 0.0), (1, 1.0), (-0.0, 0.0), ("0.25", 0.25), (b"0.25", 0.25), (45 / 100, 0.45), (Decimal("0.45"), 0.45),
        (Fraction(1, 2), 0.5), (Share.HALF, 0.5), (Element(0.5), 0.5), (sum([0.1] * 10) + 2e-16, 1.0),
        (1.0000000000000002, 1.0), (1.00000011920928955, 1.0), (1 + 9e-7, 1.0), (-9e-7, 0.0),
        (0.1 + 0.2 - 0.3 - 1e-16, 0.0),
    ],
)  # fmt: skip
def test_a_fraction_is_taken(service: ContractServer, make_tracker: MakeTracker, given: object, sent: float) -> None:
    tracker = make_tracker()
    tracker.update_progress(given)
    assert tracker.flush(30)
    (event,) = service.run.events
    assert event["fraction"] == pytest.approx(sent, abs=1e-15)
    assert 0.0 <= event["fraction"] <= 1.0
    assert math.copysign(1, event["fraction"]) == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (45, r"'45' was ignored\. It must be a fraction from 0\.0 to 1\.0; 45 % is 0\.45\."),
        (1.5, r"1\.5 % is 0\.015\."),
        (100, r"100 % is 1\."),
        ("45%", r"'45%' was ignored\. .* to 1\.0; 45 % is 0\.45\."),
        ("45.5 %", r"45\.5 % is 0\.455\."),
        (Decimal("45"), r"45 % is 0\.45\."),
        (Element(45.0), r"45 % is 0\.45\."),
        (-0.2, r"'-0\.2' was ignored\. It must be a fraction from 0\.0 to 1\.0\."),
        (101, r"'101' was ignored\. .* to 1\.0\."),
        (1 + 1e-5, r"was ignored\. It must be a fraction from 0\.0 to 1\.0\."),
        (1.1, r"'1\.1' was ignored\. It must be a fraction from 0\.0 to 1\.0\."),
        (-1e-5, r"was ignored"),
        (True, r"'True' was ignored"),
        (math.nan, r"'nan' was ignored"),
        (math.inf, r"'inf' was ignored"),
        (10**400, r"was ignored"),
        (None, r"'None' was ignored"),
        ("half", r"'half' was ignored"),
        (Element(0.5, mask=True), r"was ignored"),
    ],
)
def test_what_is_no_fraction_leaves_the_progress_where_it_is(
    service: ContractServer, make_tracker: MakeTracker, given: object, said: str
) -> None:
    tracker = make_tracker()
    tracker.update_progress(0.25)
    with said_once(said):
        tracker.update_progress(given, "told", {"f1": 0.5})
        tracker.update_progress(given)
    tracker.update_progress(0.75)
    assert tracker.flush(30)
    events = service.run.events
    assert [event["fraction"] for event in events] == [0.25, 0.25, 0.25, 0.75]
    assert (events[1]["message"], events[1]["metrics"]) == ("told", {"f1": 0.5})


def test_the_own_status_does_not_move_either(make_tracker: MakeTracker) -> None:
    tracker = make_tracker()
    tracker.update_progress(0.5)
    before = tracker._reporter.status.shown()["progress"]
    with said_once("45 % is"):
        tracker.update_progress(45)
    assert tracker._reporter.status.shown()["progress"] == before
