"""The budget of a run: changing its limits, and requesting a cancel when one is reached."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import UNSET

from training_status.audit.actor import SERVICE, as_actor
from training_status.budget import BUDGET_LIMITS
from training_status.errors import InvalidInput
from training_status.ingest.request_schemas import DomainChange, NewRun, RunChange, check_cost_limit
from training_status.ingest.run_audit import record_run_action
from training_status.ingest.run_state_machine import RunStateMachine
from training_status.models import Domain

THE_BUDGET = "the budget"  # as an actor


def limits_at_start(start: NewRun, domain: Domain) -> dict[str, Any]:
    """Return the limits of a new run: its own or, where it has none, those of its domain."""
    priced = domain if start.cost_limit is None else start
    return {
        "cost_limit": priced.cost_limit,
        "currency": priced.currency,
        "tokens_limit": domain.tokens_limit if start.tokens_limit is None else start.tokens_limit,
    }


def changed_limits(change: DomainChange | RunChange, stored: Any) -> dict[str, Any]:
    """Return the limits that `change` sets in what is stored. A cost limit that is removed takes its currency along.

    Raises InvalidInput for a cost limit without a currency, and the reverse.
    """
    values = {name: value for name in BUDGET_LIMITS if (value := getattr(change, name)) is not UNSET}
    if "cost_limit" in values and values["cost_limit"] is None:
        values.setdefault("currency", None)
    after = {name: getattr(stored, name) for name in BUDGET_LIMITS} | values
    check_cost_limit(after["cost_limit"], after["currency"])
    return values


def check_currency_of_costs(currency: str | None, usage: Mapping[str, Any]) -> None:
    """Raise InvalidInput for a limit in another currency than all costs of the run."""
    costs = usage.get("costs", {})
    if currency is not None and costs and currency not in costs:
        raise InvalidInput(
            f"currency is {currency}, but the costs of the run are in {', '.join(costs)}.", field="currency"
        )


def enforce_budget(machine: RunStateMachine, now: datetime) -> None:
    """Request a cancel of an active run that has reached a limit, and record it, unless one was requested before.

    The caller holds the run's lock, and stores the machine.
    """
    if machine.cancel_over_budget(now):
        with as_actor(SERVICE, THE_BUDGET):
            record_run_action("cancelled", machine.id, reason=machine.cancel_reason)
