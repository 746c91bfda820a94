"""The audit log from outside: who did what, and from where."""

from typing import Any

import httpx
import psycopg
import pytest

from tests.support.answers import ok, problem
from tests.support.domains import create_domain
from tests.support.running_service import ADMIN, Service
from tests.support.runs import Run, complete, log


class Told:
    """The entries of a service that came after this was made."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._after = max((row[0] for row in self._rows("id")), default=0)

    def _rows(self, columns: str, after: int = 0) -> list[tuple[Any, ...]]:
        with self._service.connect_to_database() as connection:
            return connection.execute(
                f"SELECT {columns} FROM training_status_auditentry WHERE id > %s ORDER BY id", (after,)
            ).fetchall()

    def acts(self) -> list[tuple[Any, ...]]:
        return self._rows("action, subject, name", self._after)

    def details(self) -> list[dict[str, Any]]:
        return [row[0] for row in self._rows("details", self._after)]

    def actors(self) -> list[tuple[Any, ...]]:
        return self._rows("actor_kind, actor, address", self._after)


@pytest.fixture
def told(service: Service) -> Told:
    return Told(service)


def actor_of(token: str) -> tuple[str, str]:
    return "token", f"acceptance ({token.split('_')[1]})"


def test_what_is_recorded_and_what_is_not(service: Service, operator: httpx.Client, reporter: httpx.Client) -> None:
    told = Told(service)
    domain = create_domain(operator)
    path = f"/domains/{domain}"
    ok(operator.patch(path, json={"description": "Another description"}))
    run = Run(reporter, domain, config={"secret": "of a config"})
    run.send(log(), log())
    run.heartbeat()
    ok(reporter.patch(run.path, json={"tags": ["good"], "note": "a note"}))
    ok(operator.post(f"{run.path}/cancel"))
    run.send(complete())
    assert operator.post("/stream-tickets", json={"domain": domain}).status_code == 201
    assert operator.get(f"{run.path}/export").status_code == 200
    assert operator.head(f"{run.path}/export").status_code == 200
    assert operator.delete(run.path).status_code == 204
    assert operator.delete(path).status_code == 204
    name = f"{domain} #1"
    assert told.acts() == [
        ("created", "domain", domain),
        ("changed", "domain", domain),
        ("changed", "run", name),
        ("cancelled", "run", name),
        ("exported", "run", name),
        ("deleted", "run", name),
        ("deleted", "domain", domain),
    ]
    of_run = {"training_run_id": run.id, "log_entries": 2}
    description = {"from": "A domain under test", "to": "Another description"}
    assert told.details() == [
        {"description": "A domain under test", "llm_model": "qwen3:32b"},
        {"description": description},
        of_run | {"tags": {"from": [], "to": ["good"]}, "note": {"from": "", "to": "a note"}},
        *[of_run] * 3,
        {"description": "Another description", "llm_model": "qwen3:32b", "runs": 0},
    ]
    assert set(told.actors()) == {(*actor_of(service.token(role)), "127.0.0.1") for role in ("operator", "reporter")}


def test_what_is_refused_is_not_recorded(
    service: Service, operator: httpx.Client, viewer: httpx.Client, run: Run
) -> None:
    told = Told(service)
    problem(operator.delete(run.path), 409)
    problem(operator.delete(f"/domains/{run.domain}"), 409)
    problem(operator.post("/domains", json={"name": run.domain, "description": "A domain under test"}), 409)
    problem(viewer.post(f"{run.path}/cancel"), 403)
    problem(viewer.get(f"{run.path}/export"), 403)
    problem(operator.patch(run.path, json={"note": 5}), 422)
    ok(operator.patch(run.path, json={}))
    assert told.acts() == []


def test_a_person_is_named(service: Service, domain: str) -> None:
    browser = service.sign_in()
    told = Told(service)
    headers = {"X-CSRFToken": browser.cookies["csrftoken"]}
    ok(browser.patch(f"{ADMIN}/domains/{domain}", json={"llm_model": "other"}, headers=headers))
    assert told.acts() == [("changed", "domain", domain)]
    assert told.actors() == [("user", "operator", "127.0.0.1")]


def test_the_first_operator_was_made_by_the_service(service: Service) -> None:
    with service.connect_to_database() as connection:
        first = connection.execute(
            "SELECT actor_kind, action, subject, name, details FROM training_status_auditentry"
            " WHERE subject = 'user' ORDER BY id LIMIT 2"
        ).fetchall()
    assert first == [
        ("service", "granted", "user", "operator", {"role": "superuser"}),
        ("service", "granted", "user", "operator", {"role": "operator"}),
    ]


def test_a_trusted_proxy_says_where_a_request_came_from(service: Service, told: Told) -> None:
    client = service.client(service.token("operator"))
    client.headers["X-Forwarded-For"] = "203.0.113.7"
    create_domain(client)
    client.headers["X-Forwarded-For"] = "x" * 5000
    create_domain(client)
    assert [address for _, _, address in told.actors()] == ["203.0.113.7", "x" * 99 + "…"]


def test_nobody_else_is_believed() -> None:
    service = Service(FORWARDED_ALLOW_IPS="192.0.2.1")
    try:
        service.start()
        client = service.client(service.token("operator"))
        told = Told(service)
        client.headers["X-Forwarded-For"] = "203.0.113.7"
        create_domain(client)
        assert [address for _, _, address in told.actors()] == ["127.0.0.1"]
    finally:
        service.stop()


@pytest.mark.parametrize("statement", ["UPDATE {} SET actor = ''", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_database_refuses_changes(service: Service, operator: httpx.Client, statement: str) -> None:
    create_domain(operator)
    with service.connect_to_database() as connection:

        def entries() -> list[tuple[Any, ...]]:
            return connection.execute("SELECT * FROM training_status_auditentry ORDER BY id").fetchall()

        before = entries()
        with pytest.raises(psycopg.errors.RestrictViolation, match="Audit entries stay as they were written"):
            connection.execute(statement.format("training_status_auditentry"))
        assert entries() == before


def test_an_entry_that_cannot_be_written_undoes_the_act(own_service: Service) -> None:
    operator = own_service.client(own_service.token("operator"))
    domain = create_domain(operator)
    with own_service.connect_to_database() as connection:
        connection.execute("ALTER TABLE training_status_auditentry ADD CONSTRAINT full_up CHECK (false) NOT VALID")
        assert operator.delete(f"/domains/{domain}").status_code == 500
        connection.execute("ALTER TABLE training_status_auditentry DROP CONSTRAINT full_up")
    ok(operator.get(f"/domains/{domain}"))
    own_service.said.clear()  # it had to complain


def test_tokens_from_the_command_line(service: Service, domain: str) -> None:
    told = Told(service)
    token = service.new_token("viewer", domain)
    service.revoke(token)
    problem(service.client(token).get(f"/domains/{domain}"), 401)
    name = f"acceptance ({token.split('_')[1]})"
    assert told.acts() == [("granted", "token", name), ("revoked", "token", name)]
    assert [kind for kind, *_ in told.actors()] == ["command", "command"]
    assert [actor.partition(" by ")[0] for _, actor, *_ in told.actors()] == ["create_token", "revoke_token"]
    assert token.split("_", 2)[2] not in str(told.details())


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["revoke_token", "nobody"], 1, "There is no token with the prefix or name 'nobody'."),
        (["revoke_token", "\udcff"], 1, "An argument is not UTF-8 text."),
        (["revoke_token"], 2, "PREFIX_OR_NAME"),
        (["create_token", "x", "--role", "viewer", "--domain", "unknown"], 1, "There is no domain 'unknown'."),
        (["export_run", "unknown", "1"], 1, "There is no run 1 of domain 'unknown'."),
        (["export_run", "unknown", "one"], 2, "NUMBER"),
        (["import_run", "/nowhere/at/all"], 1, "/nowhere/at/all cannot be read: No such file or directory."),
        (["import_run", "/"], 1, "/ cannot be read: Is a directory."),
    ],
)
def test_exit_codes(service: Service, told: Told, arguments: list[str], code: int, sentence: str) -> None:
    with service.command(*arguments) as process:
        stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (code, b"")
    assert sentence in stderr.decode()
    assert "Traceback" not in stderr.decode()
    assert told.acts() == []


@pytest.mark.parametrize("command", ["revoke_token", "export_run", "import_run"])
def test_help_says_what_the_exit_codes_mean(service: Service, command: str) -> None:
    shown = " ".join(service.manage(command, "--help").split())
    assert f"usage: manage.py {command}" in shown
    assert "Exit codes: 0 " in shown
