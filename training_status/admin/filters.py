"""What the lists of the admin can be narrowed by. None lists what may be many: a domain's name is typed."""

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
    """Of one domain, by its name."""

    title = "domain"
    parameter_name = "of_domain"

    def condition(self, typed: str) -> Q:
        """Of that domain; of none when there is no such name. One query."""
        found = None if "\0" in typed else Domain.objects.filter(name=typed).values_list("id", flat=True).first()
        return Q(domain_id=found) if found is not None else Q(pk__in=())


class StartedFilter(SimpleListFilter):
    """Started within the last days."""

    title = "start"
    parameter_name = "started"
    _DAYS = {"1": "in the last 24 hours", "7": "in the last 7 days", "30": "in the last 30 days"}

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        """A few lengths of time, and those not started yet."""
        return [*self._DAYS.items(), ("none", "not yet")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[TrainingRun]) -> QuerySet[TrainingRun]:
        """The runs that started within the time chosen."""
        if self.value() == "none":
            return queryset.filter(started_at__isnull=True)
        if self.value() in self._DAYS:
            return queryset.filter(started_at__gte=timezone.now() - timedelta(days=int(self.value() or 0)))
        return queryset


class _BeforeFilter(TypedFilter):
    """Before a moment, in UTC: the way to what lies further back than the pages go."""

    field: str

    def condition(self, typed: str) -> Q:
        """Raises IncorrectLookupParameters, which the list answers with everything, for what is no moment."""
        try:
            moment = datetime.fromisoformat(typed)
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise IncorrectLookupParameters(error) from error
        return Q(**{f"{self.field}__lt": moment})


class StartedBeforeFilter(_BeforeFilter):
    """Runs that started before a day."""

    title = "start before"
    parameter_name = "started_before"
    input_type = "date"
    field = "started_at"


class AtBeforeFilter(_BeforeFilter):
    """What happened before a moment."""

    title = "time before (UTC)"
    parameter_name = "before"
    input_type = "datetime-local"
    field = "at"


class RunStateFilter(SimpleListFilter):
    """By the state that is shown."""

    title = "state"
    parameter_name = "shown"
    words = tuple(run_states.SHOWN_STATUS.values())

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        """The words."""
        return [(word, word) for word in self.words]

    def queryset(self, request: HttpRequest, queryset: QuerySet[TrainingRun]) -> QuerySet[TrainingRun]:
        """The runs of which the word is shown."""
        word = self.value()
        return queryset.filter(is_shown_as(word, timezone.now())) if word in self.words else queryset


class HealthFilter(RunStateFilter):
    """By the health of those that go on, and by the reason of those that failed."""

    title = "health or reason"
    parameter_name = "health"
    words = (*run_states.HEALTHS, *run_states.FAILURE_REASONS)


class DomainStateFilter(RunStateFilter):
    """Domains by what is shown of their latest run."""

    words = (*RunStateFilter.words, *HealthFilter.words[1:])

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        """The words, and the domains without a run."""
        return [*super().lookups(request, model_admin), (NEVER_TRAINED, "never trained")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The domains whose latest run is so: the one that started last, as everywhere."""
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
    """Tokens that are good for something, and those that are not any more."""

    title = "validity"
    parameter_name = "validity"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        """Three kinds."""
        return [("valid", "valid"), ("revoked", "revoked"), ("expired", "expired")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The tokens of that kind."""
        expired = Q(expires_at__lte=timezone.now())
        kinds = {
            "valid": ~expired & Q(revoked_at=None),
            "revoked": Q(revoked_at__isnull=False),
            "expired": expired & Q(revoked_at=None),
        }
        kind = self.value()
        return queryset.filter(kinds[kind]) if kind in kinds else queryset
