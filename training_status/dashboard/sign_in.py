"""Signing in, with a limit on guessing."""

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

FAILURES_MAX = 10
FAILURES_FORGOTTEN_AFTER_S = 300


class SignInView(LoginView):
    """Ten wrong passwords for a name from one address, and that pair has to wait for five minutes (429)."""

    template_name = "dashboard/sign_in.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Try the password, unless too many were wrong before."""
        if cache.get(self._key(), 0) >= FAILURES_MAX:
            form = self.get_form_class()(request)
            response = self.render_to_response(self.get_context_data(form=form, has_to_wait=True), status=429)
            response["Retry-After"] = str(FAILURES_FORGOTTEN_AFTER_S)
            return response
        return super().post(request, *args, **kwargs)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Count the failure."""
        cache.add(self._key(), 0, FAILURES_FORGOTTEN_AFTER_S)
        cache.incr(self._key())
        return super().form_invalid(form)

    def _key(self) -> str:
        name = self.request.POST.get("username", "")[:150]
        return f"sign-in:{self.request.META.get('REMOTE_ADDR')}:{name.encode().hex()}"
