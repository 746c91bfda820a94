"""What tests share is in `support` packages and conftest files: a test file can be read, moved and removed alone."""

import ast
import subprocess

import pytest

from tests.support.project import PROJECT


def imported_names(source: str) -> set[str]:
    """The last part of every module that the source imports from."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {name.name.rpartition(".")[2] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {(node.module or "").rpartition(".")[2], *(name.name for name in node.names)}
    return found


def test_no_test_file_imports_from_another():
    command = ["git", "ls-files", "*/test_*.py"]
    listed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("This is not a clone: git does not list the files.")
    paths = [PROJECT / name for name in listed.stdout.splitlines()]
    names = {path.stem for path in paths}
    assert len(names) > 100
    assert {
        f"{path.relative_to(PROJECT)} imports {name}"
        for path in paths
        if path.exists()
        for name in imported_names(path.read_text(encoding="utf-8")) & names
    } == set()
