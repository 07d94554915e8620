"""Loads a function of the project's own Python code, for `python:` providers and scorers.

Whether the settings allow that is for the caller to ask first.
"""

import importlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from llmops_cli.errors import UserError, did_you_mean

_lock = threading.Lock()
_loaded_from: dict[str, Path] = {}
"""Top-level module to the project it was loaded for: two projects in one process may both have an `app`."""


def load_function(reference: str, root: Path) -> Callable[..., Any]:
    """The function that `module:function` names, with the project's root on `sys.path` while importing.

    Raises UserError where the reference has another form, the module cannot be imported, or there is no such
    function in it.
    """
    module_name, _, path = reference.partition(":")
    if not _is_dotted(module_name) or not _is_dotted(path):
        raise UserError(
            f"{reference!r} names no function",
            hint="write python:module:function, such as python:app.chat:answer",
        )
    found: Any = _import(module_name, root.resolve())
    for name in path.split("."):
        if not hasattr(found, name):
            public = (
                [known for known in vars(found) if not known.startswith("_")]
                if hasattr(found, "__dict__")
                else []
            )
            raise UserError(f"no {path!r} in the module {module_name!r}", hint=did_you_mean(name, public))
        found = getattr(found, name)
    if not callable(found):
        raise UserError(f"{reference} is no function but {type(found).__name__}")
    return found  # type: ignore[no-any-return]  # callable() leaves Any


def _is_dotted(text: str) -> bool:
    return all(part.isidentifier() for part in text.split("."))


def _import(name: str, root: Path) -> ModuleType:
    top = name.partition(".")[0]
    with _lock, _on_path(root):
        if _loaded_from.get(top, root) != root:
            for known in [m for m in sys.modules if m == top or m.startswith(f"{top}.")]:
                del sys.modules[known]
        is_new = top not in sys.modules
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
                raise UserError(
                    f"no module {name!r}",
                    hint=f"it is looked for in {root.name}/ and among the installed packages",
                ) from error
            raise UserError(f"importing {name!r} failed: {error}") from error
        # the project's code may raise anything while it is imported, and may even call sys.exit
        except (Exception, SystemExit) as error:
            raise UserError(f"importing {name!r} raised {type(error).__name__}: {error}") from error
        if is_new:
            _loaded_from[top] = root
        return module


@contextmanager
def _on_path(root: Path) -> Iterator[None]:
    entry = str(root)
    sys.path.insert(0, entry)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        # by value: the imported code may have put entries of its own in front
        if entry in sys.path:
            sys.path.remove(entry)
