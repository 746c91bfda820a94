"""One training of a domain, from its start to its end."""

import uuid
from datetime import UTC, datetime

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce

from training_status import run_states
from training_status.budget import REASON_MAX_CHARACTERS
from training_status.models.domain import EMPTY_OBJECT, LLM_MODEL_MAX_CHARACTERS, Domain, budget_constraints
from training_status.phases import PHASE_NAMES

OPTIMIZER_MAX_CHARACTERS = 200
PHASE_MAX_CHARACTERS = 40

# What Python can read back: PostgreSQL itself goes on to years before Christ.
EARLIEST = datetime(1, 1, 1, tzinfo=UTC)

_FINISHED = Q(state=run_states.COMPLETED) | Q(state=run_states.FAILED)
_COUNTED = F("debug_count") + F("info_count") + F("warning_count") + F("error_count") + F("critical_count")


class TrainingRun(models.Model):
    """The stored facts of a run. `ingest` writes them, under a lock on this row.

    `last_n` is the highest event number stored, `source` who counts. The run's log entries are
    numbered `first_seq` to `last_seq` without gaps; the counts per level are of the entries kept.
    `resumed_at_seq` is where the log stood when the run first went on after a provisional end.
    `progress_percent` is 0.0 to 100.0 and never goes down. `end_reported` says that the end is the
    reporter's own, or an operator's word for it, and so final.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    domain = models.ForeignKey(Domain, on_delete=models.PROTECT, related_name="training_runs")
    run_number = models.BigIntegerField()

    llm_model = models.CharField(max_length=LLM_MODEL_MAX_CHARACTERS)
    optimizer = models.CharField(max_length=OPTIMIZER_MAX_CHARACTERS, null=True)  # null: not said
    sample_count = models.BigIntegerField(null=True)
    config = models.JSONField(default=dict)
    tags = models.JSONField(default=list)
    note = models.TextField(default="")

    state = models.CharField(max_length=9, choices=[(s, s) for s in run_states.RUN_STATES], default=run_states.PENDING)
    failure_reason = models.CharField(  # null: not failed
        max_length=9, choices=[(r, r) for r in run_states.FAILURE_REASONS], null=True
    )
    end_reported = models.BooleanField(default=False)
    cancel_requested_at = models.DateTimeField(null=True)

    current_phase = models.CharField(  # null: no phase entered
        max_length=PHASE_MAX_CHARACTERS, choices=[(name, name) for name in PHASE_NAMES], null=True
    )
    phase_started_at = models.DateTimeField(null=True)
    progress_percent = models.FloatField(default=0.0)
    message = models.TextField(null=True)  # of the latest progress that had one; null: none yet
    phase_message = models.TextField(null=True)  # of the event that began the current phase
    event_message = models.TextField(null=True)  # of the latest phase, progress or complete event
    metrics = models.JSONField(default=dict)
    higher_is_better = models.JSONField(default=dict, db_default=EMPTY_OBJECT)  # as the run has declared it
    error_message = models.TextField(null=True)  # null: not failed
    result = models.JSONField(null=True)

    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    last_report_at = models.DateTimeField()
    last_event_at = models.DateTimeField()

    source = models.UUIDField(null=True)
    last_n = models.BigIntegerField(default=0)

    candidate_count = models.BigIntegerField(default=0, db_default=0)
    evaluation_count = models.BigIntegerField(default=0, db_default=0)
    best = models.JSONField(default=dict, db_default=EMPTY_OBJECT)  # as `best_evaluations` keeps it
    usage = models.JSONField(default=dict, db_default=EMPTY_OBJECT)  # as `ingest.usage_totals` keeps it
    # As `forecast.usage` encodes it; empty while nothing is known, and once the run has ended.
    usage_estimate = models.JSONField(default=dict, db_default=EMPTY_OBJECT)
    cost_limit = models.FloatField(null=True)  # in `currency`; null: no limit
    currency = models.CharField(max_length=3, null=True)
    tokens_limit = models.BigIntegerField(null=True)
    # Which limit was reached, of a run that its budget cancelled; null: no budget cancelled it.
    cancel_reason = models.CharField(max_length=REASON_MAX_CHARACTERS, null=True)

    first_seq = models.BigIntegerField(default=1)
    last_seq = models.BigIntegerField(default=0)
    # The column has an earlier name. Null: never went on after a provisional end.
    resumed_at_seq = models.BigIntegerField(null=True, db_column="given_up_seq")
    debug_count = models.BigIntegerField(default=0)
    info_count = models.BigIntegerField(default=0)
    warning_count = models.BigIntegerField(default=0)
    error_count = models.BigIntegerField(default=0)
    critical_count = models.BigIntegerField(default=0)

    class Meta:
        ordering = ("-id",)
        indexes = (
            # "The latest run": the one that started last; not started yet counts by its creation.
            models.Index(
                "domain",
                Coalesce("started_at", "created_at").desc(),
                F("run_number").desc(),
                name="run_latest_of_domain",
            ),
            # The baseline: the last completed run with a lower number.
            models.Index("domain", "run_number", name="run_completed", condition=Q(state=run_states.COMPLETED)),
            models.Index("domain", name="run_active", condition=~_FINISHED),
            # The lists of the admin, newest first: by state, by start, by a tag, by the words of a note.
            models.Index(fields=("state", "failure_reason", "id"), name="run_by_state"),
            models.Index(fields=("started_at", "id"), name="run_by_start"),
            GinIndex(fields=("tags",), name="run_by_tag", opclasses=("jsonb_path_ops",), condition=~Q(tags=[])),
            GinIndex(
                Func(Value("simple"), F("note"), function="to_tsvector"), name="run_by_note", condition=~Q(note="")
            ),
        )
        constraints = (
            models.UniqueConstraint(fields=("domain", "run_number"), name="run_number_unique_in_domain"),
            models.CheckConstraint(condition=Q(run_number__gte=1), name="run_number_from_1"),
            models.CheckConstraint(condition=~Q(llm_model=""), name="run_llm_model_not_empty"),
            models.CheckConstraint(condition=Q(sample_count__gte=0), name="run_sample_count_not_negative"),
            models.CheckConstraint(condition=Q(state__in=run_states.RUN_STATES), name="run_state_known"),
            models.CheckConstraint(
                condition=Q(state=run_states.FAILED, failure_reason__in=run_states.FAILURE_REASONS)
                | (~Q(state=run_states.FAILED) & Q(failure_reason__isnull=True)),
                name="run_failed_has_a_reason",
            ),
            models.CheckConstraint(
                condition=(_FINISHED & Q(ended_at__isnull=False)) | (~_FINISHED & Q(ended_at__isnull=True)),
                name="run_finished_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(end_reported=False) | (_FINISHED & Q(started_at__isnull=False)),
                name="run_reported_end_is_finished",
            ),
            models.CheckConstraint(
                condition=~Q(state=run_states.COMPLETED) | Q(end_reported=True, progress_percent=100.0),
                name="run_completed_is_reported_and_full",
            ),
            models.CheckConstraint(
                condition=~Q(state=run_states.PENDING) | Q(started_at__isnull=True),
                name="run_pending_not_started",
            ),
            models.CheckConstraint(
                condition=~Q(state=run_states.RUNNING) | Q(started_at__isnull=False), name="run_running_started"
            ),
            models.CheckConstraint(
                condition=Q(started_at__isnull=True) | Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                name="run_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(current_phase__isnull=True) | Q(current_phase__in=PHASE_NAMES), name="run_phase_known"
            ),
            models.CheckConstraint(
                condition=Q(current_phase__isnull=True, phase_started_at__isnull=True)
                | Q(current_phase__isnull=False, phase_started_at__isnull=False, phase_started_at__gte=F("started_at")),
                name="run_phase_has_a_start",
            ),
            models.CheckConstraint(
                condition=Q(started_at__isnull=True) | Q(started_at__gte=EARLIEST), name="run_start_in_calendar"
            ),
            models.CheckConstraint(
                condition=Q(progress_percent__gte=0.0) & Q(progress_percent__lte=100.0),
                name="run_progress_0_to_100",
            ),
            models.CheckConstraint(condition=Q(last_n__gte=0), name="run_last_n_not_negative"),
            *budget_constraints("run"),
            models.CheckConstraint(
                condition=Q(candidate_count__gte=0, evaluation_count__gte=0), name="run_findings_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(first_seq__gte=1) & Q(last_seq__gte=F("first_seq") - 1), name="run_seq_range"
            ),
            models.CheckConstraint(
                condition=Q(resumed_at_seq__isnull=True) | Q(resumed_at_seq__gte=0, resumed_at_seq__lte=F("last_seq")),
                name="run_given_up_within_log",
            ),
            models.CheckConstraint(
                condition=Q(debug_count__gte=0)
                & Q(info_count__gte=0)
                & Q(warning_count__gte=0)
                & Q(error_count__gte=0)
                & Q(critical_count__gte=0),
                name="run_level_counts_not_negative",
            ),
            models.CheckConstraint(condition=Q(last_seq=F("first_seq") - 1 + _COUNTED), name="run_level_counts_add_up"),
        )

    def __str__(self) -> str:
        return f"{self.domain} #{self.run_number}"
