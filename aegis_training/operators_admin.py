"""Django admin with our own rule of who may enter."""

from django.contrib.admin.apps import AdminConfig


class OperatorsAdminConfig(AdminConfig):
    """In the place of `django.contrib.admin`."""

    default_site = "training_status.access.admin_site.OperatorsAdminSite"
