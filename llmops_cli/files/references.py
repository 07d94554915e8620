"""Files that a file names: schemas, tools, templates, images."""

import posixpath
from collections.abc import Callable, Sequence
from typing import Any

from llmops_cli.domain.prompt import PROMPTS_DIR
from llmops_cli.domain.tree import FileTree, read_bytes
from llmops_cli.errors import FileError, Problems, SourceLocation
from llmops_cli.files.text import decode, strict_json
from llmops_cli.files.yaml_source import parse_yaml, plain

_IMAGE_TYPES = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".gif": "gif", ".webp": "webp"}
MAX_IMAGE_BYTES = 20_000_000


def beside(base: str, name: str) -> str:
    """The project path of a name that is relative to the folder of the file that says it."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), name))


def read_reference(
    tree: FileTree, base: str, name: str, where: SourceLocation, problems: Problems, below: str | None = None
) -> tuple[str, bytes] | None:
    """Path and bytes of a named file; None (and a problem) where it is missing or outside `below`."""
    path = beside(base, name)
    top = below or ""
    if (
        name.startswith("/")
        or "\\" in name
        or path.startswith("..")
        or (below and not path.startswith(f"{top}/"))
    ):
        problems.add(f"{name!r} reaches outside {below or 'the project'}/", where)
        return None
    try:
        data = read_bytes(tree, path)
    except FileError as error:
        problems.take(error)
        return None
    if data is None:
        problems.add(f"there is no file {path!r}", where, "paths are relative to the file that names them")
        return None
    return path, data


def read_template_file(
    tree: FileTree, base: str, name: str, where: SourceLocation, problems: Problems
) -> tuple[str, str] | None:
    """Path and text of a template below `prompts/`."""
    found = read_reference(tree, base, name, where, problems, below=PROMPTS_DIR)
    if found is None:
        return None
    try:
        return found[0], decode(found[1], found[0])
    except FileError as error:
        problems.take(error)
        return None


def read_data_file(tree: FileTree, base: str, name: str, where: SourceLocation, problems: Problems) -> Any:
    """The value of a JSON or YAML file; None (and a problem) where it cannot be had."""
    found = read_reference(tree, base, name, where, problems)
    if found is None:
        return None
    path, data = found
    try:
        text = decode(data, path)
        return (
            strict_json(text, SourceLocation(path, 1))
            if path.endswith(".json")
            else plain(parse_yaml(text, path))
        )
    except FileError as error:
        problems.take(error)
        return None


def read_image(tree: FileTree, base: str, name: str, where: SourceLocation, problems: Problems) -> str | None:
    """An image file as a data URI (RFC 2397)."""
    import base64

    found = read_reference(tree, base, name, where, problems, below=PROMPTS_DIR)
    if found is None:
        return None
    path, data = found
    kind = _IMAGE_TYPES.get(posixpath.splitext(path)[1].lower())
    if kind is None:
        problems.add(f"{name!r} is no image", where, "known endings: " + ", ".join(_IMAGE_TYPES))
        return None
    if len(data) > MAX_IMAGE_BYTES:
        problems.add(f"{name!r} is larger than {MAX_IMAGE_BYTES // 1_000_000} MB", where)
        return None
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def named_files(paths: Sequence[str], name_of: Callable[[str], str], what: str) -> dict[str, str]:
    """Name to path, sorted by name. Raises FileError where two files would have one name."""
    found: dict[str, str] = {}
    for path in sorted(paths):
        name = name_of(path)
        if name in found:
            message = f"two files are the {what} {name!r}: {found[name]} and {path}"
            raise FileError(message, where=SourceLocation(path), hint="rename one of them")
        found[name] = path
    return dict(sorted(found.items()))
