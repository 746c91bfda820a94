"""The URLs of the service."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.utils.functional import lazy
from django.views.generic import RedirectView

from training_status.api import docs, problems
from training_status.api.streams import UnversionedDomainStreamView

urlpatterns = [
    path("api/schema", docs.SchemaView.as_view(), name="schema"),
    path("openapi.json", docs.JsonSchemaView.as_view()),
    path("api/v1/admin/", include("training_status.api.urls")),
    path("docs", docs.swagger, name="swagger-ui"),
    path("redoc", docs.redoc, name="redoc"),
    path("redoc/script.js", docs.redoc_script, name="redoc-script"),
    path("favicon.ico", RedirectView.as_view(url=lazy(static, str)("dashboard/icon.svg"))),
    path("admin/login/", RedirectView.as_view(pattern_name="sign-in", query_string=True)),  # one page to sign in at
    path("admin/domains/<str:domain_name>/training-stream", UnversionedDomainStreamView.as_view()),
    path("admin/", admin.site.urls),
    path("", include("training_status.dashboard.urls")),
]

handler400 = problems.bad_request
handler404 = problems.not_found
handler500 = problems.server_error
