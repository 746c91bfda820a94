"""The service under test."""

from training_status.tests.acceptance.conftest import service

__all__ = ["service"]
