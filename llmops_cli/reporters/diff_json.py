"""A diff as JSON; keys are only ever added within one version of the format."""

import dataclasses
import json
import re
from collections.abc import Mapping
from typing import Any

from llmops_cli.domain.changes import TextChange
from llmops_cli.domain.diff import Diff
from llmops_cli.domain.revision import CommitInfo
from llmops_cli.errors import SourceLocation
from llmops_cli.reporters.diff_lines import unified

DIFF_FORMAT = 1


def format_diff(diff: Diff) -> str:
    """The whole diff, answers and all."""
    document = {"llmops_diff": DIFF_FORMAT, "differs": diff.differs, **_plain(diff)}
    return _text(document)


def format_stat(diff: Diff) -> str:
    """The counts of `--stat`."""
    prompts = [
        {
            "name": prompt.name,
            "kind": prompt.kind.value,
            "before_name": prompt.before_name,
            "added": prompt.lines[0],
            "removed": prompt.lines[1],
            "settings": len(prompt.settings),
            "requests": sum(effect.compared for effect in prompt.effects),
            "changed": sum(effect.changed for effect in prompt.effects),
        }
        for prompt in diff.prompts
    ]
    evalsets = [{"name": evalset.name, "kind": evalset.kind.value} for evalset in diff.evalsets]
    head = {"llmops_diff": DIFF_FORMAT, "differs": diff.differs}
    return _text({**head, "prompts": prompts, "evalsets": evalsets})


def _text(document: Mapping[str, Any]) -> str:
    text = json.dumps(document, ensure_ascii=False, indent=2)
    # JSON escapes what lies below a space; a terminal also obeys DEL and the C1 controls
    return re.sub(r"[\x7f-\x9f]", lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, SourceLocation):
        return str(value)
    if isinstance(value, CommitInfo):
        return {"sha": value.sha, "date": value.date, "author": value.author, "subject": value.subject}
    if isinstance(value, TextChange):
        texts = {"title": value.title, "before": value.before, "after": value.after}
        return {**texts, "diff": unified(value.before, value.after)}
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
