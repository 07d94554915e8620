import sys
from pathlib import Path

import pytest

from llmops_cli.domain.user_code import load_function
from llmops_cli.errors import UserError


def _project(root: Path, name: str, source: str) -> Path:
    path = root / f"{name.replace('.', '/')}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, encoding="utf-8")
    return root


def test_a_function_of_the_project_is_found_and_the_path_is_left_as_it_was(tmp_path: Path) -> None:
    before = list(sys.path)
    _project(tmp_path, "uc_app.chat", "def answer(messages):\n    return 'hi'\n")

    assert load_function("uc_app.chat:answer", tmp_path)([]) == "hi"
    assert sys.path == before


def test_a_method_of_an_object_in_the_module_is_found(tmp_path: Path) -> None:
    _project(tmp_path, "uc_bot", "class Bot:\n    def ask(self, m):\n        return 'yo'\nbot = Bot()\n")

    assert load_function("uc_bot:bot.ask", tmp_path)([]) == "yo"


def test_two_projects_may_both_have_a_module_of_one_name(tmp_path: Path) -> None:
    one = _project(tmp_path / "one", "uc_same", "def f():\n    return 1\n")
    two = _project(tmp_path / "two", "uc_same", "def f():\n    return 2\n")

    assert [load_function("uc_same:f", root)() for root in (one, two, one)] == [1, 2, 1]


@pytest.mark.parametrize("reference", ["app", "app:", ":f", "../app:f", "a b:f", "app:f()", "app:f:g"])
def test_what_names_no_function_is_refused_with_an_example(reference: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="write python:module:function"):
        load_function(reference, tmp_path)


def test_a_misspelt_function_is_named_with_the_nearest(tmp_path: Path) -> None:
    _project(tmp_path, "uc_typo", "def answer():\n    pass\n")

    with pytest.raises(UserError, match="did you mean 'answer'"):
        load_function("uc_typo:answr", tmp_path)


def test_a_missing_module_is_told_from_a_missing_import_within_it(tmp_path: Path) -> None:
    _project(tmp_path, "uc_needs", "import uc_not_installed\n")

    with pytest.raises(UserError, match="no module 'uc_absent'"):
        load_function("uc_absent:f", tmp_path)
    with pytest.raises(UserError, match="importing 'uc_needs' failed: No module named 'uc_not_installed'"):
        load_function("uc_needs:f", tmp_path)


@pytest.mark.parametrize("source", ["1 / 0", "raise SystemExit(1)", "def broken(:"])
def test_a_module_that_cannot_be_imported_is_the_users_to_mend(source: str, tmp_path: Path) -> None:
    name = f"uc_bad_{abs(hash(source))}"
    _project(tmp_path, name, source)

    with pytest.raises(UserError, match=f"importing '{name}' raised"):
        load_function(f"{name}:f", tmp_path)


def test_what_is_no_function_is_said_to_be_none(tmp_path: Path) -> None:
    _project(tmp_path, "uc_value", "answer = 42\n")

    with pytest.raises(UserError, match="is no function but int"):
        load_function("uc_value:answer", tmp_path)
