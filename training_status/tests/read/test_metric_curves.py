"""The curves of a run's metrics: complete where they are short, thinned where they are long, whole in any case."""

import itertools

import pytest
from django.db import connection

from tests.support.factories import TrainingRunFactory, log_lines, send
from training_status.ingest.batch import LogEvent, PhaseEvent, ProgressEvent
from training_status.models import TrainingLogEntry, TrainingRun
from training_status.read import metric_curves as module
from training_status.read.metric_curves import MetricCurves, metric_curves
from training_status.read.run_facts import run_by_public_id

pytestmark = pytest.mark.django_db

_FILL = """
    INSERT INTO training_status_traininglogentry (run_id, seq, "timestamp", level, message, metrics)
    SELECT %s, seq, now(), 20, '', CASE WHEN seq %% %s = 0 THEN jsonb_build_object('f1', seq %% 1009) END
      FROM generate_series(1, %s) AS seq
"""


def curves_of(run: TrainingRun, points_max: int = 200) -> MetricCurves:
    facts = run_by_public_id(run.public_id)
    assert facts
    return metric_curves(facts, points_max=points_max)


def pairs(curves: MetricCurves, name: str) -> list[tuple[int, float]]:
    return [(point.seq, point.value) for point in curves.curves[name]]


def long_run(entries: int, *, every: int = 1) -> TrainingRun:
    """A run whose entries, or every so manieth, have the metric `f1`: the entry's number modulo 1009."""
    run = TrainingRunFactory(running=True, last_seq=entries, info_count=entries)
    with connection.cursor() as cursor:
        cursor.execute(_FILL, (run.id, every, entries))
    return run


def test_every_value_with_its_entry():
    run = TrainingRunFactory()
    send(
        run,
        PhaseEvent(n=1, phase="loading_data"),
        ProgressEvent(n=2, fraction=0.1, metrics={"f1": 0.5, "loss": 3}),
        LogEvent(n=3, level="INFO", message="", metrics={"f1": -1.25}),
        ProgressEvent(n=4, fraction=0.2, metrics={"f1": None, "loss": 2}),
    )
    found = curves_of(run)
    assert found.is_exact
    assert list(found.curves) == ["f1", "loss"]
    assert pairs(found, "f1") == [(2, 0.5), (3, -1.25)]
    assert pairs(found, "loss") == [(2, 3.0), (4, 2.0)]
    times = dict(TrainingLogEntry.objects.filter(run=run).values_list("seq", "timestamp"))
    assert [point.timestamp for point in found.curves["loss"]] == [times[2], times[4]]


def test_whole_numbers_stay_what_they_are():
    run = TrainingRunFactory()
    values = [2**53 + 1, -(2**53) - 1, 12345678901234567890, 3, 0.1, 1e300]
    send(run, *[LogEvent(n=n, level="INFO", message="", metrics={"f1": value}) for n, value in enumerate(values, 1)])
    assert [value for _, value in pairs(curves_of(run), "f1")] == values


def test_only_numbers_make_a_curve():
    run = TrainingRunFactory()
    metrics = {"text": "0.5", "flag": True, "none": None, "great": 1.7e308, "small": 5e-324, "long": 10**18, "": 1}
    send(run, LogEvent(n=1, level="INFO", message="", metrics=metrics))
    assert {name: points[0].value for name, points in curves_of(run).curves.items()} == {
        "great": 1.7e308,
        "small": 5e-324,
        "long": 1e18,
        "": 1.0,
    }


def test_a_run_without_entries_or_without_metrics():
    assert curves_of(TrainingRunFactory()).curves == {}
    run = TrainingRunFactory()
    send(run, *log_lines(1, 3))
    assert curves_of(run).curves == {}
    assert curves_of(run).is_exact


def test_a_long_curve_keeps_its_ends_and_extremes():
    run = long_run(2_000)
    TrainingLogEntry.objects.filter(run=run, seq=777).update(metrics={"f1": 5000})
    TrainingLogEntry.objects.filter(run=run, seq=1300).update(metrics={"f1": -5000})
    points = pairs(curves_of(run, points_max=20), "f1")
    assert 10 <= len(points) <= 20
    assert points == sorted(points)
    assert (points[0], points[-1]) == ((1, 1.0), (2000, 2000 % 1009))
    assert {(777, 5000.0), (1300, -5000.0)} <= set(points)


@pytest.mark.parametrize("points_max", [4, 5, 200])
def test_there_are_no_more_points_than_asked_for(points_max):
    points = pairs(curves_of(long_run(1_500), points_max), "f1")
    assert points_max - 1 <= len(points) <= points_max


def test_few_values_in_a_long_log_are_all_there():
    """Also where they stand close together, as those of a validation at the end do."""
    run = long_run(30_000, every=40_000)
    placed = [7, *range(15_000, 15_040), 28_500]
    for seq in placed:
        TrainingLogEntry.objects.filter(run=run, seq=seq).update(metrics={"f1": seq})
    found = curves_of(run)
    assert found.is_exact
    assert pairs(found, "f1") == [(seq, float(seq)) for seq in placed]


def test_when_the_time_is_up_the_curve_is_coarser_but_whole(settings, monkeypatch):
    """The clock moves a tick each time it is asked, so that the time suffices for a few slices."""
    ticks = itertools.count()
    monkeypatch.setattr(module, "monotonic", lambda: next(ticks) * settings.LOG_SEARCH_LIMIT.total_seconds() / 19)
    found = curves_of(long_run(60_000))
    seqs = [seq for seq, _ in pairs(found, "f1")]
    assert not found.is_exact
    assert (seqs[0], seqs[-1]) == (1, 60_000)
    assert 500 < max(after - before for before, after in itertools.pairwise(seqs)) < 10_000


def test_twenty_metrics_at_most_and_the_runs_own_first():
    run = TrainingRunFactory()
    many = {f"m{number:02}": number for number in range(30)}
    send(
        run,
        LogEvent(n=1, level="INFO", message="", metrics=many),
        ProgressEvent(n=2, fraction=0.1, metrics={"zz": 1, "m29": 0}),
    )
    assert list(curves_of(run).curves) == [*(f"m{number:02}" for number in range(18)), "m29", "zz"]


def test_entries_removed_from_the_beginning_are_not_asked_for():
    run = long_run(100)
    TrainingLogEntry.objects.filter(run=run, seq__lte=40).delete()
    TrainingRun.objects.filter(id=run.id).update(first_seq=41, info_count=60)
    assert [seq for seq, _ in pairs(curves_of(run), "f1")] == list(range(41, 101))


def test_a_short_log_takes_two_queries(django_assert_num_queries):
    run = long_run(2_000)
    facts = run_by_public_id(run.public_id)
    with django_assert_num_queries(2):
        metric_curves(facts, points_max=200)


@pytest.mark.parametrize("count", [0, 1, 2, 5, 64, 100])
def test_places_are_spread_evenly_at_any_time(count):
    order = list(module._spread(count))
    assert sorted(order) == list(range(count))
    for told in (4, 16, 32):
        if told <= count // 2:
            seen = sorted(order[:told])
            gaps = [after - before for before, after in itertools.pairwise([*seen, count])]
            assert max(gaps) <= 2 * -(-128 // told)
