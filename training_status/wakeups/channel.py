"""What goes through PostgreSQL's NOTIFY: which runs, of which domains, have news."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

CHANNEL: Final = "aegis_runs"
_PAYLOAD_MAX_BYTES: Final = 7_900  # PostgreSQL refuses 8000


class News(NamedTuple):
    """A run has changed, begun or gone; keys as in the database."""

    domain_id: int
    run_id: int


def payloads(news: Iterable[News]) -> Iterator[str]:
    """The news as texts, each short enough for one NOTIFY: `3.17 3.18 5.20`."""
    words: list[str] = []
    length = 0
    for one in news:
        word = f"{one.domain_id}.{one.run_id}"
        if length + len(word) + 1 > _PAYLOAD_MAX_BYTES:
            yield " ".join(words)
            words, length = [], 0
        words.append(word)
        length += len(word) + 1
    if words:
        yield " ".join(words)


def news_in(payload: str) -> list[News]:
    """What a payload says. Raises ValueError for a text that is none of ours."""
    news = []
    for word in payload.split():
        domain_id, _, run_id = word.partition(".")
        news.append(News(int(domain_id), int(run_id)))
    return news
