"""Reading over HTTP: what it answers, and how many queries that takes."""

import threading

import pytest

from tests.support.factories import DomainFactory, TrainingRunFactory, log_lines, send
from training_status.api.download import Download
from training_status.errors import Unavailable
from training_status.ingest.batch import LogEvent, PhaseEvent
from training_status.read.logs import LogFilter, RunLog
from training_status.read.run_facts import run_by_public_id

pytestmark = pytest.mark.django_db

API = "/api/v1/admin"


@pytest.fixture
def run():
    run = TrainingRunFactory()
    send(run, PhaseEvent(n=1, phase="loading_data"), *log_lines(2, 44, level="DEBUG", metrics={"f1": 0.5}))
    return run


def test_status(viewer, run):
    response = viewer.get(f"{API}/domains/{run.domain.name}/training-status")
    assert response.status_code == 200
    assert response["Cache-Control"] == "private, no-cache"
    assert response.json()["current_step"] == "loading_data"


def test_status_takes_one_query_to_authenticate_and_one_to_read(viewer, run, django_assert_num_queries):
    address = f"{API}/domains/{run.domain.name}/training-status"
    viewer.get(address)  # notes the token's use, at most once a minute
    with django_assert_num_queries(2):
        viewer.get(address)


def test_logs_take_one_query_more(viewer, run, django_assert_num_queries):
    address = f"{API}/domains/{run.domain.name}/training-logs"
    viewer.get(address)
    for page in (1, 2, 3, 99):
        with django_assert_num_queries(3 if page < 4 else 2):
            viewer.get(f"{address}?page={page}")


def test_logs(viewer, run):
    body = viewer.get(f"{API}/domains/{run.domain.name}/training-logs?page_size=2").json()
    timestamps = [line.pop("timestamp") for line in body["logs"]]
    assert all(text.endswith("Z") for text in timestamps)
    assert body == {
        "domain_name": run.domain.name,
        "logs": [
            {"level": "DEBUG", "message": str(n), "step": None, "metrics": {"f1": 0.5}, "seq": n} for n in (45, 44)
        ],
        "total_logs": 45,
        "page": 1,
        "page_size": 2,
        "first_seq": 1,
        "last_seq": 45,
        "level_counts": {"DEBUG": 44, "INFO": 1},
        "total_is_exact": True,
        "searched_to_seq": None,
    }


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("page=0", "page must be >= 1"),
        ("page=-1", "page must be >= 1"),
        ("page=one", "page must be >= 1"),
        ("page=1.0", "page must be >= 1"),
        ("page=", "page must be >= 1"),
        ("page=%EF%BC%91", "page must be >= 1"),
        ("page_size=0", "page_size must be 1-100"),
        ("page_size=101", "page_size must be 1-100"),
        ("page_size=many", "page_size must be 1-100"),
        ("run=0", "run must be a positive whole number"),
        ("run=x", "run must be a positive whole number"),
        ("level=FATAL", "level must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        ("min_level=info", "min_level must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        ("order=up", "order must be one of asc, desc"),
        ("before_seq=-1", "before_seq must be a whole number, 0 or more"),
        ("after_seq=x", "after_seq must be a whole number, 0 or more"),
        ("search=%00", "search must not contain a NUL character"),
    ],
)
def test_a_wrong_parameter_is_refused_in_the_words_clients_know(viewer, run, query, detail):
    response = viewer.get(f"{API}/domains/{run.domain.name}/training-logs?{query}")
    assert response.status_code == 422
    assert response.json()["detail"] == detail
    assert response.json()["errors"] == [{"field": query.partition("=")[0], "detail": detail}]


def test_numbers_beyond_any_page_are_empty_pages(viewer, run):
    for query in ("page=99", "page=" + "9" * 40, "after_seq=" + "9" * 40):
        body = viewer.get(f"{API}/domains/{run.domain.name}/training-logs?{query}").json()
        assert body["logs"] == []


def test_filters_put_together(viewer):
    run = TrainingRunFactory()
    send(
        run,
        LogEvent(n=1, level="INFO", message="Trial 1", step="a"),
        LogEvent(n=2, level="ERROR", message="trial 2", step="a"),
        LogEvent(n=3, level="WARNING", message="TRIAL 3", step="b"),
        LogEvent(n=4, level="CRITICAL", message="other", step="a"),
    )
    address = f"{API}/domains/{run.domain.name}/training-logs"

    def seqs(query: str) -> list[int]:
        return [line["seq"] for line in viewer.get(f"{address}?{query}").json()["logs"]]

    assert seqs("level=INFO&level=ERROR") == [2, 1]
    assert seqs("min_level=WARNING&order=asc") == [2, 3, 4]
    assert seqs("level=INFO&level=ERROR&min_level=WARNING") == [2]
    assert seqs("search=trial&step=a") == [2, 1]
    assert seqs("search=trial&before_seq=3&after_seq=1") == [2]
    assert seqs("level=INFO&min_level=ERROR") == []


def test_a_domain_without_a_run(viewer):
    domain = DomainFactory()
    response = viewer.get(f"{API}/domains/{domain.name}/training-status")
    assert response.status_code == 404
    assert response.json()["detail"] == f"No training log found for domain '{domain.name}'"
    body = viewer.get(f"{API}/domains/{domain.name}/training-logs").json()
    assert (body["logs"], body["total_logs"], body["first_seq"], body["last_seq"]) == ([], 0, 1, 0)


def test_an_unknown_domain_and_run(viewer, run):
    name = run.domain.name
    for path in (
        "domains/nowhere/training-status",
        "domains/nowhere/training-logs",
        "domains/medical%0A/training-status",
        "domains/a%00b/training-status",
        f"domains/{name}/training-status?run=999",
        f"domains/{name}/training-status?run=" + "9" * 30,
        f"domains/{name}/training-logs?run=999",
        f"domains/{name}/training-runs/999",
        "training-runs/not-an-id",
    ):
        response = viewer.get(f"{API}/{path}")
        assert response.status_code == 404, path
        assert response["Content-Type"] == "application/problem+json"


def test_an_older_run_by_its_number(viewer, run):
    newer = TrainingRunFactory(domain=run.domain, run_number=run.run_number + 1)
    address = f"{API}/domains/{run.domain.name}"
    assert viewer.get(f"{address}/training-status").json()["run_number"] == newer.run_number
    assert viewer.get(f"{address}/training-status?run={run.run_number}").json()["run_number"] == run.run_number
    assert viewer.get(f"{address}/training-logs?run={run.run_number}").json()["total_logs"] == 45


def test_a_download_has_every_line(viewer, run):
    response = viewer.get(f"{API}/domains/{run.domain.name}/training-logs/download?order=asc")
    assert response["Content-Type"] == "application/x-ndjson"
    lines = b"".join(response.streaming_content).splitlines()
    assert len(lines) == 45
    assert b'"seq":1}' in lines[0]


def test_a_download_as_text_is_filtered_too(viewer, run):
    response = viewer.get(f"{API}/domains/{run.domain.name}/training-logs/download?format=text&level=INFO")
    (line,) = b"".join(response.streaming_content).decode().splitlines()
    assert line.endswith("Z INFO [loading_data] Phase loading_data")


def test_the_head_of_a_download_takes_no_place(viewer, run, settings):
    for _ in range(settings.THREADS):
        response = viewer.head(f"{API}/domains/{run.domain.name}/training-logs/download")
        assert (response.status_code, response["Content-Type"]) == (200, "application/x-ndjson")


def test_a_download_ends_when_its_reader_has_gone(run):
    gone = threading.Event()
    gone.set()
    log = RunLog(run.domain.name, run_by_public_id(run.public_id), LogFilter())
    assert b"".join(Download(lambda: (b"x" for _ in log.slices()), gone)) == b""


def test_downloads_leave_threads_for_others(viewer, run, settings):
    downloads = [Download(lambda: iter(()), threading.Event()) for _ in range(settings.THREADS // 2)]
    refused = viewer.get(f"{API}/domains/{run.domain.name}/training-logs/download")
    assert (refused.status_code, refused["Retry-After"]) == (503, "5")
    for download in downloads:
        download.close()
        download.close()  # gives no second place
    downloads = [Download(lambda: iter(()), threading.Event()) for _ in range(settings.THREADS // 2)]
    with pytest.raises(Unavailable):
        Download(lambda: iter(()), threading.Event())
    for download in downloads:
        download.close()
