"""Which files of the project stand behind a `python:` model or scorer: its module, and what that imports.

Found by reading the `import` statements, also those inside of functions, without running anything. A module
that is imported under a computed name is not seen.
"""

import ast
from collections.abc import Iterator

from llmops_cli.domain.canonical import digest_of, sha256_hex
from llmops_cli.domain.tree import FileTree, read_bytes
from llmops_cli.errors import FileError

MAX_FILES = 2000


def python_sources(tree: FileTree, reference: str) -> dict[str, bytes]:
    """Path to content of every file of the project that `module:function` reaches.

    Empty where the module is none of the project's. At most `MAX_FILES`.
    """
    found: dict[str, bytes] = {}
    seen: set[str] = set()
    waiting = [reference.partition(":")[0]]
    while waiting and len(found) < MAX_FILES:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for path, package in _places(name):
            if path not in found and (data := _read(tree, path)) is not None:
                found[path] = data
                waiting += _imports(data, package)
    return found


def python_digest(tree: FileTree, reference: str) -> str | None:
    """What tells two versions of that code apart; None where it is none of the project's."""
    sources = python_sources(tree, reference)
    plain = {path: sha256_hex(data.replace(b"\r\n", b"\n").hex()) for path, data in sources.items()}
    return f"c1:{digest_of(plain)}" if plain else None


def _places(name: str) -> Iterator[tuple[str, str]]:
    """Where a dotted name may be, packages on the way included; each with the package its file belongs to."""
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        path = "/".join(parts[:end])
        yield f"{path}.py", ".".join(parts[: end - 1])
        yield f"{path}/__init__.py", ".".join(parts[:end])


def _read(tree: FileTree, path: str) -> bytes | None:
    try:
        return read_bytes(tree, path)
    except FileError:  # a link out of the project leads to code that is not the project's
        return None


def _imports(data: bytes, package: str) -> Iterator[str]:
    """Dotted names that a module may import. What is no Python gives none: its bytes count all the same."""
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, package)
            if base:
                yield base
            yield from (
                f"{base}.{alias.name}" if base else alias.name for alias in node.names if alias.name != "*"
            )


def _base(node: ast.ImportFrom, package: str) -> str:
    """The module that `from … import` names, a relative one made absolute."""
    above = package.split(".") if package else []
    kept = above[: len(above) - node.level + 1] if node.level else []
    return ".".join([*kept, *([node.module] if node.module else [])])
