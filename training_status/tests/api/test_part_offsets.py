"""Ranges cut out of a body that is made part by part."""

from collections.abc import Iterator

import pytest

from training_status.api import part_offsets
from training_status.api.part_offsets import BodyChanged, PartOffsets, offsets_of


class Letters:
    """A body, and the numbers of the parts that were made."""

    def __init__(self, *parts: bytes) -> None:
        self.etag: str | None = '"letters"'
        self._parts = parts
        self.made: list[int] = []

    def parts(self, first: int = 0) -> Iterator[bytes]:
        for number, part in enumerate(self._parts[first:], first):
            self.made.append(number)
            yield part


PARTS = (b"abc", b"", b"d", b"efgh", b"")


@pytest.mark.parametrize("begin", range(8))
@pytest.mark.parametrize("stop", range(9))
def test_every_range(begin: int, stop: int) -> None:
    if begin >= stop:
        return
    offsets = PartOffsets()
    assert offsets.measure(Letters(*PARTS)) == 8
    assert b"".join(offsets.cut(Letters(*PARTS), begin, stop)) == b"abcdefgh"[begin:stop]


def test_nothing_is_made_twice_to_learn_the_length() -> None:
    offsets, body = PartOffsets(), Letters(*PARTS)
    assert offsets.measure(body) == 8
    assert offsets.measure(body) == 8
    assert body.made == [0, 1, 2, 3, 4]
    assert b"".join(offsets.cut(body, 3, 5)) == b"de"
    assert body.made[5:] == [2, 3]


def test_what_was_sent_before_is_not_made_again_to_learn_the_length() -> None:
    offsets, body = PartOffsets(), Letters(*PARTS)
    broken_off = offsets.learning(body.parts())
    assert next(broken_off) + next(broken_off) + next(broken_off) == b"abcd"
    assert offsets.measure(body) == 8
    assert body.made == [0, 1, 2, 3, 4]


def test_measuring_is_given_up_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    offsets, body = PartOffsets(), Letters(*PARTS)
    with monkeypatch.context() as patched:
        patched.setattr(part_offsets, "MEASURING_LIMIT_S", -1)
        assert offsets.measure(body) is None
    assert offsets.measure(body) == 8
    assert body.made == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("parts", [(b"abc", b"", b"d", b"efg"), (b"abc", b"", b"d"), (b"abcd", b"", b"d", b"efgh")])
def test_a_body_that_has_changed_breaks_off(parts: tuple[bytes, ...]) -> None:
    offsets = PartOffsets()
    offsets.measure(Letters(*PARTS))
    with pytest.raises(BodyChanged):
        b"".join(offsets.cut(Letters(*parts), 1, 8))


def test_an_empty_body() -> None:
    assert PartOffsets().measure(Letters()) == 0


def test_the_bodies_asked_for_last_are_kept() -> None:
    first = Letters()
    first.etag = '"first"'
    kept = offsets_of(first)
    assert offsets_of(first) is kept
    for number in range(part_offsets.BODIES_KEPT):
        other = Letters()
        other.etag = f'"{number}"'
        offsets_of(other)
    assert offsets_of(first) is not kept
