"""A call is shared by all who ask while it goes on, and its failure by who asks just afterwards."""

import threading
from concurrent.futures import wait

import pytest

from aegis_training.shared_call import SharedCall

LIMIT_S = 20


def test_who_asks_meanwhile_shares_it_and_who_asks_later_does_not() -> None:
    calls: list[int] = []
    may_end = threading.Event()

    def call() -> int:
        calls.append(1)
        assert may_end.wait(LIMIT_S)
        return len(calls)

    shared = SharedCall(call, name="test")
    first, second = shared.join(), shared.join()
    may_end.set()
    assert first is second
    assert first.result(LIMIT_S) == 1
    assert shared.join().result(LIMIT_S) == 2


def test_nobody_has_to_wait_for_its_end() -> None:
    may_end = threading.Event()
    shared = SharedCall(lambda: may_end.wait(LIMIT_S), name="test")
    with pytest.raises(TimeoutError):
        shared.join().result(0)
    may_end.set()
    assert shared.join().result(LIMIT_S)


@pytest.mark.parametrize(("keep_failure_s", "calls_made"), [(0.0, 2), (600.0, 1)])
def test_a_failure_is_told_again_for_as_long_as_it_is_kept(keep_failure_s: float, calls_made: int) -> None:
    calls: list[int] = []

    def fail() -> None:
        calls.append(1)
        raise ZeroDivisionError

    shared = SharedCall(fail, name="test", keep_failure_s=keep_failure_s)
    for _ in range(2):
        wait([failed := shared.join()], LIMIT_S)
        with pytest.raises(ZeroDivisionError):
            failed.result()
    assert len(calls) == calls_made
