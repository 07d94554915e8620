"""Prompts for an application:

    from llmops_cli import load

    prompt = load("support/escalation@:production")
    messages = prompt.render(ticket="I want my money back")

Importing this loads neither LiteLLM nor Typer nor Rich; from a bundle, neither git nor YAML is needed.
"""

import os
import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from llmops_cli.domain.bundle import BundleError
from llmops_cli.domain.provider import ProviderError
from llmops_cli.domain.request import Response
from llmops_cli.domain.revision import parse_reference
from llmops_cli.errors import RenderError, UserError
from llmops_cli.workflows.application.loaded import LoadedPrompt, PromptVersion
from llmops_cli.workflows.application.loading import BundleSource, ProjectSource

__all__ = [
    "BundleError",
    "LoadedPrompt",
    "PromptVersion",
    "ProviderError",
    "RenderError",
    "Response",
    "UserError",
    "load",
]

BUNDLE_VARIABLE = "LLMOPS_BUNDLE"
_Source = TypeVar("_Source", BundleSource, ProjectSource)
_FilePath = str | os.PathLike[str]

_bundles: dict[str, BundleSource] = {}
_projects: dict[str, ProjectSource] = {}
_opening = threading.Lock()
_parsed = lru_cache(maxsize=4096)(parse_reference)


def load(reference: str, *, bundle: _FilePath | None = None, root: _FilePath | None = None) -> LoadedPrompt:
    """The prompt that `NAME`, `NAME@:label` or, from a project, `NAME@REV` stands for.

    It is looked for in the bundle that is given, in the project at `root`, in the bundle that LLMOPS_BUNDLE
    names, or in the project around the working directory: in the first of these there is. As long as the
    files do not change, the same reference gives the same object; call it wherever a prompt is needed. Safe
    in any number of threads. Raises UserError with what is wrong and what to try; for all that has to do with
    a bundle it is a BundleError.
    """
    _check_text(reference)
    known = _parsed(reference)
    if bundle is not None and root is not None:
        raise UserError("bundle= and root= exclude each other", hint="give the one to load from")
    if bundle is None and root is None:
        bundle = os.environ.get(BUNDLE_VARIABLE) or None
    if bundle is not None:
        # not resolved: where a deployment points a link at another file, the link is what was replaced
        return _source(_bundles, os.path.abspath(bundle), BundleSource).load(known)  # noqa: PTH100
    return _source(_projects, _root(root), ProjectSource).load(known)


def _check_text(reference: object) -> None:
    if not isinstance(reference, str):
        what = f"load wants the name of a prompt as text, not {type(reference).__name__}"
        raise UserError(what, hint="such as load('support/escalation')")


def _source(sources: dict[str, _Source], key: str, make: Callable[[Path], _Source]) -> _Source:
    found = sources.get(key)
    if found is None:
        with _opening:
            found = sources.get(key)
            if found is None:
                found = sources[key] = make(Path(key))
    return found


def _root(root: _FilePath | None) -> str:
    from llmops_cli.files.worktree import find_root, is_bare_repository

    start = Path.cwd() if root is None else Path(root).resolve()
    return str(start if is_bare_repository(start) else find_root(start))
