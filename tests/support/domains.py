"""Domains for tests."""

from itertools import count

import httpx

_numbers = count(1)


def create_domain(operator: httpx.Client) -> str:
    name = f"domain_{next(_numbers)}"
    answer = operator.post("/domains", json={"name": name, "description": "A domain under test"})
    assert answer.status_code == 201, answer.text
    return name
