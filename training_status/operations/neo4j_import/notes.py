"""What was changed so that a run or a domain could be stored."""


class Notes:
    """Sentences, and counts of changes of the same kind, in the order in which they first came."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._first: dict[str, int] = {}

    def say(self, sentence: str) -> None:
        """Note something that happens once."""
        self._counts.setdefault(sentence, 0)

    def count(self, what: str, place: int) -> None:
        """Note one more change of this kind; `place` is the message's position in the log, from 1."""
        self._counts[what] = self._counts.get(what, 0) + 1
        self._first.setdefault(what, place)

    def lines(self) -> list[str]:
        """The notes, one line each."""
        return [
            f"{what}: {count:,} (first: message {self._first[what]:,})" if count else what
            for what, count in self._counts.items()
        ]

    def __bool__(self) -> bool:
        return bool(self._counts)
