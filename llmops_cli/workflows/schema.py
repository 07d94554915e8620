"""`llmops schema -o DIR`: the schema of every kind of file, written where an editor finds it."""

import json
from pathlib import Path

from llmops_cli.files.schemas import KINDS, schema
from llmops_cli.store.atomic import write_text


def schema_text(kind: str) -> str:
    """One schema as indented JSON."""
    return json.dumps(schema(kind), ensure_ascii=False, indent=2) + "\n"


def write_schemas(folder: Path) -> list[Path]:
    """Write them all; the paths written. Raises NoVerdictError where the disk does not take them."""
    paths = [folder / kind.file_name for kind in KINDS.values()]
    for path, name in zip(paths, KINDS, strict=True):
        write_text(path, schema_text(name))
    return paths
