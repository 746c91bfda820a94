"""The views of domains: list, create, read, change, delete."""

from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from training_status.api.authorised_view import AuthorisedView
from training_status.api.json_bodies import body_of
from training_status.api.pagination import ListPagination
from training_status.api.request_bodies import body
from training_status.api.schema import CREATED_AT, PAGE, page_of
from training_status.errors import NotFound
from training_status.ingest.deletion import delete_domain
from training_status.ingest.domains import change_domain, create_domain
from training_status.ingest.request_schemas import DomainChange, NewDomain, read_domain_change, read_new_domain
from training_status.read.domains import DomainList, domain_by_name
from training_status.roles import OPERATOR, VIEWER
from training_status.serializers.domain import DomainSerializer


class DomainListView(AuthorisedView):
    """`/domains`."""

    roles = {"GET": VIEWER, "POST": OPERATOR}

    @extend_schema(
        operation_id="list_domains",
        tags=["domains"],
        parameters=PAGE,
        responses=page_of("DomainPage", DomainSerializer),
    )
    def get(self, request: Request) -> Response:
        """All domains by name, each with the status of its latest run."""
        paginator = ListPagination()
        domains = paginator.paginate_queryset(DomainList(only_domain_id=self.only_domain_id), request)
        serializer = DomainSerializer(domains, many=True, context={"now": timezone.now()})
        return paginator.get_paginated_response(serializer.data)

    @extend_schema(
        operation_id="create_domain",
        tags=["domains"],
        parameters=[CREATED_AT],
        request=body(NewDomain),
        responses={201: DomainSerializer},
    )
    def post(self, request: Request) -> Response:
        """Create a domain."""
        self.refuse_domain_token()
        new = read_new_domain(body_of(request))
        create_domain(new)
        return Response(_domain(new.name, None), 201, headers={"Location": reverse("api-domain", args=[new.name])})


class DomainView(AuthorisedView):
    """`/domains/{name}`."""

    roles = {"GET": VIEWER, "PATCH": OPERATOR, "DELETE": OPERATOR}

    @extend_schema(operation_id="get_domain", tags=["domains"], responses=DomainSerializer)
    def get(self, request: Request, domain_name: str) -> Response:
        """One domain with the status of its latest run."""
        return Response(_domain(domain_name, self.only_domain_id))

    @extend_schema(
        operation_id="change_domain", tags=["domains"], request=body(DomainChange), responses=DomainSerializer
    )
    def patch(self, request: Request, domain_name: str) -> Response:
        """Change a domain's description, model, limits or baseline. Its name cannot be changed."""
        change_domain(domain_name, read_domain_change(body_of(request)), only_domain_id=self.only_domain_id)
        return Response(_domain(domain_name, self.only_domain_id))

    @extend_schema(operation_id="delete_domain", tags=["domains"], responses={204: None})
    def delete(self, request: Request, domain_name: str) -> Response:
        """Delete a domain with all its runs and logs; refused while a run is active."""
        delete_domain(domain_name, only_domain_id=self.only_domain_id)
        return Response(status=204)


def _domain(name: str, only_domain_id: int | None) -> object:
    domain = domain_by_name(name, only_domain_id=only_domain_id)
    if domain is None:
        raise NotFound(f"There is no domain '{name}'.", code="domain_not_found")
    return DomainSerializer(domain, context={"now": timezone.now()}).data
