"""The addresses of the pages."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from training_status.dashboard import views

urlpatterns = [
    path("", views.domains, name="domains"),
    path("sign-in", LoginView.as_view(template_name="dashboard/sign_in.html"), name="sign-in"),
    path("sign-out", LogoutView.as_view(), name="sign-out"),
]
