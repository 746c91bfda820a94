"""Where the project's own files are."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
OPENAPI = PROJECT / "openapi.yaml"
STATIC_DIR = PROJECT / ".data" / "tests" / "static"  # static files are collected once for all tests
