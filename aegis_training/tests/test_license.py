"""Every package carries the project's license."""

import pytest

from aegis_training.settings import BASE_DIR


@pytest.mark.parametrize("package", ["clients/python", "clients/typescript", "clients/component"])
def test_a_package_has_the_license_of_the_project(package):
    assert (BASE_DIR / package / "LICENSE").read_text() == (BASE_DIR / "LICENSE").read_text()
