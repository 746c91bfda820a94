"""A whole run with the client that openapi-generator's `python` makes."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aegis_openapi_generator import (
    ApiClient,
    Batch,
    CompleteEvent,
    Configuration,
    DomainChange,
    DomainsApi,
    LogEvent,
    LogLevel,
    LogsApi,
    MetricValue,
    NewDomain,
    NewRun,
    PhaseEvent,
    PhaseName,
    ProgressEvent,
    ReportedEvent,
    ReportingApi,
    RunChange,
    RunsApi,
    StatusApi,
)
from aegis_openapi_generator.exceptions import ApiException
from expectations import BASE_URL, CONFIG, DOMAIN, ID, METRICS, RESULT, TOKEN, tell

client = ApiClient(Configuration(host=BASE_URL, access_token=TOKEN))
domains, logs, reporting = DomainsApi(client), LogsApi(client), ReportingApi(client)
runs, status = RunsApi(client), StatusApi(client)


def problem_of(request: Callable[[], object]) -> dict[str, Any]:
    try:
        request()
    except ApiException as error:
        body: dict[str, Any] = json.loads(error.body or "")
        return body
    raise AssertionError("This was to be refused.")


def batch(*events: PhaseEvent | ProgressEvent | LogEvent | CompleteEvent) -> Batch:
    return Batch(events=[ReportedEvent(event) for event in events], sent_at=datetime.now(UTC))


def metrics_of(values: dict[str, Any]) -> dict[str, MetricValue | None]:
    return {name: None if value is None else MetricValue(value) for name, value in values.items()}


def plain(metrics: dict[str, MetricValue | None] | None) -> dict[str, Any] | None:
    return metrics and {name: value and value.to_dict() for name, value in metrics.items()}


created = domains.create_domain(NewDomain(name=DOMAIN, description="A domain of a generated client"))
changed = domains.change_domain(DOMAIN, DomainChange(stall_limit_s=90, kept_days=None))

new_run = NewRun(id=ID, optimizer="gepa", sample_count=120, config=CONFIG, tags=["nightly"])
started = reporting.start_training_run_with_http_info(DOMAIN, new_run)
again = reporting.start_training_run_with_http_info(DOMAIN, new_run)
phase = PhaseName.ENTITY_EXTRACTION_OPTIMIZATION
reporting.send_events(
    ID,
    batch(
        PhaseEvent(type="phase", n=1, phase=phase, timestamp=datetime.now(UTC)),
        ProgressEvent(type="progress", n=2, fraction=0.5, message="trial 3 of 6", metrics=metrics_of(METRICS)),
        LogEvent(type="log", n=3, level=LogLevel.WARNING, message="slow", step=None),
    ),
)
receipt = reporting.send_heartbeat(ID)
ninth = LogEvent(type="log", n=9, level=LogLevel.INFO, message="")
gap = problem_of(lambda: reporting.send_events(ID, batch(ninth)))

training = status.get_training_status(DOMAIN)
log = logs.list_training_logs(DOMAIN, level=[LogLevel.INFO, LogLevel.WARNING], order="asc", run=1)
warnings = logs.list_training_logs(DOMAIN, level=[LogLevel.WARNING])
text = logs.download_training_logs(DOMAIN, format="text", min_level=LogLevel.WARNING)

end = CompleteEvent(type="complete", n=4, message="done", metrics=metrics_of({"entity_f1": 0.87}), result=RESULT)
reporting.send_events(ID, batch(end))
noted = runs.change_training_run(ID, RunChange(note="kept"))
read = runs.get_training_run_by_number(DOMAIN, 1)
history = status.get_training_history(DOMAIN)
produced = runs.get_training_run_result(ID)
exported = runs.export_training_run(ID)

deletions = [runs.delete_training_run_with_http_info(ID), domains.delete_domain_with_http_info(DOMAIN)]
gone = problem_of(lambda: domains.get_domain(DOMAIN))

tell(
    created=[created.name, created.llm_model, created.latest_run],
    changed=[changed.stall_limit_s, changed.kept_days],
    started=[started.status_code, again.status_code, again.data.training_run_id == ID],
    last_n=receipt.last_n,
    gap=[gap["status"], gap["code"], gap["expected_n"]],
    training=[
        training.status.value,
        training.current_step.value,
        training.progress,
        len(training.steps),
        plain(training.metrics),
    ],
    log=[[entry.seq, entry.level.value, entry.message, entry.step, plain(entry.metrics)] for entry in log.logs],
    warnings=warnings.total_logs,
    text=text.decode().rstrip().split(" ")[1:],
    completed=[read.status.value, read.progress, read.optimizer, read.sample_count, read.config, read.tags, noted.note],
    history=[
        [past.run_number, past.status.value, (plain(past.metrics) or {})["entity_f1"]] for past in history.training_runs
    ],
    result=produced,
    exported=len(exported.rstrip().splitlines()),
    deleted=[answer.status_code for answer in deletions],
    gone=[gone["status"], gone["code"]],
)
