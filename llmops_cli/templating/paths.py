"""Where the name in an `include`, `import` or `extends` leads."""

import posixpath
from collections.abc import Callable

from llmops_cli.domain.prompt import PROMPTS_DIR


def candidates(name: str, parent: str) -> tuple[str, ...]:
    """The paths below `prompts/` that a name may mean: beside the including template, then from the top.

    `parent` is the including template's path below `prompts/`. Raises ValueError for a name that is
    absolute, uses backslashes or reaches outside `prompts/`; the text says so.
    """
    if not name.strip() or "\0" in name:
        raise ValueError(f"{name!r} is not the name of a template")
    if "\\" in name:
        raise ValueError(f"the template's name {name!r} has a backslash; write /")
    if name.startswith("/") or name[1:2] == ":":
        raise ValueError(f"the template's name {name!r} is absolute; write it relative to {PROMPTS_DIR}/")
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(parent), name))
    top = posixpath.normpath(name)
    inside = [path for path in (beside, top) if path != "." and path.split("/", 1)[0] != ".."]
    if not inside:
        raise ValueError(f"the template's name {name!r} reaches outside {PROMPTS_DIR}/")
    return tuple(dict.fromkeys(inside))


def find(name: str, parent: str, exists: Callable[[str], bool]) -> str | None:
    """The first of the candidates that exists. Raises ValueError as `candidates` does."""
    return next((path for path in candidates(name, parent) if exists(path)), None)
