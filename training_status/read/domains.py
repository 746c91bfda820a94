"""Reading domains, with their latest runs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from django.db import connection

from training_status.read.run_facts import RunFacts, latest_runs
from training_status.selected_columns import JSONB, Selected


@dataclass(slots=True)
class DomainFacts:
    """A domain and its latest run (None: never trained). A limit that is None uses the setting."""

    id: int
    name: str
    description: str
    llm_model: str
    created_at: datetime
    stall_limit_s: float | None
    hang_limit_s: float | None
    lost_limit_s: float | None
    kept_runs: int | None
    kept_days: float | None
    baseline_run_number: int | None
    higher_is_better: Annotated[dict[str, bool], JSONB]
    cost_limit: float | None
    currency: str | None
    tokens_limit: int | None
    latest_run: RunFacts | None = None


_FACTS = Selected(DomainFacts, "domain")
_SELECT = f"SELECT {_FACTS.columns} FROM training_status_domain domain"


class DomainList:
    """All domains by name, each with its latest run; with `only_domain_id`, only this one."""

    def __init__(self, *, only_domain_id: int | None = None) -> None:
        self._only = only_domain_id

    def count(self) -> int:
        """Return the number of domains."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM training_status_domain WHERE %s::bigint IS NULL OR id = %s",
                (self._only, self._only),
            )
            (count,) = cursor.fetchone()
        return int(count)

    def part(self, offset: int, limit: int) -> list[DomainFacts]:
        """Return some of the domains, in two queries."""
        found = _all(
            f"{_SELECT} WHERE %s::bigint IS NULL OR domain.id = %s ORDER BY domain.name LIMIT %s OFFSET %s",
            (self._only, self._only, limit, offset),
        )
        latest = latest_runs([domain.id for domain in found])
        for domain in found:
            domain.latest_run = latest.get(domain.id)
        return found


def all_domain_ids() -> list[int]:
    """Return the keys of all domains."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM training_status_domain")
        return [domain_id for (domain_id,) in cursor.fetchall()]


def domain_by_name(name: str, *, only_domain_id: int | None = None) -> DomainFacts | None:
    """Return a domain with its latest run; None if there is no domain of this name."""
    found = _all(
        f"{_SELECT} WHERE domain.name = %s AND (%s::bigint IS NULL OR domain.id = %s)",
        (name, only_domain_id, only_domain_id),
    )
    if not found:
        return None
    found[0].latest_run = latest_runs([found[0].id]).get(found[0].id)
    return found[0]


def _all(sql: str, parameters: tuple[Any, ...]) -> list[DomainFacts]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows = cursor.fetchall()
    return [_FACTS.instance(row) for row in rows]


def domain_exists(name: str, *, only_domain_id: int | None = None) -> bool:
    """Whether there is a domain of this name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM training_status_domain WHERE name = %s AND (%s::bigint IS NULL OR id = %s)",
            (name, only_domain_id, only_domain_id),
        )
        return cursor.fetchone() is not None
