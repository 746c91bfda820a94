"""Reading runs for a comparison, with configuration, phase times and prompts. Two queries for any number of runs.

Raw SQL: one query finds runs by number, by id and as the domain's baseline, and it reads only as much of the prompts as
is shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from django.db import connection

from training_status.jsonb import from_jsonb
from training_status.read.run_columns import DECLARED_DIRECTIONS, STALL_LIMIT_S, limits_of_settings
from training_status.read.run_facts import PhaseTime
from training_status.selected_columns import JSONB, Column, Selected

PROMPTS_MAX: Final = 30
PROMPT_CHARACTERS_MAX: Final = 200_000  # of one prompt, over all the runs that are compared

# A prompt is a text or an object of parts; parts that are not text are shown as JSON. One prompt and one character more
# than the limits are read, to know whether something is cut off.
_PROMPTS = """
    SELECT jsonb_object_agg(name, left(text, %(characters)s)) FROM (
        SELECT name, CASE jsonb_typeof(value) WHEN 'string' THEN value #>> '{}' ELSE jsonb_pretty(value) END
          FROM (SELECT prompt.name || coalesce('.' || part.name, ''), coalesce(part.value, prompt.value)
                  FROM jsonb_each(CASE jsonb_typeof(run.result -> 'prompts') WHEN 'object'
                                  THEN run.result -> 'prompts' END) AS prompt(name, value)
                  LEFT JOIN LATERAL jsonb_each(CASE jsonb_typeof(prompt.value) WHEN 'object' THEN prompt.value END)
                       AS part(name, value) ON true) AS every(name, value)
         ORDER BY name COLLATE "C" LIMIT %(prompts)s) AS shown(name, text)
"""


def _object(text: Any) -> Any:
    return from_jsonb(text) or {}


@dataclass(slots=True)
class ComparedRun:
    """The stored fields of a run in a comparison, named as in `TrainingRun`.

    `is_compared` is False for a baseline that was not requested: it has no config, prompts and phase times. `prompts`
    are cut off at one character more than `prompt_characters` allows.
    """

    id: int
    domain_name: Annotated[str, Column("domain.name")]
    run_number: int
    public_id: UUID
    state: str
    failure_reason: str | None
    cancel_requested_at: datetime | None
    last_report_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    stall_limit_s: Annotated[float, STALL_LIMIT_S]
    metrics: Annotated[dict[str, Any], JSONB]
    declared_directions: Annotated[dict[str, bool], DECLARED_DIRECTIONS]
    llm_model: str
    optimizer: str | None
    sample_count: int | None
    tags: Annotated[list[str], JSONB]
    is_baseline: Annotated[bool, Column("run.run_number IS NOT DISTINCT FROM domain.baseline_run_number")]
    is_compared: Annotated[bool, Column("once.is_compared")]
    config: Annotated[dict[str, Any], Column("CASE WHEN once.is_compared THEN run.config END", _object)]
    prompts: Annotated[dict[str, str], Column(f"CASE WHEN once.is_compared THEN ({_PROMPTS}) END", _object)]
    phase_times: list[PhaseTime] = field(default_factory=list)


_COMPARED_RUN = Selected(ComparedRun, "run")
_RUNS = f"""
    WITH asked AS (
        SELECT id, baseline_run_number FROM training_status_domain
         WHERE name = %(domain_name)s AND (%(only_domain_id)s::bigint IS NULL OR id = %(only_domain_id)s)),
    wanted AS (
        SELECT run.id, true AS is_compared FROM asked JOIN training_status_trainingrun AS run
               ON run.domain_id = asked.id AND run.run_number = ANY(%(numbers)s::bigint[])
         UNION ALL
        SELECT run.id, true FROM training_status_trainingrun AS run
         WHERE run.public_id = ANY(%(public_ids)s::uuid[])
           AND (%(only_domain_id)s::bigint IS NULL OR run.domain_id = %(only_domain_id)s)
         UNION ALL
        SELECT run.id, false FROM asked JOIN training_status_trainingrun AS run
               ON run.domain_id = asked.id AND run.run_number = asked.baseline_run_number),
    once AS (SELECT id, bool_or(is_compared) AS is_compared FROM wanted GROUP BY id)
    SELECT {_COMPARED_RUN.columns}
      FROM once JOIN training_status_trainingrun AS run ON run.id = once.id
           JOIN training_status_domain AS domain ON domain.id = run.domain_id
"""
_PHASE_TIMES = """
    SELECT run_id, phase, started_at, ended_at FROM training_status_phasetiming WHERE run_id = ANY(%(run_ids)s)
"""


def prompt_characters(runs: int) -> int:
    """How much of a prompt each of so many runs may show."""
    return PROMPT_CHARACTERS_MAX // runs


def runs_to_compare(
    domain_name: str, numbers: Sequence[int], public_ids: Sequence[UUID], *, only_domain_id: int | None
) -> list[ComparedRun]:
    """The domain's runs with these numbers, the runs with these ids (of whatever domain), and the domain's baseline.

    Those that there are, in no order.
    """
    asked: dict[str, Any] = {
        "domain_name": domain_name,
        "numbers": list(numbers),
        "public_ids": list(public_ids),
        "only_domain_id": only_domain_id,
        "characters": prompt_characters(len(numbers) + len(public_ids)) + 1,
        "prompts": PROMPTS_MAX + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(_RUNS, limits_of_settings() | asked)
        runs = {run.id: run for run in map(_COMPARED_RUN.instance, cursor.fetchall())}
        cursor.execute(_PHASE_TIMES, {"run_ids": [run.id for run in runs.values() if run.is_compared]})
        for run_id, *times in cursor.fetchall():
            runs[run_id].phase_times.append(PhaseTime(*times))
    return list(runs.values())
