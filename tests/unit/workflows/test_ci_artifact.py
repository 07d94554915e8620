"""A run file of a stranger's: whatever stands in it, it is a run of the right types, or one clear error."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.domain.comparison import Result
from llmops_cli.domain.conform import conform
from llmops_cli.errors import FileError
from llmops_cli.reporters.markdown import format_markdown
from llmops_cli.workflows.ci import artifact
from llmops_cli.workflows.ci.artifact import read_json, read_run
from tests.support.project import GREET, TWO_CASES, Project, greeting_project

WRONG: tuple[Any, ...] = (None, [], {}, "text", "\ud800", -1, 0, 1.5, True, ["text"], {"a": 1}, [[]], 2**62)

APP = """\
def answer(messages, params):
    return "Go away!" if "Insult" in str(messages) else "Hello, Ada! Hello, Bob!"
"""


def newest(project: Project) -> str:
    return max((project.root / ".llmops/runs").glob("*.json")).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def worse(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A regression of a model whose answers do not vary."""
    project = greeting_project(Project.create(tmp_path_factory.mktemp("worse") / "project"))
    assert project.edit("prompts/greet.yaml", "Greet", "Insult").llmops("eval").exit_code == 1
    return newest(project)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A regression of a model whose answers may vary: with statistics, trials and confirmations."""
    project = Project.create(tmp_path_factory.mktemp("measured") / "project")
    files = {
        "prompts/greet.yaml": GREET,
        "evalsets/greet.yaml": TWO_CASES,
        "llmops.yaml": "model: m\nallow_python: true\nmodels: {m: {model: 'python:app:answer'}}\n",
        "app.py": APP,
    }
    project.commit("served", files)
    project.llmops("eval", "--trials", "5")
    project.llmops("accept")
    project.commit("accept")
    project.edit("prompts/greet.yaml", "Greet", "Insult")
    assert project.llmops("eval", "--trials", "3").exit_code == 1
    return newest(project)


@pytest.mark.parametrize("which", ["worse", "measured"])
def test_wrong_values_anywhere_are_an_error_or_a_report(
    which: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Each value of a run, put in turn for one of every other kind, and left out."""
    path = tmp_path / "run.json"
    document = json.loads(request.getfixturevalue(which))
    places = {shape: (holder, key) for shape, holder, key in _places(document)}
    assert len(places) > 100
    refused = shown = 0
    for number, (holder, key) in enumerate(places.values()):
        before = holder[key]
        for wrong in WRONG[number % 5 :: 5]:
            holder[key] = wrong
            path.write_text(json.dumps(document), encoding="utf-8")
            result = _read(path)
            refused += result is None
            shown += result is not None and bool(format_markdown(result))
        holder[key] = before
    assert refused > len(places)
    assert shown > len(places) / 5


def _read(path: Path) -> Result | None:
    try:
        return read_run(path, 1)
    except FileError:
        return None


def _places(value: Any, shape: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every value with its path, less the numbers in it: one case is like the other."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(items):
        below = f"{shape}/{key if isinstance(key, str) else ''}"
        yield below, value, key
        yield from _places(item, below)


def test_a_run_as_it_is_goes_through(worse: str, measured: str, tmp_path: Path) -> None:
    for text in (worse, measured):
        (tmp_path / "run.json").write_text(text, encoding="utf-8")
        result = read_run(tmp_path / "run.json", 1)
        assert result is not None
        assert "REGRESSION" in format_markdown(result)


def test_no_file_is_no_run(tmp_path: Path) -> None:
    assert read_run(tmp_path / "run.json", 0) is None


@given(st.binary(max_size=300))
def test_no_bytes_leave_anything_but_a_file_error(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(raw)
    with contextlib.suppress(FileError):
        assert read_json(path, 200) == json.loads(raw)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, int), (1, float), (1.5, float), ("a", str), (None, str | None), (("a",), tuple[str, ...]),
        (["a"], tuple[str, ...]), ((1, "a"), tuple[int, str]), ({"a": 1.0}, dict[str, float]), (object(), Any),
    ],
)  # fmt: skip
def test_what_conforms(value: object, expected: Any) -> None:
    conform(value, expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, int), (True, float), (1.0, int), (float("nan"), float), (float("inf"), float), ("1", int), (None, str),
        ("ab", tuple[str, ...]), ((1,), tuple[str, ...]), ((1,), tuple[int, str]), ({1: 1.0}, dict[str, float]),
        ([1], dict[str, float]), (1, str | None), (0, bool),
    ],
)  # fmt: skip
def test_what_does_not_conform(value: object, expected: Any) -> None:
    with pytest.raises(TypeError):
        conform(value, expected)


def test_more_lists_than_any_run_has_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifact, "WIDEST", 20_000)
    path = tmp_path / "wide.json"
    path.write_text("[" + ",".join(["[]"] * 20_000) + "]", encoding="utf-8")
    read_json(path, 2**24)
    path.write_text("[" + ",".join(["[]"] * 20_001) + "]", encoding="utf-8")

    with pytest.raises(FileError, match="more than 20000 lists"):
        read_json(path, 2**24)
