"""The house keeps its shape: arrows point down, heavy libraries have one home, files stay readable."""

import ast
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "llmops_cli"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "templates" not in path.parts)
LONGEST = 350

HOMES = {
    "litellm": {"providers/litellm_loading.py", "providers/prices.py"},
    "git": {"vcs/running.py"},
    "yaml": {"files/yaml_source.py"},
    "jinja2": {"templating/jinja.py"},
    "regex": {"scorers/patterns.py", "templating/filters.py"},
    "jsonschema": {"scorers/json_valid.py"},
    "rapidfuzz": {"providers/recording.py"},
    "httpx": {"integrations/github_http.py"},
    "deepdiff": {"providers/request_diff.py", "scorers/json_equals.py"},
}
"""Which modules may import a heavy library, inside a function."""

WHOLE = {"templating/jinja.py imports jinja2"}
"""Holds subclasses of the library's own, and is itself imported inside functions only (see test_start.py)."""


def _imports(path: Path) -> Iterator[tuple[str, bool]]:
    """(top-level module, whether the import runs when the file is imported) of each import."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    guarded: set[ast.AST] = set()
    for node in ast.walk(tree):
        is_typing = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if is_typing or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            guarded |= set(ast.walk(node))
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        for name in names:
            yield name.partition(".")[0], node not in guarded


def test_a_heavy_library_is_imported_inside_functions_of_its_home_only() -> None:
    homes: dict[str, set[str]] = defaultdict(set)
    at_import: list[str] = []
    for path in MODULES:
        for name, runs in _imports(path):
            if name in HOMES:
                homes[name].add(path.relative_to(PACKAGE).as_posix())
                if runs:
                    at_import.append(f"{path.relative_to(PACKAGE)} imports {name}")

    assert set(at_import) == WHOLE
    strangers = {name: sorted(found - HOMES[name]) for name, found in homes.items() if found - HOMES[name]}
    assert strangers == {}


def test_numbers_and_tables_are_not_imported_at_all() -> None:
    known = {name for path in MODULES for name, _ in _imports(path)}

    assert not known & {"numpy", "scipy", "pandas", "pydantic", "openai", "requests"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_file_can_be_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_arrows_point_down() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr


_MACHINE = re.compile(r"/(?:root|home|Users|work|workspace|tmp|mnt|srv)/[\w.-]+|[A-Z]:\\\\Users")
_FINE = re.compile(r"/home/(?:runner|you|me)\b|/tmp/\S*\b(?:llmops|example)")


def test_no_text_names_a_place_on_somebodys_machine() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "llmops_cli", "*.md", "*.toml", "Makefile", "prompts", "evalsets"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    ).stdout.split("\n")  # fmt: skip
    found = []
    for name in filter(None, tracked):
        path = ROOT / name
        if not path.is_file() or path.suffix in (".png", ".gif", ".svg", ".lock"):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if _MACHINE.search(_FINE.sub("", line)):
                found.append(f"{name}:{number}: {line.strip()[:80]}")

    assert found == []
