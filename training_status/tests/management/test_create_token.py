"""`manage.py create_token`."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.support.factories import DomainFactory
from training_status.access.tokens import principal_of_token
from training_status.models import AccessToken

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    stdout = StringIO()
    call_command("create_token", *arguments, stdout=stdout)
    return stdout.getvalue()


@pytest.mark.parametrize("role", ["viewer", "reporter", "operator"])
def test_it_prints_the_token_alone(role):
    printed = run("nightly", "--role", role)
    assert printed == printed.strip() + "\n"
    assert principal_of_token(printed.strip()).role == role


def test_it_binds_to_a_domain_and_expires():
    domain = DomainFactory()
    token = run("nightly", "--role", "viewer", "--domain", domain.name, "--days", "7").strip()
    assert principal_of_token(token).only_domain_id == domain.id
    row = AccessToken.objects.get()
    assert (row.expires_at - row.created_at).days in (6, 7)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nightly"], "--role"),
        (["nightly", "--role", "admin"], "invalid choice"),
        (["nightly", "--role", "viewer", "--domain", "nowhere"], "no domain 'nowhere'"),
        (["nightly", "--role", "viewer", "--days", "0"], "1 to 36500"),
        ([" ", "--role", "viewer"], "1 to 200 characters"),
        (["x" * 201, "--role", "viewer"], "1 to 200 characters"),
    ],
)
def test_what_is_wrong_is_said_and_creates_nothing(arguments, words):
    with pytest.raises(CommandError, match=words):
        run(*arguments)
    assert not AccessToken.objects.exists()
