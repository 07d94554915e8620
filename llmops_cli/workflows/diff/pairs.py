"""Which prompts of two sides are one: by name, by what history says of renames, by their content."""

import posixpath
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from llmops_cli.workflows.diff.sides import Loaded

SIMILAR = 0.6
"""Share of content two prompts must have in common to be taken for one that was renamed."""
MAX_PAIRS = 10_000
"""Pairs of added and removed prompts whose texts are compared; beyond, only equal ones are followed."""


@dataclass(frozen=True)
class PromptPair:
    """One prompt on both sides; a side is None where it does not exist."""

    before: Loaded | None
    after: Loaded | None

    @property
    def name(self) -> str:
        """Its name on the newer side that has it."""
        side = self.after or self.before
        assert side is not None
        return side.name

    @property
    def names(self) -> set[str]:
        """Its names on both sides."""
        return {side.name for side in (self.before, self.after) if side is not None}


def pair_up(
    removed: Sequence[Loaded], added: Sequence[Loaded], known: Mapping[str, str]
) -> Iterator[PromptPair]:
    """Follow renames: those of history (`known`, new path to old), then equal and similar contents."""
    gone = {prompt.path: prompt for prompt in removed}
    new = {prompt.path: prompt for prompt in added}
    for path, before in known.items():
        if path in new and before in gone:
            yield PromptPair(gone.pop(before), new.pop(path))
    for one, other in [*_equal(gone, new), *_similar(gone, new)]:
        yield PromptPair(one, other)
    yield from (PromptPair(one, None) for one in gone.values())
    yield from (PromptPair(None, other) for other in new.values())


def _equal(gone: dict[str, Loaded], new: dict[str, Loaded]) -> list[tuple[Loaded, Loaded]]:
    found: list[tuple[Loaded, Loaded]] = []
    by_content: dict[str, list[Loaded]] = {}
    for prompt in gone.values():
        by_content.setdefault(_content(prompt), []).append(prompt)
    for other in list(new.values()):
        candidates = by_content.get(_content(other), [])
        # of several with the same content, the one that kept its file's name
        candidates.sort(key=lambda one: posixpath.basename(one.path) != posixpath.basename(other.path))
        if candidates:
            one = candidates.pop(0)
            found.append((gone.pop(one.path), new.pop(other.path)))
    return found


def _similar(gone: dict[str, Loaded], new: dict[str, Loaded]) -> list[tuple[Loaded, Loaded]]:
    if not gone or not new or len(gone) * len(new) > MAX_PAIRS:
        return []
    words = {path: _pieces(prompt) for path, prompt in (*gone.items(), *new.items())}
    rated = [(_alike(words[one], words[other]), one, other) for one in gone for other in new]
    found: list[tuple[Loaded, Loaded]] = []
    for share, one, other in sorted(rated, key=lambda entry: (-entry[0], entry[1:])):
        if share >= SIMILAR and one in gone and other in new:
            found.append((gone.pop(one), new.pop(other)))
    return found


def _content(prompt: Loaded) -> str:
    return prompt.prompt.digest if prompt.prompt else prompt.raw


def _pieces(prompt: Loaded) -> Counter[tuple[str, str]]:
    """Neighbouring words of the templates; of the YAML where there is no more to read."""
    texts = [text.text for text in prompt.prompt.template_texts()] if prompt.prompt else [prompt.raw]
    words = " ".join(texts).split()
    return Counter(zip(words, [*words[1:], ""], strict=True))


def _alike(one: Counter[tuple[str, str]], other: Counter[tuple[str, str]]) -> float:
    """Dice's coefficient over neighbouring words (Dice 1945, Ecology 26(3))."""
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 0.0
