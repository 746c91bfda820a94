"""The Django admin application with the admin site for operators."""

from django.contrib.admin.apps import AdminConfig


class OperatorsAdminConfig(AdminConfig):
    """Replaces `django.contrib.admin` in INSTALLED_APPS."""

    default_site = "training_status.access.admin_site.OperatorsAdminSite"
