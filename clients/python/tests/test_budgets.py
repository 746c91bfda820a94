"""The service says in its receipts how much of the run's budget is used: the tracker warns once."""

import pytest
from support.contract_server import ContractServer
from support.trackers import MakeTracker


def warnings_about_budgets(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if "budget" in record.getMessage()]


def test_it_is_said_once_when_it_is_nearly_used_and_once_when_it_is_used_up(
    service: ContractServer, make_tracker: MakeTracker, caplog: pytest.LogCaptureFixture
) -> None:
    tracker = make_tracker()
    for state, said in ((None, 0), ("ok", 0), ("near", 1), ("near", 1), ("exceeded", 2), ("exceeded", 2), ("other", 2)):
        service.budget = state
        tracker.log("INFO", "one more")
        assert tracker.flush(30)
        assert len(warnings_about_budgets(caplog)) == said
    near, used_up = warnings_about_budgets(caplog)
    assert near == (
        f"Run {tracker.run_id}: at least 80 % of its budget is used. At 100 % the service asks the training to stop."
    )
    assert used_up == f"Run {tracker.run_id}: its budget is used up. The service asks the training to stop."
