"""The addresses of the pages."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from training_status.dashboard import views
from training_status.dashboard.history import history
from training_status.dashboard.sign_in import SignInView

urlpatterns = [
    path("", views.domains, name="domains"),
    path("domains/<str:name>", views.run, name="domain"),
    path("domains/<str:name>/runs/<int:number>", views.run, name="run"),
    path("domains/<str:name>/history", history, name="history"),
    path("sign-in", SignInView.as_view(), name="sign-in"),
    path("sign-out", LogoutView.as_view(), name="sign-out"),
]
