"""`manage.py revoke_token`."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from training_status.access.tokens import create_token, principal_of_token
from training_status.models import AccessToken, AuditEntry

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    stdout = StringIO()
    call_command("revoke_token", *arguments, stdout=stdout)
    return stdout.getvalue()


def revocations() -> list[tuple]:
    return list(AuditEntry.objects.filter(action="revoked").values_list("actor_kind", "subject", "name"))


@pytest.mark.parametrize("by", ["prefix", "name"])
def test_it_revokes_the_token_of_that_prefix_or_name(by):
    row, token = create_token("nightly", "viewer")
    _, other = create_token("daily", "viewer")
    assert run(getattr(row, by)) == f"nightly ({row.prefix}) is revoked.\n"
    assert principal_of_token(token) is None
    assert principal_of_token(other) is not None
    assert revocations() == [("command", "token", f"nightly ({row.prefix})")]


def test_several_of_a_name_are_listed_and_left_alone():
    rows = [create_token("nightly", role)[0] for role in ("viewer", "operator")]
    with pytest.raises(CommandError, match="2 tokens have the name 'nightly'") as refusal:
        run("nightly")
    for row in rows:
        assert f"{row.prefix}  nightly, {row.role}" in str(refusal.value)
    assert not AccessToken.objects.exclude(revoked_at=None).exists()
    run(rows[0].prefix)
    run("nightly")  # one is left, so it is clear which
    assert not AccessToken.objects.filter(revoked_at=None).exists()


def test_one_that_was_revoked_already_is_said_and_stays_as_it_is():
    row, _ = create_token("nightly", "viewer")
    run("nightly")
    revoked_at = AccessToken.objects.get().revoked_at
    assert f"nightly ({row.prefix}) was already revoked at 20" in run("nightly")
    assert AccessToken.objects.get().revoked_at == revoked_at
    assert len(revocations()) == 1


def test_an_unknown_one_is_said():
    with pytest.raises(CommandError, match="no token with the prefix or name 'nightly'"):
        run("nightly")
