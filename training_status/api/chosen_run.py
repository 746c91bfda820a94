"""Selecting the run of a request: the domain's latest, or the one with the number in the parameter `run`."""

from django.http import QueryDict

from training_status.api.query import positive_int
from training_status.errors import NotFound
from training_status.read.domains import domain_exists
from training_status.read.run_facts import RunFacts, latest_run, run_by_number


def chosen_run(domain_name: str, values: QueryDict, *, only_domain_id: int | None) -> RunFacts:
    """Return the selected run, with one query if it exists. Raises InvalidInput for an invalid number, and NotFound.

    The code of NotFound is `no_training` (a run may start later), `run_not_found` or `domain_not_found`.
    """
    number = positive_int(values, "run")
    if number is None:
        run = latest_run(domain_name, only_domain_id=only_domain_id)
    else:
        run = run_by_number(domain_name, number, only_domain_id=only_domain_id)
    if run is not None:
        return run
    if not domain_exists(domain_name, only_domain_id=only_domain_id):
        raise NotFound(f"No training log found for domain '{domain_name}'", code="domain_not_found")
    if number is None:
        raise NotFound(f"No training log found for domain '{domain_name}'", code="no_training")
    raise NotFound(f"There is no run {number} of domain '{domain_name}'.", code="run_not_found")
