"""Names with a hash in the imports of modules: every form of import, and nothing that only looks like one."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage

from aegis_training.static_files.hashed_files import HashedFiles
from aegis_training.static_files.module_graph import imported_modules
from tests.support.programs import missing
from tests.support.project import PROJECT

FOLDER = "dashboard/js"
PAGES = ("domains_page", "run_page", "history_page")
HASH = r"\.[0-9a-f]{12}"


class Collected:
    """Modules by their names, such as `a.js`, stored with hashed names."""

    def __init__(self, folder: Path, modules: dict[str, str]) -> None:
        source = folder / "source"
        for name, text in modules.items():
            path = source / FOLDER / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self._storage: Any = HashedFiles(location=folder / "collected")
        paths = {f"{FOLDER}/{name}": (FileSystemStorage(source), f"{FOLDER}/{name}") for name in modules}
        for name in paths:
            self._storage.save(name, ContentFile((source / name).read_bytes()))
        for _, _, done in self._storage.post_process(paths):
            if isinstance(done, Exception):
                raise done

    def name(self, module: str) -> str:
        return self._storage.stored_name(f"{FOLDER}/{module}").removeprefix(f"{FOLDER}/")

    def text(self, module: str) -> str:
        with self._storage.open(f"{FOLDER}/{self.name(module)}") as file:
            return file.read().decode()


@pytest.mark.parametrize(
    "statement",
    [
        'import "{}";',
        "import '{}'",
        'import b from "{}";',
        'import * as b from "{}";',
        'import {{ b, c as d }} from "{}";',
        'import b, {{ c }} from "{}";',
        'import {{\n  b,\n  c,\n}} from "{}";',
        'import{{b}}from"{}";',
        'export * from "{}";',
        'export * as b from "{}";',
        'export {{ b, c as d }} from "{}";',
        'export {{\n  b,\n}} from "{}";',
        'import b from "{}" with {{ type: "json" }};',
        'const b = await import("{}");',
        'button.onclick = () => import("{}").then(m => m.b());',
        'const [b, c] = [import("{}"), 1];',
    ],
)
def test_an_import_gets_the_hashed_name(tmp_path: Path, statement: str) -> None:
    collected = Collected(tmp_path, {"a.js": "/** A. */\n" + statement.format("./log/b.js"), "log/b.js": "export {};"})
    assert "/b.js" not in collected.text("a.js")
    assert f"./{collected.name('log/b.js')}" in collected.text("a.js")


@pytest.mark.parametrize(
    "text",
    [
        '/** @typedef {import("./b.js").B} B */',
        '/**\n * @param {import("./b.js").B} b\n */',
        'export const address = "./b.js";',
        'export function f() { return "./b.js"; }',
        'import b from "package";',
        'import b from "https://example.org/b.js";',
        '// import b from "./b.js";',
        "//# sourceMappingURL=missing.js.map",
    ],
)
def test_what_is_not_an_import_stays(tmp_path: Path, text: str) -> None:
    collected = Collected(tmp_path, {"a.js": text, "b.js": "export {};"})
    assert collected.text("a.js") == text


def test_modules_that_name_each_others_types(tmp_path: Path) -> None:
    text = '/** @typedef {{import("./{}.js").T}} T */\n'
    collected = Collected(tmp_path, {"a.js": text.format("b"), "b.js": text.format("a") + 'import "./a.js";'})
    assert collected.name("a.js") in collected.text("b.js")


def test_a_long_chain_of_imports(tmp_path: Path) -> None:
    modules = {f"m{i}.js": f'import "./m{i + 1}.js";' for i in range(12)} | {"m12.js": "let last = 1;"}
    before = Collected(tmp_path / "before", modules)
    after = Collected(tmp_path / "after", modules | {"m12.js": "let last = 2;"})
    for i in range(12):
        assert after.name(f"m{i + 1}.js") in after.text(f"m{i}.js")
        assert before.name(f"m{i}.js") != after.name(f"m{i}.js")


def test_an_import_of_a_module_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"dashboard/js/b\.js"):
        Collected(tmp_path, {"a.js": 'import "./b.js";'})


def test_only_files_with_a_hash_look_like_it() -> None:
    stored: Any = staticfiles_storage
    for name, hashed in stored.hashed_files.items():
        assert not re.search(rf"{HASH}(\.[^./]+)?$", name)
        assert re.search(rf"{HASH}(\.[^./]+)?$", hashed)


@pytest.mark.parametrize("page", PAGES)
def test_the_modules_of_a_page_are_those_that_a_bundler_finds(tmp_path: Path, page: str) -> None:
    """All imports have hashed names, dynamic ones too; and what is preloaded is what is needed, no more and no less."""
    esbuild = PROJECT / "node_modules/.bin/esbuild"
    if not esbuild.exists():
        missing("esbuild is not installed: make lint installs it.")
    stored: Any = staticfiles_storage
    entry = stored.stored_name(f"{FOLDER}/{page}.js")
    metafile = tmp_path / "meta.json"
    subprocess.run(
        [esbuild, entry, "--bundle", "--format=esm", f"--metafile={metafile}", f"--outfile={tmp_path / 'bundle.js'}"],
        cwd=stored.location,
        check=True,
        capture_output=True,
    )
    inputs = json.loads(metafile.read_text())["inputs"]
    assert all(re.search(rf"{HASH}\.js$", name) for name in inputs)
    needed = [entry]
    for name in needed:  # which grows
        to_start = [each["path"] for each in inputs[name]["imports"] if each["kind"] != "dynamic-import"]
        needed += [path for path in dict.fromkeys(to_start) if path not in needed]
    preloaded = [url.removeprefix(stored.base_url) for url in imported_modules(f"{FOLDER}/{page}.js")]
    assert sorted([entry, *preloaded]) == sorted(needed)
