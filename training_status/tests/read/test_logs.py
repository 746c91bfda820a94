"""Pages of a log: ranges of numbers, searches with a time limit."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.support.factories import DomainFactory, TrainingRunFactory, log_lines, send
from training_status.errors import InvalidInput, NotFound
from training_status.ingest.batch import LogEvent
from training_status.models import TrainingLogEntry, TrainingRun
from training_status.read.logs import LogFilter, RunLog, get_training_log_messages
from training_status.read.run_facts import run_by_public_id

pytestmark = pytest.mark.django_db

WARNING, ERROR = 30, 40


@pytest.fixture
def run():
    """Entries 1 to 100: every tenth a warning, the fiftieth an error, the odd ones of a step."""
    run = TrainingRunFactory()
    lines = []
    for n in range(1, 101):
        level = "ERROR" if n == 50 else "WARNING" if n % 10 == 0 else "INFO"
        lines.append(LogEvent(n=n, level=level, message=f"Line {n} of 100%_", step="odd" if n % 2 else None))
    send(run, *lines)
    return run


def log_of(run: TrainingRun, **log_filter) -> RunLog:
    return RunLog(run.domain.name, run_by_public_id(run.public_id), LogFilter(**log_filter))


def seqs(log: RunLog, offset: int = 0, limit: int = 100) -> list[int]:
    return [line.seq for line in log.window(offset, limit).lines]


def test_newest_first(run):
    window = log_of(run).window(0, 3)
    assert [line.seq for line in window.lines] == [100, 99, 98]
    assert (window.total, window.total_is_exact, window.searched_to_seq) == (100, True, None)


@pytest.mark.parametrize(
    ("offset", "limit", "expected"),
    [(0, 2, [100, 99]), (97, 5, [3, 2, 1]), (100, 5, []), (10**20, 5, [])],
)
def test_a_window_is_a_range_of_numbers(run, offset, limit, expected):
    assert seqs(log_of(run), offset, limit) == expected


def test_forward(run):
    assert seqs(log_of(run, ascending=True), 1, 3) == [2, 3, 4]
    assert seqs(log_of(run, ascending=True), 99, 3) == [100]
    assert seqs(log_of(run, ascending=True), 100, 3) == []


@pytest.mark.parametrize("ascending", [False, True])
def test_before_and_after_narrow_the_range(run, ascending):
    log = log_of(run, after_seq=10, before_seq=14, ascending=ascending)
    expected = [11, 12, 13]
    assert seqs(log) == (expected if ascending else expected[::-1])
    assert log.window(0, 2).total == 3


def test_an_impossible_range_is_empty(run):
    assert log_of(run, after_seq=200).window(0, 5).total == 0
    assert log_of(run, before_seq=0).window(0, 5).lines == []


def test_levels(run):
    log = log_of(run, levels=frozenset({WARNING, ERROR}))
    assert seqs(log) == list(range(100, 0, -10))
    assert seqs(log, 9, 5) == [10]
    assert seqs(log, 10, 5) == seqs(log, 10**20, 5) == []
    assert log.window(0, 1).total == 10
    assert seqs(log_of(run, levels=frozenset({ERROR}))) == [50]
    assert log_of(run, levels=frozenset()).window(0, 5).total == 0


def test_levels_that_cannot_match_are_known_without_looking(run, django_assert_num_queries):
    log = log_of(run, levels=frozenset({10}))
    with django_assert_num_queries(0):
        assert log.window(0, 5).total == 0


def test_levels_in_a_range_are_counted_in_it(run):
    window = log_of(run, levels=frozenset({WARNING}), before_seq=35).window(0, 2)
    assert ([line.seq for line in window.lines], window.total) == ([30, 20], 3)


def test_step(run):
    window = log_of(run, step="odd").window(0, 2)
    assert ([line.seq for line in window.lines], window.total) == ([99, 97], 50)


@pytest.mark.parametrize(
    ("search", "total"),
    [("LINE 1", 12), ("line 100 ", 1), ("100%_", 100), ("_", 100), ("l_ne", 0), ("\\", 0), ("nothing like it", 0)],
)
def test_search_finds_parts_in_any_case_and_knows_no_wildcards(run, search, total):
    assert log_of(run, search=search).window(0, 5).total == total


def test_search_folds_the_case_of_all_letters():
    run = TrainingRunFactory()
    send(run, LogEvent(n=1, level="INFO", message="Überprüfung läuft"))
    assert log_of(run, search="ÜBERPRÜFUNG LÄUFT").window(0, 5).total == 1


@pytest.mark.parametrize("ascending", [False, True])
def test_pages_of_a_search_put_together_are_the_search(run, ascending):
    log = log_of(run, search="1", ascending=ascending)
    whole = seqs(log)
    assert [seq for offset in range(0, 120, 3) for seq in seqs(log, offset, 3)] == whole
    assert whole == sorted(whole, reverse=not ascending)


def long_run(count: int) -> TrainingRun:
    run = TrainingRunFactory()
    moment = datetime(2026, 1, 20, tzinfo=UTC)
    TrainingLogEntry.objects.bulk_create(
        TrainingLogEntry(run=run, seq=seq, timestamp=moment, level=20, message=f"Line {seq}")
        for seq in range(1, count + 1)
    )
    TrainingRun.objects.filter(id=run.id).update(last_seq=count, info_count=count)
    return run


@pytest.mark.parametrize("ascending", [False, True])
def test_a_search_that_runs_out_of_time_says_where_to_go_on(settings, ascending):
    run = long_run(20_000)
    settings.LOG_SEARCH_LIMIT = type(settings.LOG_SEARCH_LIMIT)(0)
    found, cursor, pages = [], None, 0
    while True:
        bound = {} if cursor is None else {"after_seq" if ascending else "before_seq": cursor}
        window = log_of(run, search="77", ascending=ascending, **bound).window(0, 1000)
        found += [line.seq for line in window.lines]
        pages += 1
        if window.total_is_exact:
            break
        cursor = window.searched_to_seq
    expected = [seq for seq in range(1, 20_001) if "77" in str(seq)]
    assert found == (expected if ascending else expected[::-1])
    assert pages > 1


def test_long_messages_are_looked_through_a_few_at_a_time(settings):
    run = long_run(500)
    TrainingLogEntry.objects.filter(run=run).update(message="\x1b[31m" + "x" * 60_000)
    settings.LOG_SEARCH_LIMIT = type(settings.LOG_SEARCH_LIMIT)(0)
    window = log_of(run, search="77").window(0, 10)
    assert (window.total_is_exact, window.searched_to_seq) == (False, 401)


def test_a_page_takes_one_query_wherever_it_is(run):
    log = log_of(run)
    for offset in (0, 50, 99):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            log.window(offset, 20)
        assert len(queries) == 1


def test_a_deep_page_reads_only_its_own_rows():
    run = long_run(20_000)
    sql = "EXPLAIN (ANALYZE, FORMAT JSON) SELECT seq FROM training_status_traininglogentry"
    with CaptureQueriesContext(connection) as queries:
        log_of(run).window(15_000, 20)
    page = next(query["sql"] for query in queries if "BETWEEN" in query["sql"])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE training_status_traininglogentry")
        cursor.execute(sql.rpartition("SELECT")[0] + page)
        (plan,) = cursor.fetchone()
    text = str(plan)
    assert "Index Scan" in text
    assert "Seq Scan" not in text


def test_slices_give_every_match_in_order(run):
    assert numbers(log_of(run, ascending=True)) == list(range(1, 101))
    assert numbers(log_of(run, levels=frozenset({ERROR}))) == [50]


def numbers(log: RunLog) -> list[int]:
    return [line.seq for lines in log.slices() for line in lines]


def test_what_retention_removed_is_not_counted(run):
    TrainingLogEntry.objects.filter(run_id=run.id, seq__lte=60).delete()
    TrainingRun.objects.filter(id=run.id).update(first_seq=61, info_count=36, warning_count=4, error_count=0)
    assert seqs(log_of(run), 38, 5) == [62, 61]
    assert log_of(run).window(0, 1).total == 40


def test_a_domain_without_a_run_has_an_empty_log():
    assert RunLog("somewhere", None, LogFilter(search="x")).window(0, 5).total == 0


def test_messages_for_code_inside_the_service():
    run = TrainingRunFactory()
    send(run, *log_lines(1, 30))
    window = get_training_log_messages(run.domain.name, page=2, page_size=20)
    assert ([line.message for line in window.lines], window.total) == ([str(n) for n in range(10, 0, -1)], 30)


def test_messages_for_code_inside_the_service_past_the_end_and_of_no_run():
    run = TrainingRunFactory()
    send(run, *log_lines(1, 3))
    past = get_training_log_messages(run.domain.name, page=2, page_size=3)
    assert (past.lines, past.total) == ([], 3)
    none = get_training_log_messages(DomainFactory().name)
    assert (none.lines, none.total) == ([], 0)
    with pytest.raises(NotFound, match="No training log found for domain 'nobody'"):
        get_training_log_messages("nobody")


@pytest.mark.parametrize(
    ("page", "page_size", "said"),
    [
        (0, 20, "page must be >= 1"),
        (-1, 20, "page must be >= 1"),
        ("2", 20, "page must be >= 1"),
        (True, 20, "page must be >= 1"),
        (1, 0, "page_size must be 1-100"),
        (1, 101, "page_size must be 1-100"),
        (1, 2.5, "page_size must be 1-100"),
    ],
)
def test_messages_for_code_inside_the_service_have_bounds(page, page_size, said):
    run = TrainingRunFactory()
    with pytest.raises(InvalidInput, match=said):
        get_training_log_messages(run.domain.name, page, page_size)
