"""Settings from the environment: each is documented, and a wrong one stops the service with a sentence."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import get_resolver

from tests.support.project import PROJECT
from training_status.dashboard import urls as dashboard_urls


def load_settings(
    tmp_path: Path, program: str = "print(s.DATABASES, s.SECRET_KEY)", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Import the settings in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AEGIS_", "DATABASE"))}
    return subprocess.run(
        [sys.executable, "-c", f"import aegis_training.settings as s; {program}"],
        env={**environment, "AEGIS_DATA_DIR": str(tmp_path / "data"), **variables},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_variable_is_documented_and_every_documented_one_exists():
    read = set()
    for path in [*PROJECT.glob("aegis_training/*.py"), *PROJECT.glob("training_status/**/*.py")]:
        read |= set(re.findall(r'(?:environment\.\w+|os\.environ\.get)\(\s*"([A-Z_]+)"', path.read_text()))
    described = re.findall(r"^\| (.*?) \|", (PROJECT / "docs/configuration.md").read_text(), re.MULTILINE)
    documented = {name for cell in described for name in re.findall(r"`([A-Z_]+)`", cell)}
    assert read == documented


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://localhost/aegis"),
        ("DATABASE_URL", "postgresql://localhost"),
        ("DATABASE_URL", "postgresql://localhost/a?nonsense=1"),
        ("AEGIS_STALL_LIMIT_S", "-1"),
        ("AEGIS_STALL_LIMIT_S", "nan"),
        ("AEGIS_HANG_LIMIT_S", "soon"),
        ("AEGIS_LOST_LIMIT_S", "0"),
        ("AEGIS_KEPT_RUNS", "0"),
        ("AEGIS_KEPT_RUNS", "1.5"),
        ("AEGIS_KEPT_RUNS", "1000000000"),
        ("AEGIS_KEPT_DAYS", "-1"),
        ("AEGIS_KEPT_DAYS", "inf"),
        ("AEGIS_THREADS", "0"),
        ("AEGIS_THREADS", "many"),
        ("AEGIS_ANONYMOUS_ROLE", "operator"),
        ("AEGIS_HTTPS", "maybe"),
        ("AEGIS_CORS_ORIGINS", "https://a.example, b.example"),
        ("AEGIS_CORS_ORIGINS", "https://a.example/path"),
        ("AEGIS_TRUSTED_ORIGINS", "a.example"),
        ("AEGIS_URL_PREFIX", "training"),
        ("AEGIS_URL_PREFIX", "//training/"),
        ("AEGIS_URL_PREFIX", "/training//"),
        ("AEGIS_URL_PREFIX", "/training/../admin/"),
        ("AEGIS_URL_PREFIX", "/."),
        ("AEGIS_URL_PREFIX", "/a training/"),
        ("AEGIS_URL_PREFIX", "/training/?a=b"),
        ("AEGIS_URL_PREFIX", "/training#a"),
        ("AEGIS_URL_PREFIX", "/%74raining"),
        ("AEGIS_URL_PREFIX", "/trainíng"),
        ("AEGIS_URL_PREFIX", "https://a.example/training/"),
        ("AEGIS_URL_PREFIX", "/api"),
        ("AEGIS_URL_PREFIX", "/admin/training/"),
    ],
)
def test_a_wrong_value_is_named(tmp_path, name, value):
    loaded = load_settings(tmp_path, **{name: value})
    assert loaded.returncode != 0
    last = loaded.stderr.strip().splitlines()[-1]
    assert "ImproperlyConfigured" in last
    assert name in last


def test_a_wrong_value_ends_the_start_with_one_sentence(tmp_path):
    started = subprocess.run(
        [sys.executable, "manage.py", "serve"],
        env={**os.environ, "AEGIS_DATA_DIR": str(tmp_path), "AEGIS_URL_PREFIX": "training"},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode == 1
    assert started.stderr == "AEGIS_URL_PREFIX must be a path such as /training/, not 'training'.\n"


@pytest.mark.parametrize("value", ["/api/training/", "/a/b_c~.d", "/apis", "/"])
def test_a_url_prefix(tmp_path, value):
    loaded = load_settings(tmp_path, "print(repr(s.URL_PREFIX))", AEGIS_URL_PREFIX=value)
    assert loaded.stdout == f"{value.rstrip('/')!r}\n", loaded.stderr


def test_no_address_of_the_service_can_be_taken_for_a_url_prefix():
    routes = [str(pattern.pattern) for pattern in get_resolver().url_patterns]
    routes += [str(pattern.pattern) for pattern in dashboard_urls.urlpatterns]
    for route in filter(None, routes):
        assert f"/{route}/".startswith(tuple(f"{path}/" for path in settings.OWN_PATHS)), route


def test_the_secret_key_is_made_once_and_is_its_owners_alone(tmp_path):
    first, second = load_settings(tmp_path), load_settings(tmp_path)
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    assert (tmp_path / "data" / "secret_key").stat().st_mode & 0o777 == 0o600


def test_a_data_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "data").write_text("a file in its place")
    assert "AEGIS_DATA_DIR" in load_settings(tmp_path).stderr.strip().splitlines()[-1]


def test_a_database_url_keeps_what_libpq_knows(tmp_path):
    url = "postgresql://me:secret%20word@db.example:5433/aegis?sslmode=require"
    printed = load_settings(tmp_path, DATABASE_URL=url).stdout
    for part in ("'me'", "'secret word'", "'db.example'", "'5433'", "'sslmode': 'require'"):
        assert part in printed
    assert "EMBEDDED_DATA_DIR" not in printed
