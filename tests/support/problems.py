"""Errors as the service answers them: application/problem+json."""

import json


def assert_problem(response, status: int) -> dict:
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    body = json.loads(response.content)
    assert {"type", "title", "status", "detail", "code"} <= set(body)
    assert body["status"] == status
    assert body["detail"].endswith((".", "'")) or " must be " in body["detail"] or status == 500
    return body
