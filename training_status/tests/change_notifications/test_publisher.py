"""News on its way from many threads to one NOTIFY."""

from collections.abc import Iterator

import pytest
from django.db import connection

from training_status.change_notifications.channel import CHANNEL, RunChanged, changes_in
from training_status.change_notifications.publisher import Publisher, notify_statement

pytestmark = pytest.mark.django_db(transaction=True)

AWAIT_S = 20

FIRST, SECOND, THIRD = RunChanged(1, 10), RunChanged(2, 20), RunChanged(3, 30)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    publisher = Publisher()
    yield publisher
    publisher.close()


@pytest.fixture
def received() -> Iterator["Ear"]:
    ear = Ear()
    yield ear
    ear.connection.close()


class Ear:
    """A connection that listens."""

    def __init__(self) -> None:
        self.connection = connection.copy()
        with self.connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")

    def so_far(self) -> list[RunChanged]:
        """What has come by now, without waiting."""
        return self._read(0)

    def until(self, last: RunChanged) -> list[RunChanged]:
        """What comes, up to this."""
        received: list[RunChanged] = []
        while last not in received:
            news = self._read(AWAIT_S)
            assert news, f"{last} did not come, only {received}"
            received += news
        return received

    def _read(self, timeout_s: float) -> list[RunChanged]:
        notifies = self.connection.connection.notifies(timeout=timeout_s, stop_after=1)
        return [news for notify in notifies for news in changes_in(notify.payload)]


def test_after_a_slow_commit_news_waits_for_the_next(publisher: Publisher):
    assert publisher.take(FIRST) == {FIRST}
    publisher.sent(10.0)
    assert publisher.take(SECOND) is None


def test_while_one_sends_the_others_leave_theirs(publisher: Publisher):
    assert publisher.take(FIRST) == {FIRST}
    assert publisher.take(SECOND) is None


def test_what_nobody_takes_is_sent_by_the_thread(publisher: Publisher, received: Ear):
    publisher.take(FIRST)
    publisher.add([SECOND, THIRD])
    publisher.sent(0.001)
    assert set(received.until(SECOND)) == {SECOND, THIRD}


def test_what_was_taken_along_by_a_commit_that_failed_is_sent_all_the_same(publisher: Publisher, received: Ear):
    publisher.take(FIRST)
    publisher.sent(0.0)
    taken = None
    while taken is None:  # until the pause is over
        taken = publisher.take(SECOND)
    publisher.failed({THIRD})
    assert received.until(THIRD) == [THIRD]


def test_the_thread_goes_on_after_its_connection_was_ended(publisher: Publisher, received: Ear):
    publisher.add([FIRST])
    received.until(FIRST)
    end_publishers()
    publisher.add([SECOND])
    received.until(SECOND)


def test_closing_sends_at_once_what_would_have_waited(publisher: Publisher, received: Ear):
    publisher.take(FIRST)
    publisher.sent(10.0)
    publisher.add([SECOND])
    publisher.close()
    assert received.so_far() == [SECOND]


def test_a_closed_publisher_starts_again(publisher: Publisher, received: Ear):
    publisher.add([FIRST])
    publisher.close()
    publisher.add([SECOND])
    publisher.close()
    assert set(received.until(SECOND)) == {FIRST, SECOND}


def test_one_statement_says_more_than_fits_one_payload(received: Ear):
    news = {RunChanged(2**40, 2**40 + n) for n in range(1000)}
    with connection.cursor() as cursor:
        cursor.execute(notify_statement(news))
    said: set[RunChanged] = set()
    while said != news:
        said |= set(received.until(next(iter(news - said))))


def end_publishers() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE query LIKE '%%pg_notify(%%' AND pid <> pg_backend_pid() AND datname = current_database()"
        )
