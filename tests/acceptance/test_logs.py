"""`/domains/{name}/training-logs`: pages, filters, searching, downloading."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.support.answers import ok, parse_time, problem
from tests.support.runs import ENTITY, RELATION, Run, complete, iso, log, now, phase, progress

HOUR = timedelta(hours=1)
LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
MESSAGES = [
    "100% done",
    "100 done",
    "a_b",
    "aXb",
    "back\\slash",
    "back slash",
    "ÄÖÜ groß",
    "äöü GROSS",
    "ПРИВЕТ",
    "привет",
    "ΑΒΓ",
    'it\'s "quoted"',
    "🙂",
    "line\nbreak",
    "",
    "café",
]


@pytest.fixture(scope="module")
def told(operator: httpx.Client) -> Run:
    """A run whose log has 45 entries: event 1 to 45, nine of each level."""
    operator.post("/domains", json={"name": "with_a_log", "description": "A domain under test"})
    run = Run(operator, "with_a_log")
    run.send(
        *[
            log(f"event {n}", LEVELS[n % 5], step=(None, ENTITY, "own step")[n % 3], timestamp=iso(now() - n * HOUR))
            for n in range(1, 46)
        ]
    )
    return run


@pytest.fixture(scope="module")
def searched(operator: httpx.Client) -> Run:
    operator.post("/domains", json={"name": "searched", "description": "A domain under test"})
    run = Run(operator, "searched")
    run.send(*[log(message) for message in MESSAGES])
    return run


def seqs(page: dict[str, Any]) -> list[int]:
    return [entry["seq"] for entry in page["logs"]]


def download(run: Run, **parameters: Any) -> httpx.Response:
    answer = run.client.get(f"/domains/{run.domain}/training-logs/download", params={"run": run.number, **parameters})
    assert answer.status_code == 200, answer.text
    return answer


def downloaded(run: Run, **parameters: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in download(run, **parameters).text.split("\n") if line]


def test_it_works(operator: httpx.Client, domain: str, run: Run) -> None:
    run.send(
        phase(ENTITY, timestamp="2026-01-20T15:04:00Z"),
        progress(0.5, message="Entity extraction F1: 0.87", metrics={"f1": 0.87}, timestamp="2026-01-20T15:05:00Z"),
    )
    body = ok(operator.get(f"/domains/{domain}/training-logs?page=1&page_size=20"))
    assert (
        body.items()
        >= {
            "domain_name": domain,
            "logs": [
                {
                    "timestamp": "2026-01-20T15:05:00Z",
                    "level": "INFO",
                    "message": "Entity extraction F1: 0.87",
                    "step": ENTITY,
                    "metrics": {"f1": 0.87},
                    "seq": 2,
                },
                {
                    "timestamp": "2026-01-20T15:04:00Z",
                    "level": "INFO",
                    "message": f"Phase {ENTITY}",
                    "step": ENTITY,
                    "metrics": None,
                    "seq": 1,
                },
            ],
            "total_logs": 2,
            "page": 1,
            "page_size": 20,
            "first_seq": 1,
            "last_seq": 2,
            "total_is_exact": True,
        }.items()
    )
    assert {level: count for level, count in body["level_counts"].items() if count} == {"INFO": 2}


def test_a_domain_without_entries(operator: httpx.Client, domain: str) -> None:
    path = f"/domains/{domain}/training-logs"
    for _ in range(2):
        body = ok(operator.get(path))
        assert (body["domain_name"], body["logs"], body["total_logs"]) == (domain, [], 0)
        assert (body["page"], body["page_size"], body["total_is_exact"]) == (1, 20, True)
        assert {"first_seq", "last_seq", "level_counts"} <= body.keys()
        assert not any(body["level_counts"].values())
        assert ok(operator.get(f"{path}?search=x&level=INFO&step=y&order=asc"))["logs"] == []
        answer = operator.get(f"{path}/download")
        assert (answer.status_code, answer.text) == (200, "")
        Run(operator, domain)


def test_an_unknown_domain(operator: httpx.Client) -> None:
    problem(operator.get("/domains/unknown/training-logs"), 404)
    problem(operator.get("/domains/unknown/training-logs/download"), 404)


def test_the_newest_come_first_in_the_order_of_appending(told: Run) -> None:
    page = told.log()
    assert seqs(page) == list(range(45, 25, -1))
    assert (page["page"], page["page_size"], page["total_logs"]) == (1, 20, 45)
    assert (page["first_seq"], page["last_seq"]) == (1, 45)
    assert page["level_counts"] == dict.fromkeys(LEVELS, 9)
    for entry in page["logs"]:
        assert entry.keys() == {"timestamp", "level", "message", "step", "metrics", "seq"}
        parse_time(entry["timestamp"])


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("page_size", [1, 7, 20, 45, 100])
def test_the_pages_together_are_the_log(told: Run, order: str, page_size: int) -> None:
    together: list[int] = []
    for page in range(1, 45 // page_size + 2):
        together += seqs(told.log(order=order, page=page, page_size=page_size))
    assert together == list(range(1, 46) if order == "asc" else range(45, 0, -1))


@pytest.mark.parametrize("page", [4, 1000, 10**9, 10**18, 10**20, 10**30])
def test_a_page_past_the_end(told: Run, page: int) -> None:
    body = told.log(page=page)
    assert (body["logs"], body["total_logs"]) == ([], 45)


@pytest.mark.parametrize("bad", ["0", "-1", "x", "1.5", "", "1e1", "NaN", "%00", "true", "-0", "0x1"])
def test_bad_pages(told: Run, bad: str) -> None:
    path = f"/domains/{told.domain}/training-logs"
    assert problem(told.client.get(f"{path}?page={bad}"), 422)["detail"] == "page must be >= 1"
    assert problem(told.client.get(f"{path}?page_size={bad}"), 422)["detail"] == "page_size must be 1-100"


@pytest.mark.parametrize("bad", ["101", "1000", str(10**30)])
def test_pages_that_are_too_large(told: Run, bad: str) -> None:
    answer = told.client.get(f"/domains/{told.domain}/training-logs?page_size={bad}")
    assert problem(answer, 422)["detail"] == "page_size must be 1-100"


def test_an_older_run(operator: httpx.Client, domain: str) -> None:
    for name in ("first", "second"):
        Run(operator, domain).send(log(name), complete())
    path = f"/domains/{domain}/training-logs"
    assert [ok(operator.get(path, params=run))["logs"][0]["message"] for run in ({}, {"run": 1}, {"run": 2})] == [
        "second",
        "first",
        "second",
    ]
    problem(operator.get(path, params={"run": 3}), 404)
    problem(operator.get(f"{path}/download", params={"run": 3}), 404)
    assert "first" in operator.get(f"{path}/download", params={"run": 1}).text


# Filters


def test_by_level(told: Run) -> None:
    page = told.log(level="ERROR")
    assert {entry["level"] for entry in page["logs"]} == {"ERROR"}
    assert (page["total_logs"], len(page["logs"])) == (9, 9)
    page = told.log(level=["ERROR", "DEBUG"], page_size=100)
    assert {entry["level"] for entry in page["logs"]} == {"ERROR", "DEBUG"}
    assert page["total_logs"] == 18
    assert seqs(told.log(level="ERROR", page=2, page_size=4)) == seqs(told.log(level="ERROR"))[4:8]


@pytest.mark.parametrize(
    ("level", "count"), [("DEBUG", 45), ("INFO", 36), ("WARNING", 27), ("ERROR", 18), ("CRITICAL", 9)]
)
def test_by_least_level(told: Run, level: str, count: int) -> None:
    page = told.log(min_level=level, page_size=100)
    assert page["total_logs"] == len(page["logs"]) == count
    assert {entry["level"] for entry in page["logs"]} == set(LEVELS[LEVELS.index(level) :])


def test_by_step(told: Run) -> None:
    page = told.log(step="own step", page_size=100)
    assert {entry["step"] for entry in page["logs"]} == {"own step"}
    assert page["total_logs"] == 15
    assert told.log(step=RELATION)["logs"] == []
    assert told.log(step="own ste")["total_logs"] == 0


def test_by_number(told: Run) -> None:
    assert seqs(told.log(before_seq=4)) == [3, 2, 1]
    assert seqs(told.log(after_seq=42)) == [45, 44, 43]
    assert seqs(told.log(after_seq=10, before_seq=14, order="asc")) == [11, 12, 13]
    assert told.log(after_seq=10, before_seq=14)["total_logs"] == 3
    assert seqs(told.log(after_seq=45)) == []
    assert seqs(told.log(before_seq=1)) == []
    assert len(seqs(told.log(after_seq=0, page_size=100))) == 45
    assert seqs(told.log(after_seq=14, before_seq=10)) == []
    assert seqs(told.log(after_seq=10**18)) == []


def test_all_filters_together(told: Run) -> None:
    page = told.log(
        level=["INFO", "ERROR"],
        min_level="WARNING",
        step="own step",
        search="EVENT",
        after_seq=5,
        before_seq=40,
        order="asc",
    )
    expected = [n for n in range(6, 40) if n % 5 == 3 and n % 3 == 2]
    assert seqs(page) == expected
    assert page["total_logs"] == len(expected)


@pytest.mark.parametrize(
    "bad",
    [
        "level=LOUD",
        "level=INFO&level=LOUD",
        "min_level=LOUD",
        "order=up",
        "before_seq=x",
        "after_seq=x",
        "after_seq=-1",
        "before_seq=1.5",
        "search=%00",
        "search=a%00b",
        "step=%00",
        "level=%00",
        "order=%00",
    ],
)
def test_bad_filters(told: Run, bad: str) -> None:
    problem(told.client.get(f"/domains/{told.domain}/training-logs?{bad}"), 422)
    problem(told.client.get(f"/domains/{told.domain}/training-logs/download?{bad}"), 422)


@pytest.mark.parametrize("bad", ["search=%ff", "search=%ed%a0%80", "step=%c3", "level=%ff", "page=%ff", "run=%ff"])
def test_bytes_that_are_no_text(told: Run, bad: str) -> None:
    for path in ("", "/download"):
        answer = told.client.get(f"/domains/{told.domain}/training-logs{path}?{bad}")
        if answer.status_code != 200:
            problem(answer, 404, 422)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("%", ["100% done"]),
        ("0% d", ["100% done"]),
        ("_", ["a_b"]),
        ("A_B", ["a_b"]),
        ("\\", ["back\\slash"]),
        ("K\\S", ["back\\slash"]),
        ("%%", []),
        ("a%b", []),
        ("\\%", []),
        ("\\_", []),
        ("100", ["100% done", "100 done"]),
        ("äöü", ["ÄÖÜ groß", "äöü GROSS"]),
        ("ÄÖÜ", ["ÄÖÜ groß", "äöü GROSS"]),
        ("Привет", ["ПРИВЕТ", "привет"]),
        ("αβγ", ["ΑΒΓ"]),
        ("É", ["café"]),
        ("'S \"q", ['it\'s "quoted"']),
        ("🙂", ["🙂"]),
        ("e\nB", ["line\nbreak"]),
        (".*", []),
        ("[a", []),
        ("nowhere", []),
        ("SLASH", ["back\\slash", "back slash"]),
        ("x" * 10_000, []),
    ],
    ids=lambda value: str(value)[:20],
)
def test_search_is_a_substring_in_any_case_without_wildcards(searched: Run, text: str, found: list[str]) -> None:
    page = searched.log(search=text, order="asc")
    assert [entry["message"] for entry in page["logs"]] == found
    assert page["total_logs"] == len(found)
    assert page["total_is_exact"] is True
    assert [entry["message"] for entry in downloaded(searched, search=text, order="asc")] == found


# Downloading


def test_a_download_has_every_entry_as_json_lines(told: Run) -> None:
    answer = download(told, order="asc")
    assert answer.headers["content-type"].split(";")[0] == "application/x-ndjson"
    assert downloaded(told, order="asc") == told.log(order="asc", page_size=100)["logs"]
    assert downloaded(told, format="ndjson", order="asc") == downloaded(told, order="asc")
    assert downloaded(told, order="desc") == downloaded(told, order="asc")[::-1]


def test_a_download_as_text(told: Run) -> None:
    answer = download(told, format="text", order="asc")
    assert answer.headers["content-type"].split(";")[0] == "text/plain"
    lines = answer.text.splitlines()
    assert len(lines) == 45
    for n, line in enumerate(lines, 1):
        assert f"event {n}" in line
        assert LEVELS[n % 5] in line


@pytest.mark.parametrize(
    "filters",
    [
        {"level": ["INFO", "ERROR"]},
        {"min_level": "ERROR"},
        {"step": "own step"},
        {"search": "event 4"},
        {"after_seq": 3, "before_seq": 30},
        {"search": "nowhere"},
    ],
    ids=str,
)
def test_a_download_has_what_matches(told: Run, filters: dict[str, Any]) -> None:
    matching = told.log(order="asc", page_size=100, **filters)["logs"]
    assert downloaded(told, order="asc", **filters) == matching
    text = download(told, order="asc", format="text", **filters).text
    assert len(text.splitlines()) == len(matching)


@pytest.mark.parametrize("bad", ["csv", "", "NDJSON%00"])
def test_bad_formats(told: Run, bad: str) -> None:
    problem(told.client.get(f"/domains/{told.domain}/training-logs/download?format={bad}"), 422)


def test_a_download_is_not_cut_into_pages(run: Run) -> None:
    for _ in range(3):
        run.send(*[log("é🙂" * 20, metrics={"a": None}) for _ in range(1000)])
    assert [entry["seq"] for entry in downloaded(run, order="asc")] == list(range(1, 3001))
    assert len(download(run, format="text").text.splitlines()) == 3000


def test_a_line_break_in_a_message_breaks_no_line_of_json(searched: Run) -> None:
    assert [entry["message"] for entry in downloaded(searched, order="asc")] == MESSAGES


def test_level_counts_follow_the_log(start: Callable[..., Run]) -> None:
    run = start()
    run.send(log(level="ERROR"), log(level="DEBUG"), log(level="DEBUG"), progress(0.1), phase(ENTITY))
    counts = run.log()["level_counts"]
    assert {level: count for level, count in counts.items() if count} == {"ERROR": 1, "DEBUG": 2, "INFO": 1}
