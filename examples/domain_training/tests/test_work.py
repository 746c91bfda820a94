"""The share of work done. Needs no DSPy."""

from concurrent.futures import ThreadPoolExecutor

from domain_training.work import Work


def make_work(**totals: int) -> tuple[Work, list[float]]:
    fractions: list[float] = []
    return Work(totals, fractions.append), fractions


def test_each_unit_is_told() -> None:
    work, fractions = make_work(search=1, trials=3)
    work.advance("search")
    work.advance("trials")
    assert fractions == [0.25, 0.5]
    assert work.fraction == 0.5


def test_what_a_part_did_not_need_counts_as_done() -> None:
    work, fractions = make_work(search=4, trials=4)
    work.advance("search")
    work.settle("search")
    assert fractions == [0.125, 0.5]


def test_more_than_the_total_is_not_counted() -> None:
    work, fractions = make_work(trials=2)
    for _ in range(5):
        work.advance("trials")
    assert fractions == [0.5, 1.0]


def test_it_never_goes_back() -> None:
    work, fractions = make_work(search=4)
    work.reach("search", 3)
    work.reach("search", 1)
    assert fractions == [0.75]


def test_it_ends_at_one_once_all_is_settled() -> None:
    work, fractions = make_work(search=3, trials=7)
    work.advance("trials")
    work.settle_all()
    assert fractions[-1] == 1.0


def test_fractions_come_in_order_from_many_threads() -> None:
    work, fractions = make_work(trials=400)
    with ThreadPoolExecutor(8) as threads:
        for _ in range(400):
            threads.submit(work.advance, "trials")
    assert fractions == [n / 400 for n in range(1, 401)]
