"""The run that a request is about: the domain's latest, or the one with the number `run`."""

from django.http import QueryDict

from training_status.api.query import positive_int
from training_status.errors import NotFound
from training_status.read.domains import domain_exists
from training_status.read.run_facts import RunFacts, latest_run, run_by_number


def chosen_run(domain_name: str, values: QueryDict, *, only_domain_id: int | None) -> RunFacts:
    """One query where there is such a run. Raises InvalidInput for no number, and NotFound.

    Its code says whether there may be one later: `no_training` (yet), `run_not_found`, `domain_not_found`.
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
