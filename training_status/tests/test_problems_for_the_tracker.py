"""The tracker takes the service's problems as final, and nothing else: it has to recognise them."""

import json

import pytest
from aegis_tracker.http_answer import Answer

from aegis_training.serving.problem_details import problem


@pytest.mark.parametrize("status", [401, 403, 404, 405, 406, 409, 413, 415, 422, 429, 500, 503])
def test_a_problem_is_known_as_the_service_s_own(status: int) -> None:
    response = problem(status, "This is why.", "a_word", expected_n=3)
    content_type = response.headers["Content-Type"]
    assert Answer(status, json.loads(response.content), content_type=content_type).is_problem
    assert not Answer(status, json.loads(response.content), content_type="application/json").is_problem
    assert not Answer(status + 1, json.loads(response.content), content_type=content_type).is_problem
