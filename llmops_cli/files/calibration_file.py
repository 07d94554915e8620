"""`evalsets/*.calibration.json`: how far a judge agreed with people, written by `llmops judge`."""

import json
from collections.abc import Mapping

from llmops_cli.domain.calibration import (
    CALIBRATION_ENDING,
    Calibration,
    calibration_from_dict,
    calibration_path,
    calibration_to_dict,
)
from llmops_cli.domain.evalset import EVALSETS_DIR
from llmops_cli.domain.tree import FileTree
from llmops_cli.errors import FileError, SourceLocation
from llmops_cli.files.text import read_text, strict_json


def read_calibration(tree: FileTree, judge: str) -> Calibration | None:
    """A judge's calibration, None where there is none. Raises FileError."""
    path = calibration_path(judge)
    text = read_text(tree, path)
    if text is None:
        return None
    found = parse_calibration(text, path, judge)
    # `a/b` and `a-b` share a file name
    return found if found.judge == judge else None


def calibration_paths(tree: FileTree) -> list[str]:
    """All calibration files of a project."""
    return [path for path in tree.list(EVALSETS_DIR) if path.endswith(CALIBRATION_ENDING)]


def parse_calibration(text: str, path: str, judge: str = "NAME") -> Calibration:
    """The calibration in a file's text. Raises FileError."""
    where = SourceLocation(path)
    hint = f"write it anew: llmops judge {judge} --labels FILE"
    data = strict_json(text, SourceLocation(path, 1))
    if not isinstance(data, Mapping):
        raise FileError("is no calibration", where=where, hint=hint)
    try:
        return calibration_from_dict(data)
    except ValueError as error:
        raise FileError(str(error), where=where, hint=hint) from error


def format_calibration(calibration: Calibration) -> str:
    """The file's text."""
    return json.dumps(calibration_to_dict(calibration), ensure_ascii=False, indent=2) + "\n"
