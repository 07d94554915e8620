"""The code behind a `python:` model: everything of the project that its module can reach."""

import pytest

from llmops_cli.files.python_sources import python_digest, python_sources
from tests.unit.files.memory_tree import MemoryTree

APP = {
    "app/__init__.py": "",
    "app/chat.py": "import json\nfrom app import retrieval\nfrom .words import hello\ndef f(m):\n  import app.late",
    "app/retrieval.py": "from app.deep.store import *\n",
    "app/words.py": "hello = 'Hello'\n",
    "app/late.py": "from .. import nothing\n",
    "app/deep/__init__.py": "from . import other\n",
    "app/deep/store.py": "import app.chat\n",
    "app/deep/other.py": "",
    "app/unused.py": "",
    "tests/test_chat.py": "import app.chat\n",
}


def test_everything_that_is_imported_counts_wherever_the_import_stands() -> None:
    assert set(python_sources(MemoryTree(APP), "app.chat:answer")) == {
        "app/__init__.py", "app/chat.py", "app/retrieval.py", "app/words.py", "app/late.py",
        "app/deep/__init__.py", "app/deep/store.py", "app/deep/other.py",
    }  # fmt: skip


def test_code_of_an_installed_package_is_none_of_the_projects() -> None:
    assert python_sources(MemoryTree(APP), "json:loads") == {}
    assert python_digest(MemoryTree(APP), "json:loads") is None


@pytest.mark.parametrize("path", ["app/chat.py", "app/deep/other.py", "app/late.py"])
def test_a_change_of_any_of_them_is_another_version(path: str) -> None:
    changed = {**APP, path: APP[path] + "# more\n"}

    assert python_digest(MemoryTree(changed), "app.chat:answer") != python_digest(
        MemoryTree(APP), "app.chat:answer"
    )


@pytest.mark.parametrize("other", [{"app/unused.py": "x = 1\n"}, {"app/words.py": "hello = 'Hello'\r\n"}])
def test_other_files_and_line_ends_are_no_other_version(other: dict[str, str]) -> None:
    digest = python_digest(MemoryTree(APP), "app.chat:answer")

    assert python_digest(MemoryTree({**APP, **other}), "app.chat:answer") == digest


@pytest.mark.parametrize("text", ["def (", "\0", "(" * 100_000, "é" * 3])
def test_what_is_no_python_counts_by_its_bytes(text: str) -> None:
    assert set(python_sources(MemoryTree({"app.py": text}), "app:answer")) == {"app.py"}
