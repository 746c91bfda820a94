"""Reading from Aegis Training Status: how trainings are going, their logs, results and history, and what is new."""

import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Literal, Self, cast
from urllib.parse import quote, urlencode
from uuid import UUID

from aegis_tracker.contract_shapes import has_shape
from aegis_tracker.contract_types import (
    Candidate,
    CandidateDetails,
    Domain,
    Evaluation,
    LogEntry,
    LogLevel,
    RunUsage,
    TrainingComparison,
    TrainingHistory,
    TrainingRun,
    TrainingStatus,
)
from aegis_tracker.event_watch import EventWatch, Trouble
from aegis_tracker.pages import CandidatePage, DomainPage, EvaluationPage, LogPage, RunPage, list_items, log_entries
from aegis_tracker.service_error import ServiceError, error_of
from aegis_tracker.settings import access_token_if_any, service_address
from aegis_tracker.transport import Transport

API = "/api/v1/admin"
ANSWER_MAX_BYTES = 64 * 1024 * 1024  # a hundred log entries of 64 KiB, of characters that JSON escapes


class Client:
    """Reads from one service, with a viewer's token or better.

    `url` defaults to AEGIS_URL, else the service on this machine; `token` to AEGIS_TOKEN, else none is sent. Threads
    may share a client: its requests wait for each other. Every method raises ServiceError when the service answers
    with an error, and UnreachableError when it does not answer; iterators do so when they are iterated over.
    Raises SettingsError, a ValueError, for a URL or token that cannot be used.
    """

    def __init__(self, url: str | None = None, *, token: str | None = None) -> None:
        self._address = service_address(url)
        self._token = access_token_if_any(token)
        self._transport = Transport(self._address, self._token, answer_max_bytes=ANSWER_MAX_BYTES)
        self._in_use = threading.Lock()
        self._watches: weakref.WeakSet[EventWatch] = weakref.WeakSet()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections; loops over `watch` end."""
        for watch in list(self._watches):
            watch.close()
        with self._in_use:
            self._transport.close()

    def domains(self) -> Iterator[Domain]:
        """All domains by name, each with the status of its latest run."""
        return list_items(lambda query: self._get("/domains", DomainPage, query), "name")

    def status(self, domain: str, *, run: int | None = None) -> TrainingStatus:
        """How the domain's latest run is going, or the run with the number `run`."""
        return cast(TrainingStatus, self._get(f"{_path_of(domain)}/training-status", TrainingStatus, {"run": run}))

    def runs(self, domain: str) -> Iterator[TrainingRun]:
        """All runs of the domain, newest first."""
        path = f"{_path_of(domain)}/training-runs"
        return list_items(lambda query: self._get(path, RunPage, query), "training_run_id")

    def run(self, training_run_id: str | UUID) -> TrainingRun:
        """One run: its status, what it was started with, and what people noted on it."""
        return cast(TrainingRun, self._get(f"/training-runs/{_quoted(training_run_id)}", TrainingRun))

    def result(self, training_run_id: str | UUID) -> dict[str, Any]:
        """What the training produced, as its reporter sent it; ServiceError with the code `no_result` before."""
        return self._get(f"/training-runs/{_quoted(training_run_id)}/result", dict[str, Any])

    def candidates(
        self, training_run_id: str | UUID, *, order: Literal["score", "time"] = "score", metric: str | None = None
    ) -> Iterator[Candidate]:
        """The programs that the run's optimiser considered, the best first, or the latest.

        The scores are of `metric`, by default of the one that was evaluated last.
        """
        path = f"/training-runs/{_quoted(training_run_id)}/candidates"
        asked = {"order": order, "metric": metric}
        return list_items(lambda query: self._get(path, CandidatePage, asked | query), "candidate")

    def candidate(self, training_run_id: str | UUID, name: str, *, metric: str | None = None) -> CandidateDetails:
        """One candidate, with its program and its latest evaluations."""
        path = f"/training-runs/{_quoted(training_run_id)}/candidates/{_quoted(name)}"
        return cast(CandidateDetails, self._get(path, CandidateDetails, {"metric": metric}))

    def evaluations(
        self,
        training_run_id: str | UUID,
        *,
        metric: str | None = None,
        split: str | None = None,
        candidate: str | None = None,
        after: int = 0,
    ) -> Iterator[Evaluation]:
        """All evaluations that match, oldest first, each once; `after` is a `number`, itself left out."""
        path = f"/training-runs/{_quoted(training_run_id)}/evaluations"
        asked = {"metric": metric, "split": split, "candidate": candidate, "after": after}
        return list_items(lambda query: self._get(path, EvaluationPage, asked | query), "number")

    def usage(self, training_run_id: str | UUID) -> RunUsage:
        """What the run's calls of language models added up to, in total and by phase, model and role."""
        return cast(RunUsage, self._get(f"/training-runs/{_quoted(training_run_id)}/usage", RunUsage))

    def best_program(self, training_run_id: str | UUID, *, metric: str | None = None) -> dict[str, Any]:
        """The state of the run's best candidate, as DSPy's `program.load` takes it from a file.

        Also of a run that is under way or has failed. ServiceError with the code `no_program` if there is none.
        """
        path = f"/training-runs/{_quoted(training_run_id)}/best-program"
        return self._get(path, dict[str, Any], {"metric": metric})

    def history(self, domain: str) -> TrainingHistory:
        """The domain's runs with their metrics, oldest first, and what has improved."""
        return cast(TrainingHistory, self._get(f"{_path_of(domain)}/training-history", TrainingHistory))

    def compare(self, domain: str, runs: Sequence[int | str | UUID]) -> TrainingComparison:
        """2 to 20 runs of the domain side by side: metrics, phase durations, configuration and prompts.

        Each by its number or its id; those by number come first.
        """
        asked = {
            "run": [run for run in runs if isinstance(run, int)],
            "training_run_id": [run for run in runs if not isinstance(run, int)],
        }
        return cast(TrainingComparison, self._get(f"{_path_of(domain)}/training-comparison", TrainingComparison, asked))

    def logs(
        self,
        domain: str,
        *,
        run: int | None = None,
        level: LogLevel | Sequence[LogLevel] | None = None,
        min_level: LogLevel | None = None,
        step: str | None = None,
        search: str | None = None,
        after_seq: int | None = None,
        before_seq: int | None = None,
        newest_first: bool = False,
    ) -> Iterator[LogEntry]:
        """All entries that match, oldest first, each once, up to the newest when the iteration gets there.

        Of the domain's latest run when the iteration begins, or of the run with the number `run`. `search` is a part
        of the message, in any case; `after_seq` and `before_seq` are left out themselves. None for a domain
        with no run.
        """
        asked: dict[str, Any] = {"level": level, "min_level": min_level, "step": step, "search": search}
        asked |= {"after_seq": after_seq, "before_seq": before_seq, "order": "desc" if newest_first else "asc"}
        path = f"{_path_of(domain)}/training-logs"
        number = run if run is not None else self._latest_run_number(domain)
        if number is None:
            self._get(path, LogPage, {"page_size": 1})  # says so if there is no such domain
            return
        yield from log_entries(lambda query: self._get(path, LogPage, query), asked | {"run": number})

    def watch(
        self,
        domain: str,
        *,
        training_run_id: str | UUID | None = None,
        last_event_id: str | None = None,
        on_trouble: Callable[[Trouble], object] | None = None,
    ) -> EventWatch:
        """What happens, live: the status, the log from its beginning, then what is new, for a `for` loop.

        Follows the domain's latest run and then the next ones, waiting in between; with `training_run_id` that run
        alone, and ends with it. `last_event_id`, as an earlier watch had it, goes on after that event.
        Interruptions are waited for, as long as they take; `on_trouble` is called with each.
        """
        query = {} if training_run_id is None else {"training_run_id": training_run_id}
        watch = EventWatch(
            self._address,
            self._token,
            _with_query(f"{API}{_path_of(domain)}/training-stream", query),
            ends_with_its_run=training_run_id is not None,
            last_event_id=last_event_id,
            on_trouble=on_trouble,
        )
        self._watches.add(watch)
        return watch

    def _latest_run_number(self, domain: str) -> int | None:
        try:
            return self.status(domain)["run_number"]
        except ServiceError as error:
            if error.code == "no_training":
                return None
            raise

    def _get(self, path: str, shape: Any, query: dict[str, Any] | None = None) -> dict[str, Any]:
        """The object there, which has the `shape` if it is the service that answers."""
        with self._in_use:
            answer = self._transport.get(_with_query(API + path, query or {}))
        if answer.status != 200 or not answer.is_object or not has_shape(answer.body, shape):
            raise error_of(answer)
        return answer.body


def _with_query(path: str, query: dict[str, Any]) -> str:
    given = {name: value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path


def _path_of(domain: str) -> str:
    return f"/domains/{_quoted(domain)}"


def _quoted(part: object) -> str:
    return quote(str(part), safe="")
