"""How long wake-ups are gathered."""

from training_status.change_notifications.listener import CollectingDelay


def rests(per_second: float, seconds: float = 2.0) -> list[float]:
    rest = CollectingDelay()
    return [rest.after(1, place / per_second) for place in range(1, round(per_second * seconds))]


def test_what_comes_now_and_then_is_passed_on_at_once():
    assert set(rests(per_second=50)) == {0.0}


def test_the_more_comes_the_more_is_gathered():
    slow, fast, flood = (rests(per_second)[-1] for per_second in (85, 105, 1000))
    assert 0 < slow < fast < flood == 0.1


def test_after_a_flood_it_is_prompt_again():
    rest = CollectingDelay()
    assert rest.after(500, 1.0) == 0.1
    assert rest.after(1, 3.0) == 0.0
