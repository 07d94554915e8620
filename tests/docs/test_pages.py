"""Every page: links lead somewhere, files that are named exist, the layers drawn are the layers checked."""

import re
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.docs.markdown import ROOT, pages, table

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_PATH = re.compile(r"`((?:llmops_cli|tests|benchmarks)/[\w./-]+)`")
_PART = re.compile(
    r"`((?:domain|templating|files|vcs|providers|store|scorers|comparison|engine|reporters|workflows|cli)"
    r"/[\w.]+\.py)`"
)
PAGES = pages()
IDS = [path.relative_to(ROOT).as_posix() for path in PAGES]


def prose(page: Path) -> str:
    """A page without its code blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def test_the_pages_a_newcomer_looks_for_are_there() -> None:
    wanted = {"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"}

    assert wanted <= set(IDS)
    assert "llmops_cli/workflows/templates/project/README.md" in IDS


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    targets = [unquote(link.partition("#")[0]) for link in _LINK.findall(prose(page)) if "://" not in link]

    assert [name for name in targets if name and not (page.parent / name).exists()] == []


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_every_file_that_is_named_exists(name: str) -> None:
    text = prose(ROOT / name)
    made_up = "llmops_cli/scorers/ends_with.py"
    named = [path for path in _PATH.findall(text) if "NAME" not in path and path != made_up]
    named += [f"llmops_cli/{path}" for path in _PART.findall(text) if "NAME" not in path]

    assert [path for path in named if not (ROOT / path).exists()] == []


def test_architecture_has_a_row_for_every_folder() -> None:
    rows = {row[0].strip("`") for row in table("folder or file", ROOT / "ARCHITECTURE.md")}
    package = ROOT / "llmops_cli"
    folders = {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}

    assert rows == folders | {"api.py", "errors.py", "plugins.py"}


def test_the_layers_drawn_are_the_layers_that_are_checked() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract, *_ = settings["tool"]["importlinter"]["contracts"]
    checked = [{name for name in re.findall(r"[a-z]\w*", layer) if name != "pytest_plugin"}
               for layer in contract["layers"]]  # fmt: skip
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    drawing = text[text.index("```text") + 7 : text.index("```", text.index("```text") + 7)]
    drawn = [set(re.findall(r"[a-z]\w*", line)) for line in drawing.splitlines()]

    assert [layer for layer in drawn if layer] == checked


def test_every_dependency_has_its_reason() -> None:
    rows = {row[0].lower().removeprefix("py") for row in table("library", ROOT / "ARCHITECTURE.md")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {re.split(r"[<>=!]", item)[0].lower().removeprefix("py") for item in project["dependencies"]}

    assert rows == needed


def test_the_license_is_the_whole_standard_text() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")

    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert "Copyright [yyyy] [name of copyright owner]" in text, "nobody's name is filled in"
