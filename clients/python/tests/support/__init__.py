"""What the tests share: a service to report to, processes that train, and readers of what they print."""

import pkgutil

import pytest

# A failed assertion in here shows its values, as in a test.
pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)))
