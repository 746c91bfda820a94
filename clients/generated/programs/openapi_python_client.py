"""A whole run with the client that openapi-python-client makes."""

from datetime import UTC, datetime
from typing import TypeVar

from aegis_openapi_python_client import AuthenticatedClient
from aegis_openapi_python_client.api.domains import change_domain, create_domain, delete_domain, get_domain
from aegis_openapi_python_client.api.logs import download_training_logs, list_training_logs
from aegis_openapi_python_client.api.reporting import send_events, send_heartbeat, start_training_run
from aegis_openapi_python_client.api.runs import (
    change_training_run,
    delete_training_run,
    export_training_run,
    get_training_run_by_number,
    get_training_run_result,
)
from aegis_openapi_python_client.api.status import get_training_history, get_training_status
from aegis_openapi_python_client.models import (
    Batch,
    CompleteEvent,
    CompleteEventType,
    DomainChange,
    DownloadTrainingLogsFormat,
    ListTrainingLogsOrder,
    LogEvent,
    LogEventType,
    LogLevel,
    Metrics,
    NewDomain,
    NewRun,
    PhaseEvent,
    PhaseEventType,
    PhaseName,
    Problem,
    ProgressEvent,
    ProgressEventType,
    RunChange,
    RunConfig,
    TrainingResult,
)
from expectations import BASE_URL, CONFIG, DOMAIN, ID, METRICS, RESULT, TOKEN, tell

client = AuthenticatedClient(base_url=BASE_URL, token=TOKEN)
Answer = TypeVar("Answer")


def good(answer: Answer | Problem | None) -> Answer:
    assert answer is not None
    assert not isinstance(answer, Problem), answer
    return answer


def problem(answer: object) -> Problem:
    assert isinstance(answer, Problem), answer
    return answer


def batch(*events: PhaseEvent | ProgressEvent | LogEvent | CompleteEvent) -> Batch:
    return Batch(events=list(events), sent_at=datetime.now(UTC))


new_domain = NewDomain(name=DOMAIN, description="A domain of a generated client")
created = good(create_domain.sync(client=client, body=new_domain))
changed = good(change_domain.sync(DOMAIN, client=client, body=DomainChange(stall_limit_s=90, kept_days=None)))

config = RunConfig.from_dict(CONFIG)
new_run = NewRun(id=ID, optimizer="gepa", sample_count=120, config=config, tags=["nightly"])
started = start_training_run.sync_detailed(DOMAIN, client=client, body=new_run)
again = start_training_run.sync_detailed(DOMAIN, client=client, body=new_run)
phase = PhaseName.ENTITY_EXTRACTION_OPTIMIZATION
metrics = Metrics.from_dict(METRICS)
events = batch(
    PhaseEvent(type_=PhaseEventType.PHASE, n=1, phase=phase, timestamp=datetime.now(UTC)),
    ProgressEvent(type_=ProgressEventType.PROGRESS, n=2, fraction=0.5, message="trial 3 of 6", metrics=metrics),
    LogEvent(type_=LogEventType.LOG, n=3, level=LogLevel.WARNING, message="slow", step=None),
)
good(send_events.sync(ID, client=client, body=events))
receipt = good(send_heartbeat.sync(ID, client=client))
ninth = batch(LogEvent(type_=LogEventType.LOG, n=9, level=LogLevel.INFO, message=""))
gap = problem(send_events.sync(ID, client=client, body=ninth))

training = good(get_training_status.sync(DOMAIN, client=client))
levels = [LogLevel.INFO, LogLevel.WARNING]
log = good(list_training_logs.sync(DOMAIN, client=client, level=levels, order=ListTrainingLogsOrder.ASC, run=1))
warnings = good(list_training_logs.sync(DOMAIN, client=client, level=[LogLevel.WARNING]))
text = download_training_logs.sync_detailed(
    DOMAIN, client=client, format_=DownloadTrainingLogsFormat.TEXT, min_level=LogLevel.WARNING
).content.decode()

end = CompleteEvent(
    type_=CompleteEventType.COMPLETE,
    n=4,
    message="done",
    metrics=Metrics.from_dict({"entity_f1": 0.87}),
    result=TrainingResult.from_dict(RESULT),
)
good(send_events.sync(ID, client=client, body=batch(end)))
noted = good(change_training_run.sync(ID, client=client, body=RunChange(note="kept")))
read = good(get_training_run_by_number.sync(DOMAIN, 1, client=client))
history = good(get_training_history.sync(DOMAIN, client=client))
produced = good(get_training_run_result.sync(ID, client=client))
# It knows no NDJSON: what it makes of it is left out, and the bytes are there.
exported = export_training_run.sync_detailed(ID, client=client).content.decode()

deletions = [delete_training_run.sync_detailed(ID, client=client), delete_domain.sync_detailed(DOMAIN, client=client)]
gone = problem(get_domain.sync(DOMAIN, client=client))

tell(
    created=[created.name, created.llm_model, created.latest_run],
    changed=[changed.stall_limit_s, changed.kept_days],
    started=[started.status_code, again.status_code, good(again.parsed).training_run_id == ID],
    last_n=receipt.last_n,
    gap=[gap.status, gap.code, gap.expected_n],
    training=[
        training.status.value,
        training.current_step.value,
        training.progress,
        len(training.steps),
        training.metrics.to_dict(),
    ],
    log=[
        [entry.seq, entry.level.value, entry.message, entry.step, entry.metrics and entry.metrics.to_dict()]
        for entry in log.logs
    ],
    warnings=warnings.total_logs,
    text=text.rstrip().split(" ")[1:],
    completed=[
        read.status.value,
        read.progress,
        read.optimizer,
        read.sample_count,
        read.config.to_dict(),
        read.tags,
        noted.note,
    ],
    history=[[past.run_number, past.status.value, past.metrics["entity_f1"]] for past in history.training_runs],
    result=produced.to_dict(),
    exported=len(exported.rstrip().splitlines()),
    deleted=[answer.status_code for answer in deletions],
    gone=[gone.status, gone.code],
)
