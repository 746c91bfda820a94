"""The filters of the admin's lists. Filters with many possible values, such as domains, are text fields."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils import timezone

from training_status import run_states
from training_status.admin.typed_filter import TypedFilter
from training_status.displayed_state import is_shown_as
from training_status.models import Domain, TrainingRun

NEVER_TRAINED = "never-trained"


class DomainFilter(TypedFilter):
    """Filter by a domain's name."""

    title = "domain"
    parameter_name = "of_domain"

    def condition(self, typed: str) -> Q:
        """The condition for the domain; nothing matches an unknown name. One query."""
        found = None if "\0" in typed else Domain.objects.filter(name=typed).values_list("id", flat=True).first()
        return Q(domain_id=found) if found is not None else Q(pk__in=())


class StartedFilter(SimpleListFilter):
    """Filter runs by a recent start."""

    title = "start"
    parameter_name = "started"
    _DAYS = {"1": "in the last 24 hours", "7": "in the last 7 days", "30": "in the last 30 days"}

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        """A few periods, and runs that have not started."""
        return [*self._DAYS.items(), ("none", "not yet")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[TrainingRun]) -> QuerySet[TrainingRun]:
        """The runs that started within the chosen period."""
        if self.value() == "none":
            return queryset.filter(started_at__isnull=True)
        if self.value() in self._DAYS:
            return queryset.filter(started_at__gte=timezone.now() - timedelta(days=int(self.value() or 0)))
        return queryset


class _BeforeFilter(TypedFilter):
    """Filter by a time, in UTC. It reaches rows that are older than the last page of the list."""

    field: str

    def condition(self, typed: str) -> Q:
        """The condition. Raises IncorrectLookupParameters for an invalid time; the list then shows everything."""
        try:
            moment = datetime.fromisoformat(typed)
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise IncorrectLookupParameters(error) from error
        return Q(**{f"{self.field}__lt": moment})


class StartedBeforeFilter(_BeforeFilter):
    """Filter runs that started before a day."""

    title = "start before"
    parameter_name = "started_before"
    input_type = "date"
    field = "started_at"


class AtBeforeFilter(_BeforeFilter):
    """Filter entries before a time."""

    title = "time before (UTC)"
    parameter_name = "before"
    input_type = "datetime-local"
    field = "at"


class RunStateFilter(SimpleListFilter):
    """Filter runs by their displayed state."""

    title = "state"
    parameter_name = "shown"
    words = tuple(run_states.SHOWN_STATUS.values())

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        """The displayed states."""
        return [(word, word) for word in self.words]

    def queryset(self, request: HttpRequest, queryset: QuerySet[TrainingRun]) -> QuerySet[TrainingRun]:
        """The runs with the chosen state."""
        word = self.value()
        return queryset.filter(is_shown_as(word, timezone.now())) if word in self.words else queryset


class HealthFilter(RunStateFilter):
    """Filter active runs by health, and failed runs by reason."""

    title = "health or reason"
    parameter_name = "health"
    words = (*run_states.HEALTHS, *run_states.FAILURE_REASONS)


class DomainStateFilter(RunStateFilter):
    """Filter domains by the displayed state of their latest run."""

    words = (*RunStateFilter.words, *HealthFilter.words[1:])

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        """The displayed states, and domains without a run."""
        return [*super().lookups(request, model_admin), (NEVER_TRAINED, "never trained")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The domains whose latest run, the one that started last, has the chosen state."""
        word = self.value()
        if word == NEVER_TRAINED:
            return queryset.filter(~Exists(TrainingRun.objects.filter(domain=OuterRef("pk"))))
        if word not in self.words:
            return queryset
        latest = TrainingRun.objects.filter(domain=OuterRef(OuterRef("pk"))).order_by(
            Coalesce("started_at", "created_at").desc(), "-run_number"
        )
        return queryset.filter(
            Exists(TrainingRun.objects.filter(is_shown_as(word, timezone.now()), pk=Subquery(latest.values("pk")[:1])))
        )


class RevokedFilter(SimpleListFilter):
    """Filter tokens by validity."""

    title = "validity"
    parameter_name = "validity"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        """Valid, revoked and expired."""
        return [("valid", "valid"), ("revoked", "revoked"), ("expired", "expired")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The tokens with the chosen validity."""
        expired = Q(expires_at__lte=timezone.now())
        kinds = {
            "valid": ~expired & Q(revoked_at=None),
            "revoked": Q(revoked_at__isnull=False),
            "expired": expired & Q(revoked_at=None),
        }
        kind = self.value()
        return queryset.filter(kinds[kind]) if kind in kinds else queryset
