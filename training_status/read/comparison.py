"""Runs to be compared, each with its configuration, phase times and prompts, in two queries however many.

Raw SQL: the runs come by number, by id and as the domain's baseline at once, and of each result only as much of
its prompts as will be shown leaves the database.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection

from training_status.jsonb import from_jsonb
from training_status.read.run_facts import PhaseTime

PROMPTS_MAX: Final = 30
PROMPT_CHARACTERS_MAX: Final = 200_000  # of one prompt, over all the runs that are compared

# A prompt is a text, or an object of parts; a part that is no text is shown as JSON. One more than is shown, and one
# character more, tell that there is more.
_PROMPTS = """
    SELECT jsonb_object_agg(name, left(text, %s)) FROM (
        SELECT name, CASE jsonb_typeof(value) WHEN 'string' THEN value #>> '{}' ELSE jsonb_pretty(value) END
          FROM (SELECT prompt.name || coalesce('.' || part.name, ''), coalesce(part.value, prompt.value)
                  FROM jsonb_each(CASE jsonb_typeof(run.result -> 'prompts') WHEN 'object'
                                  THEN run.result -> 'prompts' END) AS prompt(name, value)
                  LEFT JOIN LATERAL jsonb_each(CASE jsonb_typeof(prompt.value) WHEN 'object' THEN prompt.value END)
                       AS part(name, value) ON true) AS every(name, value)
         ORDER BY name COLLATE "C" LIMIT %s) AS shown(name, text)
"""
_RUNS = f"""
    WITH asked AS (
        SELECT id, baseline_run_number FROM training_status_domain
         WHERE name = %s AND (%s::bigint IS NULL OR id = %s)),
    wanted AS (
        SELECT run.id, true AS is_compared FROM asked JOIN training_status_trainingrun AS run
               ON run.domain_id = asked.id AND run.run_number = ANY(%s::bigint[])
         UNION ALL
        SELECT run.id, true FROM training_status_trainingrun AS run
         WHERE run.public_id = ANY(%s::uuid[]) AND (%s::bigint IS NULL OR run.domain_id = %s)
         UNION ALL
        SELECT run.id, false FROM asked JOIN training_status_trainingrun AS run
               ON run.domain_id = asked.id AND run.run_number = asked.baseline_run_number),
    once AS (SELECT id, bool_or(is_compared) AS is_compared FROM wanted GROUP BY id)
    SELECT run.id, domain.name, run.run_number, run.public_id, run.state, run.failure_reason, run.cancel_requested_at,
           run.last_report_at, run.started_at, run.ended_at, coalesce(domain.stall_limit_s, %s), run.metrics,
           run.llm_model, run.optimizer, run.sample_count, run.tags,
           run.run_number = domain.baseline_run_number, once.is_compared,
           CASE WHEN once.is_compared THEN run.config END, CASE WHEN once.is_compared THEN ({_PROMPTS}) END
      FROM once JOIN training_status_trainingrun AS run ON run.id = once.id
           JOIN training_status_domain AS domain ON domain.id = run.domain_id
"""
_PHASE_TIMES = """
    SELECT run_id, phase, started_at, ended_at FROM training_status_phasetiming WHERE run_id = ANY(%s)
"""


@dataclass(slots=True)
class ComparedRun:
    """The stored facts of a run that its column is made of; fields as in `TrainingRun`.

    `is_compared` is false for the domain's baseline where it was not asked for: it comes without config, prompts and
    phase times. `prompts` are cut off behind one character more than `PROMPT_CHARACTERS_MAX` leaves each.
    """

    id: int
    domain_name: str
    run_number: int
    public_id: UUID
    state: str
    failure_reason: str | None
    cancel_requested_at: datetime | None
    last_report_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    stall_limit_s: float
    metrics: dict[str, Any]
    llm_model: str
    optimizer: str | None
    sample_count: int | None
    tags: list[str]
    is_baseline: bool
    is_compared: bool
    config: dict[str, Any]
    prompts: dict[str, str]
    phase_times: list[PhaseTime] = field(default_factory=list)


def prompt_characters(runs: int) -> int:
    """How much of a prompt each of so many runs may show."""
    return PROMPT_CHARACTERS_MAX // runs


def runs_to_compare(
    domain_name: str, numbers: Sequence[int], public_ids: Sequence[UUID], *, only_domain_id: int | None
) -> list[ComparedRun]:
    """The domain's runs with these numbers, the runs with these ids (of whatever domain), and the domain's baseline.

    Those that there are, in no order.
    """
    each_max = prompt_characters(len(numbers) + len(public_ids))
    bound = (only_domain_id, only_domain_id)
    stall_limit_s = settings.STALL_LIMIT.total_seconds()
    asked = (domain_name, *bound, list(numbers), list(public_ids), *bound, stall_limit_s)
    with connection.cursor() as cursor:
        cursor.execute(_RUNS, (*asked, each_max + 1, PROMPTS_MAX + 1))
        runs = {row[0]: _run(row) for row in cursor.fetchall()}
        cursor.execute(_PHASE_TIMES, ([run.id for run in runs.values() if run.is_compared],))
        for run_id, *times in cursor.fetchall():
            runs[run_id].phase_times.append(PhaseTime(*times))
    return list(runs.values())


def _run(row: tuple[Any, ...]) -> ComparedRun:
    run = ComparedRun(*row)
    run.metrics, run.tags = from_jsonb(run.metrics), from_jsonb(run.tags)
    run.config, run.prompts = from_jsonb(run.config) or {}, from_jsonb(run.prompts) or {}
    run.is_baseline = bool(run.is_baseline)  # null where none is pinned
    return run
