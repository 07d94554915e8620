"""What differs between two versions of a prompt: source and settings."""

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from llmops_cli.domain.canonical import sha256_hex
from llmops_cli.domain.changes import Kind, PromptChange, SettingChange, TextChange, setting_changes
from llmops_cli.domain.diff import PromptDiff
from llmops_cli.domain.prompt import (
    PROMPTS_DIR,
    ImagePart,
    InsertMessages,
    MessageTemplate,
    Prompt,
    TemplateText,
    TextPart,
)
from llmops_cli.errors import SourceLocation
from llmops_cli.workflows.diff.pairs import PromptPair
from llmops_cli.workflows.diff.sides import Loaded


def compare_prompts(pair: PromptPair) -> PromptDiff | None:
    """Source and settings of one prompt, or None where it is the same version under the same name."""
    before, after = pair.before, pair.after
    if before is None or after is None:
        return _one_sided(pair)
    if before.prompt is None or after.prompt is None:
        return _unreadable(before, after)
    same = before.prompt.digest == after.prompt.digest
    if same and before.name == after.name:
        return None
    texts, settings = ((), ()) if same else _message_changes(before.prompt, after.prompt)
    return PromptDiff(
        name=after.name,
        kind=Kind.MOVED if same else Kind.CHANGED,
        before_name=before.name if before.name != after.name else None,
        digest_before=before.prompt.digest,
        digest_after=after.prompt.digest,
        texts=texts,
        settings=settings,
        partials=() if same else tuple(_partial_changes(before.prompt, after.prompt)),
    )


def change_of(before: Prompt, after: Prompt) -> PromptChange:
    """What was done to a prompt between two of its versions, included partials among the texts."""
    texts, settings = _message_changes(before, after)
    return PromptChange(
        name=after.name,
        digest_before=before.digest,
        digest_after=after.digest,
        texts=(*texts, *_partial_changes(before, after)),
        settings=settings,
        before_name=before.name if before.name != after.name else None,
    )


def _message_changes(
    before: Prompt, after: Prompt
) -> tuple[tuple[TextChange, ...], tuple[SettingChange, ...]]:
    texts, roles = _text_changes(before, after)
    return texts, (*setting_changes(_settings(before), _settings(after)), *roles)


def _one_sided(pair: PromptPair) -> PromptDiff:
    side = pair.after or pair.before
    assert side is not None
    was_added = pair.before is None
    digest = side.prompt.digest if side.prompt else None
    texts = [
        TextChange(text.title, None if was_added else text.text, text.text if was_added else None)
        for text in (_texts(side.prompt) if side.prompt else [])
    ]
    return PromptDiff(
        name=side.name,
        kind=Kind.ADDED if was_added else Kind.REMOVED,
        digest_before=None if was_added else digest,
        digest_after=digest if was_added else None,
        error_before=None if was_added else side.error,
        error_after=side.error if was_added else None,
        texts=tuple(texts),
    )


def _unreadable(before: Loaded, after: Loaded) -> PromptDiff | None:
    """One side at least is invalid: the YAML is all that can be compared."""
    if before.raw == after.raw and before.error == after.error and before.name == after.name:
        return None
    title = after.path if before.path == after.path else f"{before.path} → {after.path}"
    changed = before.raw != after.raw
    return PromptDiff(
        name=after.name,
        kind=Kind.CHANGED,
        before_name=before.name if before.name != after.name else None,
        digest_before=before.prompt.digest if before.prompt else None,
        digest_after=after.prompt.digest if after.prompt else None,
        error_before=before.error,
        error_after=after.error,
        texts=(TextChange(title, before.raw, after.raw),) if changed else (),
    )


@dataclass(frozen=True)
class _Text:
    title: str
    role: str
    text: str
    where: SourceLocation

    @property
    def place(self) -> str:
        """The title of a message without its number, which an inserted one shifts."""
        return self.title.partition(" (")[0].rstrip("0123456789")


def _texts(prompt: Prompt) -> list[_Text]:
    """The texts of the messages: those of the YAML by number and role, template files by their path."""
    found: list[_Text] = []
    for number, message in enumerate(prompt.messages, start=1):
        if isinstance(message, InsertMessages):
            said = f"insert: {message.input}"
            found.append(_Text(f"message {number} (insert)", "insert", said, message.where))
        elif isinstance(message.content, TemplateText):
            title = _title(message.content, prompt, number, message)
            found.append(_Text(title, message.role, message.content.text, message.content.where))
        else:
            found += _parts(prompt, number, message, message.content)
    return found


def _parts(
    prompt: Prompt, number: int, message: MessageTemplate, parts: Iterable[TextPart | ImagePart]
) -> Iterator[_Text]:
    for place, part in enumerate(parts, start=1):
        if isinstance(part, TextPart):
            title = _title(part.text, prompt, number, message)
            inline = title.startswith("message ")
            title = f"{title}, part {place}" if inline else title
            yield _Text(title, message.role, part.text.text, part.text.where)
        else:
            title = f"message {number} ({message.role}), part {place}"
            yield _Text(title, message.role, _image(part.uri.text), part.uri.where)


def _title(text: TemplateText, prompt: Prompt, number: int, message: MessageTemplate) -> str:
    if text.where.path != prompt.path:
        return text.where.path
    return f"message {number} ({message.role})"


def _image(uri: str) -> str:
    """An image as one line that changes when the image does."""
    if not uri.startswith("data:"):
        return uri
    return f"[image {uri.partition(';')[0]}, {len(uri):,} characters, SHA-256 {sha256_hex(uri)[:12]}]"


def _text_changes(before: Prompt, after: Prompt) -> tuple[tuple[TextChange, ...], tuple[SettingChange, ...]]:
    """Texts that differ, and messages that only changed their role."""
    old, new = _texts(before), _texts(after)
    texts: list[TextChange] = []
    roles: list[SettingChange] = []
    for one, other in _aligned(old, new):
        if one is None or other is None:
            before_text, after_text = (text.text if text else None for text in (one, other))
            where = other.where if other else None
            texts += [TextChange(side.title, before_text, after_text, where) for side in (one, other) if side]
            continue
        if one.role != other.role:
            roles.append(SettingChange(f"role of {other.title}", Kind.CHANGED, one.role, other.role))
        if one.text != other.text:
            both = one.title == other.title or one.place == other.place == "message "
            title = other.title if both else f"{one.title} → {other.title}"
            texts.append(TextChange(title, one.text, other.text, other.where))
    return tuple(texts), tuple(roles)


def _aligned(old: Sequence[_Text], new: Sequence[_Text]) -> Iterator[tuple[_Text | None, _Text | None]]:
    """Messages side by side: equal ones first, then those between them by role and order."""
    before, after = ([(text.role, text.text) for text in side] for side in (old, new))
    for operation, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if operation == "equal":
            continue
        left, right = list(old[a:b]), list(new[c:d])
        for one in left:
            partner = next((text for text in right if text.role == one.role), None)
            partner = partner or (right[0] if right and len(left) == len(new[c:d]) else None)
            if partner is not None:
                right.remove(partner)
            yield one, partner
        yield from ((None, other) for other in right)


def _partial_changes(before: Prompt, after: Prompt) -> Iterator[TextChange]:
    """Included templates that differ; one that was moved is compared with what it was."""
    folders = [posixpath.dirname(prompt.name) or "." for prompt in (before, after)]
    old = dict(before.partials)
    moved = {posixpath.relpath(path, folders[0]): path for path in old}
    unmatched: list[tuple[str, str]] = []
    for path, text in after.partials.items():
        was = path if path in old else moved.get(posixpath.relpath(path, folders[1]))
        if was is None or was not in old:
            unmatched.append((path, text))
            continue
        if (previous := old.pop(was)) != text:
            yield TextChange(_moved_title(was, path), previous, text, _start(path))
    for path, text in unmatched:
        was = next((name for name, content in old.items() if content == text), None)
        if was is None:
            yield TextChange(f"{PROMPTS_DIR}/{path}", None, text, _start(path))
        else:
            del old[was]
    for path, text in old.items():
        yield TextChange(f"{PROMPTS_DIR}/{path}", text, None)


def _start(path: str) -> SourceLocation:
    return SourceLocation(f"{PROMPTS_DIR}/{path}", 1)


def _moved_title(before: str, after: str) -> str:
    paths = dict.fromkeys((f"{PROMPTS_DIR}/{before}", f"{PROMPTS_DIR}/{after}"))
    return " → ".join(paths)


def _settings(prompt: Prompt) -> dict[str, Any]:
    """What is no text: model, params by their own names, tools by function, schema, inputs."""
    found: dict[str, Any] = {"model": prompt.model} if prompt.model else {}
    found |= dict(prompt.params)
    tools = {str(tool["function"].get("name", place)): tool for place, tool in enumerate(prompt.tools)}
    found |= {f"tool {name}": _tool(tool) for name, tool in tools.items()}
    if prompt.output_schema is not None:
        found["output schema"] = prompt.output_schema
    for name, spec in prompt.inputs.items():
        kind = spec.type or "anything"
        found[f"input {name}"] = kind if spec.required else f"{kind}, default {_json(spec.default)}"
    return found


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{key: value for key, value in tool.items() if key not in ("type", "function")},
        **tool["function"],
    }


def _json(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)
