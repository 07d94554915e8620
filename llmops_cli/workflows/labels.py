"""`llmops label` and `llmops rollback`: promotion is a change to a file, its history the audit trail."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from llmops_cli.domain.prompt import short_digest
from llmops_cli.domain.revision import CommitInfo
from llmops_cli.errors import FileError, Problems, SourceLocation, UserError
from llmops_cli.files.labels_file import (
    LABELS_FILE,
    Labels,
    LabelTarget,
    parse_labels,
    with_label,
    without_label,
)
from llmops_cli.files.text import decode, read_text
from llmops_cli.store.atomic import write_text
from llmops_cli.workflows.revisions import Revisions

_UNSHALLOW = "this clone is shallow: `git fetch --unshallow` brings the rest"


@dataclass(frozen=True, slots=True)
class LabelChange:
    """What a label pointed at before and after; None where there was or is none."""

    name: str
    label: str
    before: LabelTarget | None
    after: LabelTarget | None


@dataclass(frozen=True, slots=True)
class Promotion:
    """A commit that made a label point at a target (None: took it away)."""

    commit: CommitInfo
    target: LabelTarget | None


def set_label(revisions: Revisions, name: str, label: str, revision: str | None) -> LabelChange:
    """Point a label at the version at a revision (default: the worktree, if it is committed).

    Raises UserError for a version that no commit holds: a label must outlive this worktree.
    """
    _check_word(label)
    if revision is None:
        digest = revisions.project.prompt(name).digest
        commit = _commit_of(revisions, name, digest)
    else:
        found = revisions.prompt(f"{name}@{revision}")
        digest = found.prompt.digest
        commit = found.commit.sha if found.commit else _commit_of(revisions, name, digest)
    return _write(revisions, name, label, LabelTarget(digest, commit[:12], SourceLocation(LABELS_FILE)))


def remove_label(revisions: Revisions, name: str, label: str) -> LabelChange:
    """Take a label away. Raises UserError for an unknown one."""
    revisions.target(name, label)
    return _write(revisions, name, label, None)


def rollback(revisions: Revisions, name: str, label: str) -> LabelChange:
    """Point a label at what it pointed at before, from git's history. Raises UserError where it never did."""
    current = revisions.target(name, label)
    before = _before(promotions(revisions, name, label), current)
    if before is not None:
        return _write(revisions, name, label, before)
    hint = f"set it by hand: llmops label {name} {label} REV"
    if revisions.repository.shallow:
        hint = _UNSHALLOW
    raise UserError(f"{label!r} of {name!r} has no earlier target in this branch's history", hint=hint)


def _before(found: list[Promotion], current: LabelTarget) -> LabelTarget | None:
    """What stood before the current target; a rollback does not count as a step on.

    So rolling back twice goes back twice, and never forward to what was rolled back from.
    """
    stack: list[LabelTarget] = []
    for target in [*(p.target for p in reversed(found)), current]:
        if target is None:
            continue
        place = next((n for n, known in enumerate(stack) if known.digest == target.digest), len(stack))
        stack[place:] = [target]
    return stack[-2] if len(stack) > 1 else None


def promotions(revisions: Revisions, name: str, label: str) -> list[Promotion]:
    """The commits that moved a label, newest first; a commit whose labels cannot be read is passed over."""
    repository = revisions.repository
    states: list[tuple[CommitInfo, LabelTarget | None]] = []
    for change in repository.changes((LABELS_FILE,), first_parent=True):
        labels = _labels_at(revisions, change.commit.sha)
        if labels is not None:
            states.append((change.commit, labels.get(name, {}).get(label)))
    found: list[Promotion] = []
    for place, (commit, target) in enumerate(states):
        older = states[place + 1][1] if place + 1 < len(states) else None
        if (target and target.digest) != (older and older.digest):
            found.append(Promotion(commit, target))
    return found


def live_on(revisions: Revisions, name: str, label: str, day: str) -> Promotion | None:
    """What a label pointed at at the end of a day (UTC), and the commit that made it so. Raises UserError."""
    try:
        end = datetime.combine(date.fromisoformat(day) + timedelta(days=1), time.min, UTC).timestamp()
    except ValueError as error:
        raise UserError(f"{day!r} is no date", hint="write it as 2026-03-01") from error
    found = (p for p in promotions(revisions, name, label) if p.commit.committed < end)
    promotion = next(found, None)
    if revisions.repository.shallow and (promotion is None or not promotion.commit.parents):
        raise UserError(f"history is cut off before {day} in this clone", hint=_UNSHALLOW)
    return promotion if promotion is not None and promotion.target is not None else None


def check_labels(revisions: Revisions, problems: Problems) -> int:
    """Note labels of unknown prompts and labels to versions that the branch's history does not hold."""
    try:
        labels = revisions.labels
    except FileError as error:
        problems.take(error)
        return 0
    if not labels:
        return 0  # git is not asked
    shallow = revisions.repository_if_any is not None and revisions.repository_if_any.shallow
    for name, targets in labels.items():
        for label, target in targets.items():
            if revisions.repository_if_any is None or shallow:
                continue  # nothing here can tell: a cut history is no proof of a wrong label
            if revisions.find(name, target) is None:
                hint = f"`llmops log {name}` lists its versions"
                message = (
                    f"label {label!r} points at {short_digest(target.digest)}, which no commit here holds"
                )
                problems.add(message, target.where, hint)
    return sum(len(targets) for targets in labels.values())


def _labels_at(revisions: Revisions, commit: str) -> Labels | None:
    data = revisions.repository.blob(commit, LABELS_FILE)
    if data is None:
        return {}
    try:
        return parse_labels(decode(data, LABELS_FILE))
    except FileError:
        return None


def _commit_of(revisions: Revisions, name: str, digest: str) -> str:
    for version in revisions.versions.history(name) if revisions.repository else ():
        if version.digest == digest and version.commit is not None:
            return version.commit.sha
    hint = "commit the prompt first: a label points at a version that history holds"
    raise UserError(f"the version {short_digest(digest)} of {name!r} is in no commit", hint=hint)


def _write(revisions: Revisions, name: str, label: str, target: LabelTarget | None) -> LabelChange:
    revisions.project.require_worktree("label")
    tree = revisions.project.tree
    text = read_text(tree, LABELS_FILE) or ""
    before = parse_labels(text).get(name, {}).get(label)
    if target is None:
        text = without_label(text, name, label)
    elif before is None or before.digest != target.digest:
        text = with_label(text, name, label, target.digest, target.commit)
    else:
        return LabelChange(name, label, before, before)
    write_text(revisions.project.root / LABELS_FILE, text)
    return LabelChange(name, label, before, target)


def _check_word(label: str) -> None:
    if not label or not all(character.isalnum() or character in "-_." for character in label):
        raise UserError(f"{label!r} is no label", hint="letters, digits, `-`, `_` and `.` only")
