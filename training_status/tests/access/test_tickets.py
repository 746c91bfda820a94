"""Stream tickets, and credentials looked at again."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import Group, User
from django.core import signing
from django.test import Client
from django.utils import timezone

from tests.support.factories import DomainFactory
from training_status.access.credentials import principals_of
from training_status.access.principal import ANONYMOUS, SESSION, TOKEN, USER, Credential, Principal
from training_status.access.tickets import make_ticket, principal_of_ticket
from training_status.access.tokens import create_token, principal_of_token
from training_status.access.user_principals import anonymous_principal, principal_of_user
from training_status.models import AccessToken
from training_status.roles import OPERATOR, VIEWER

pytestmark = pytest.mark.django_db


@pytest.fixture
def domain():
    return DomainFactory()


@pytest.fixture
def person():
    made = User.objects.create_user("ada", password="correct horse")
    made.groups.add(Group.objects.get(name=OPERATOR))
    return made


def token_caller(role: str = VIEWER, **token: object) -> tuple[AccessToken, Principal]:
    row, text = create_token("a program", role, **token)
    principal = principal_of_token(text)
    assert principal is not None
    return row, principal


def now_allowed(credential: Credential) -> Principal | None:
    return principals_of([credential]).get(credential)


def test_a_ticket_lets_its_maker_see_one_domain_and_no_more(domain):
    _, principal = token_caller(OPERATOR)
    ticket = make_ticket(principal, domain.id, user_id=None)
    seen = principal_of_ticket(ticket.text)
    assert (seen.role, seen.only_domain_id, seen.name) == (VIEWER, domain.id, "a program")


def test_a_ticket_opens_for_a_minute(domain):
    _, principal = token_caller()
    with time_machine.travel(datetime(2026, 1, 20, 15, tzinfo=UTC), tick=False) as clock:
        ticket = make_ticket(principal, domain.id, user_id=None)
        assert ticket.expires_at == datetime(2026, 1, 20, 15, 1, tzinfo=UTC)
        clock.shift(timedelta(seconds=59))
        assert principal_of_ticket(ticket.text)
        clock.shift(timedelta(seconds=1))
        assert principal_of_ticket(ticket.text) is None


def test_a_ticket_ends_with_the_token_that_made_it(domain):
    row, principal = token_caller()
    ticket = make_ticket(principal, domain.id, user_id=None)
    AccessToken.objects.filter(id=row.id).update(revoked_at=timezone.now())
    assert principal_of_ticket(ticket.text) is None


def test_a_persons_ticket_names_their_account_and_not_their_session(domain, person):
    principal = principal_of_user(person, Credential(SESSION, "a-secret-session-key"))
    ticket = make_ticket(principal, domain.id, user_id=person.pk)
    assert "a-secret-session-key" not in str(signing.loads(ticket.text, salt="stream-ticket"))
    assert principal_of_ticket(ticket.text).credential == Credential(USER, person.pk)
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert principal_of_ticket(ticket.text) is None


@pytest.mark.parametrize("text", ["", "x", "a:b:c", "\ud800", "é" * 10])
def test_what_is_no_ticket_lets_nobody_in(text):
    assert principal_of_ticket(text) is None


def test_a_ticket_that_was_changed_or_signed_for_something_else_lets_nobody_in(domain):
    _, principal = token_caller()
    text = make_ticket(principal, domain.id, user_id=None).text
    assert principal_of_ticket(text[:-1] + ("A" if text[-1] != "A" else "B")) is None
    assert principal_of_ticket(signing.dumps([domain.id, TOKEN, 1, 2**40], salt="something else")) is None


def test_a_ticket_of_a_bound_token_is_no_way_out_of_its_domain(domain):
    _, principal = token_caller(domain=domain)
    assert principal_of_ticket(make_ticket(principal, domain.id, user_id=None).text)
    assert principal_of_ticket(make_ticket(principal, domain.id + 1, user_id=None).text) is None


def test_a_token_is_good_until_it_is_revoked_or_expires():
    row, principal = token_caller()
    assert now_allowed(principal.credential) == principal
    AccessToken.objects.filter(id=row.id).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert now_allowed(principal.credential) is None
    AccessToken.objects.filter(id=row.id).update(expires_at=None, revoked_at=timezone.now())
    assert now_allowed(principal.credential) is None


def test_many_tokens_take_one_query(django_assert_num_queries):
    credentials = [token_caller()[1].credential for _ in range(20)]
    with django_assert_num_queries(1):
        assert len(principals_of(credentials)) == 20


@pytest.fixture
def session(person):
    client = Client()
    client.force_login(person)
    return client, Credential(SESSION, client.session.session_key)


def test_a_session_is_good_until_its_person_signs_out(session):
    client, credential = session
    assert now_allowed(credential).role == OPERATOR
    client.logout()
    assert now_allowed(credential) is None


def test_a_session_ends_with_a_changed_password_or_a_closed_account(session, person):
    _, credential = session
    person.set_password("another horse")
    person.save()
    assert now_allowed(credential) is None


def test_a_session_of_a_closed_account_is_good_for_nothing(session, person):
    _, credential = session
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert now_allowed(credential) is None


def test_a_person_who_left_all_groups_has_no_role(session, person):
    _, credential = session
    person.groups.clear()
    assert now_allowed(credential).role is None


def test_everybody_is_good_while_reading_is_open_to_all(settings):
    settings.ANONYMOUS_ROLE = VIEWER
    assert now_allowed(Credential(ANONYMOUS)) == anonymous_principal()
    settings.ANONYMOUS_ROLE = None
    assert now_allowed(Credential(ANONYMOUS)) is None
