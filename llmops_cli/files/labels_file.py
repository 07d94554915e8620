"""`prompts/labels.yaml`: names such as `production` that point at versions, changed by commit.

    support/escalation:
      production: {digest: "p1:ab12…", commit: 4f9c…}

The digest rules; the commit is a hint, so that a squash merge breaks nothing. What `llmops rollback` wrote says in
`rolled_back` what it went back from.
"""

import io
from collections.abc import Mapping as AbstractMapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from llmops_cli.domain.prompt import PROMPTS_DIR
from llmops_cli.domain.tree import FileTree
from llmops_cli.errors import FileError, Problems, SourceLocation
from llmops_cli.files.fields import Fields
from llmops_cli.files.labels_setting import set_in
from llmops_cli.files.labels_text import cut_out
from llmops_cli.files.text import read_text
from llmops_cli.files.yaml_source import parse_yaml

LABELS_FILE = f"{PROMPTS_DIR}/labels.yaml"
_DIGEST = "p1:"
CONFLICT = ("<<<<<<<", ">>>>>>>")


@dataclass(frozen=True, slots=True)
class LabelTarget:
    """What a label points at; `commit` is where it was found when it was set.

    `rolled_back` is the digest that `llmops rollback` took it back from, so that it never goes forward to that.
    """

    digest: str
    commit: str | None
    where: SourceLocation
    rolled_back: str | None = None


Labels = AbstractMapping[str, AbstractMapping[str, LabelTarget]]
"""Prompt name to label to target."""


def read_labels(tree: FileTree) -> Labels:
    """All labels; empty where there is no file. Raises FileError with every mistake."""
    text = read_text(tree, LABELS_FILE)
    return {} if text is None else parse_labels(text)


def parse_labels(text: str) -> Labels:
    """The labels in a file's text. Raises FileError."""
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith(CONFLICT):
            hint = "decide which version each label points at, and take the marks out"
            where = SourceLocation(LABELS_FILE, number)
            raise FileError("the labels hold the marks of a merge conflict", where=where, hint=hint)
    if not any(line.strip() and not line.lstrip().startswith("#") for line in text.split("\n")):
        return {}
    problems = Problems()
    fields = Fields(parse_yaml(text, LABELS_FILE), problems, "the labels")
    labels: dict[str, dict[str, LabelTarget]] = {}
    for name, node in fields.mapping.entries.items():
        prompt = Fields(node, problems, f"the labels of {name!r}")
        labels[name] = {}
        for label, target in prompt.mapping.entries.items():
            entry = Fields(target, problems, f"label {label!r}")
            digest, commit = entry.text("digest", required=True) or "", entry.text("commit")
            rolled_back = entry.text("rolled_back")
            entry.done()
            if digest and not digest.startswith(_DIGEST):
                problems.add(
                    f"{digest!r} is no prompt digest", entry.place("digest"), "`llmops label` writes it"
                )
            labels[name][label] = LabelTarget(digest, commit, target.where, rolled_back)
    problems.raise_if_any()
    return labels


def with_label(text: str, name: str, label: str, target: LabelTarget) -> str:
    """The file's text with one label set; the rest stays as it is. Raises FileError for a broken file."""
    wanted = {prompt: {**targets} for prompt, targets in _plain(parse_labels(text)).items()}
    all_parts = {"digest": target.digest, "commit": target.commit, "rolled_back": target.rolled_back}
    parts = {key: part for key, part in all_parts.items() if part}
    wanted.setdefault(name, {})[label] = tuple(all_parts.values())
    written = set_in(text, _yaml().compose(text), name, label, parts)
    if written is not None:
        with suppress(FileError):  # an unusual style, which is left to the library
            if _plain(parse_labels(written)) == wanted:
                return written

    def change(labels: Any) -> None:
        _own(labels, name)[label] = _flow(parts)

    return _edited(text, change)


def _plain(labels: Labels) -> dict[str, dict[str, tuple[str | None, ...]]]:
    return {
        name: {label: (one.digest, one.commit, one.rolled_back) for label, one in targets.items()}
        for name, targets in labels.items()
    }


def without_label(text: str, name: str, label: str) -> str:
    """The file's text with one label and its comments taken out; a prompt without labels goes too."""
    labels = {prompt: dict(targets) for prompt, targets in parse_labels(text).items()}
    if label not in labels.get(name, {}):
        return text
    del labels[name][label]
    left = {prompt: {*targets} for prompt, targets in labels.items() if targets or prompt != name}

    def change(labels: Any) -> None:
        left = _own(labels, name)
        left.pop(label, None)
        if not left:
            del labels[name]

    cut = cut_out(text, _yaml().load(text), name, label)
    if cut is not None:
        with suppress(FileError):
            if {prompt: {*targets} for prompt, targets in parse_labels(cut).items()} == left:
                return cut
    return _edited(text, change)


def _own(labels: Any, name: str) -> Any:
    """The labels of a prompt, to be changed; what an alias shares with another prompt is made its own first."""
    own = labels.setdefault(name, {})
    if sum(one is own for one in labels.values()) > 1:
        labels[name] = own = type(own)(own)
    return own


def _flow(target: dict[str, str]) -> Any:
    from ruamel.yaml.comments import CommentedMap

    mapping = CommentedMap(target)
    mapping.fa.set_flow_style()
    return mapping


def _yaml() -> Any:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    return yaml


def _edited(text: str, change: Any) -> str:
    from ruamel.yaml.comments import CommentedMap

    yaml = _yaml()
    document = yaml.load(text) if text.strip() else None
    comments_only = document is None and text.strip()
    if document is None:
        document = CommentedMap()
    change(document)
    if not document:
        return text if comments_only else ""
    buffer = io.StringIO()
    yaml.dump(document, buffer)
    return (text.rstrip("\n") + "\n" if comments_only else "") + buffer.getvalue()
