"""`llmops blame`: for each line of a prompt, its includes in place, the version that brought it."""

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Protocol

from llmops_cli.domain.blame import Blame, BlamedLine, ExpandedLine
from llmops_cli.domain.history import Version
from llmops_cli.domain.revision import parse_reference
from llmops_cli.errors import UserError
from llmops_cli.templating.expansion import expanded_lines
from llmops_cli.workflows.versions.log import ordinals_of
from llmops_cli.workflows.versions.revisions import ResolvedPrompt, Revisions
from llmops_cli.workflows.versions.versions import Standing


class Replaced(Protocol):
    """What a version replaced: the part of Versions that attributing needs."""

    def before(self, version: Version) -> Sequence[Standing]:
        """What stood at each parent of the version's commit."""
        ...


def blame(revisions: Revisions, text: str) -> Blame:
    """The lines of `NAME[@REV]`. Raises UserError where there is no such prompt, or no git."""
    reference = parse_reference(text)
    if revisions.repository.head is None:
        raise UserError("this repository has no commit yet", hint="commit the prompt, then ask again")
    resolved = revisions.prompt(text)
    versions = list(revisions.versions.history(reference.name, reference.revision or "HEAD"))
    ordinals = ordinals_of(versions)
    wanted = _wanted(revisions, resolved, versions, worktree=reference == parse_reference(reference.name))
    lineage = versions[versions.index(wanted) :] if wanted in versions else [wanted, *versions]
    found = attribute(lineage, revisions.versions)
    lines = [BlamedLine(line, by, ordinals.get(by.digest or "", len(ordinals) + 1)) for line, by in found]
    skipped = tuple(version for version in lineage if version.prompt is None)
    return Blame(reference.name, resolved.prompt.digest, tuple(lines), skipped)


def _wanted(
    revisions: Revisions, resolved: ResolvedPrompt, versions: Sequence[Version], *, worktree: bool
) -> Version:
    """The version that the prompt is: one of history's, or what is not committed yet."""
    prompt = resolved.prompt
    if worktree:
        uncommitted = Version(prompt.name, prompt.path, None, prompt)
        at_head = revisions.versions.before(uncommitted)
        if not any(standing.prompt and standing.prompt.digest == prompt.digest for standing in at_head):
            return uncommitted
    same = next((version for version in versions if version.digest == prompt.digest), None)
    # a merge may join files of both sides to a content that no commit changed itself
    return same or Version(prompt.name, prompt.path, resolved.commit, prompt)


def attribute(newest_first: Sequence[Version], history: Replaced) -> list[tuple[ExpandedLine, Version]]:
    """The lines of the first version with the version that brought each.

    As `git blame` does: a line that stood in what a commit replaced is handed on, any other is its own.
    """
    known: dict[str, list[tuple[ExpandedLine, Version]]] = {}
    last: list[tuple[ExpandedLine, Version]] = []
    for version in reversed(newest_first):
        if version.prompt is None:
            continue
        before = [standing.prompt.digest if standing.prompt else None for standing in history.before(version)]
        bases = [known[digest] for digest in before if digest in known]
        if before and not bases:  # what it replaced was invalid: its lines come from the version before that
            bases = [last]
        last = known[version.prompt.digest] = _carried(version, expanded_lines(version.prompt), bases)
    return last


def _carried(
    version: Version, lines: Sequence[ExpandedLine], bases: Sequence[Sequence[tuple[ExpandedLine, Version]]]
) -> list[tuple[ExpandedLine, Version]]:
    brought = [version] * len(lines)
    open_places = set(range(len(lines)))
    new = [(line.opens, line.text) for line in lines]
    for base in bases:
        old = [(line.opens, line.text) for line, _ in base]
        for a, b, size in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
            for step in range(size):
                if b + step in open_places:
                    brought[b + step] = base[a + step][1]
                    open_places.discard(b + step)
    return list(zip(lines, brought, strict=True))
