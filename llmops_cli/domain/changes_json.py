"""A PromptChange as JSON and back; a part of the run file."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from llmops_cli.domain.changes import Kind, PromptChange, SettingChange, TextChange
from llmops_cli.errors import SourceLocation


def change_to_dict(change: PromptChange) -> dict[str, Any]:
    """Plain JSON values; texts stand whole, so that any report can show them its own way."""
    return dataclasses.asdict(change)


def change_from_dict(data: Mapping[str, Any]) -> PromptChange:
    """What `change_to_dict` wrote. Raises KeyError, TypeError or ValueError where it is none."""
    return PromptChange(
        name=data["name"],
        digest_before=data["digest_before"],
        digest_after=data["digest_after"],
        texts=tuple(_text(text) for text in data["texts"]),
        settings=tuple(
            SettingChange(found["name"], Kind(found["kind"]), found["before"], found["after"])
            for found in data["settings"]
        ),
        before_name=data["before_name"],
    )


def _text(data: Mapping[str, Any]) -> TextChange:
    where = data["where"]
    place = SourceLocation(where["path"], where["line"], where.get("column")) if where else None
    return TextChange(data["title"], data["before"], data["after"], place)
