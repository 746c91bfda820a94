"""What goes through the channel."""

import pytest

from training_status.change_notifications.channel import RunChanged, changes_in, payloads


def test_news_comes_out_as_it_went_in():
    news = [RunChanged(3, 17), RunChanged(3, 18), RunChanged(5, 20)]
    (payload,) = payloads(news)
    assert changes_in(payload) == news


def test_no_payload_is_longer_than_postgresql_takes():
    news = [RunChanged(2**62, 2**62 + n) for n in range(1000)]
    texts = list(payloads(news))
    assert max(len(text) for text in texts) < 8000
    assert [one for text in texts for one in changes_in(text)] == news


@pytest.mark.parametrize("payload", ["x", "1.x", "1", "1.2,3.4"])
def test_what_is_not_ours_is_refused(payload):
    with pytest.raises(ValueError):
        changes_in(payload)
