"""`llmops label` and `llmops rollback`: promotion is a change to a file, its history the audit trail."""

from contextlib import suppress
from dataclasses import dataclass, replace

from llmops_cli.domain.prompt import short_digest
from llmops_cli.domain.tree import read_bytes
from llmops_cli.errors import FileError, MissingHistoryError, Problems, SourceLocation, UserError
from llmops_cli.files.labels_file import LABELS_FILE, LabelTarget, parse_labels, with_label, without_label
from llmops_cli.files.labels_text import as_before
from llmops_cli.files.text import decode
from llmops_cli.store.atomic import write_text
from llmops_cli.store.local_folder import local_folder
from llmops_cli.store.lock import locked
from llmops_cli.workflows.versions.promotions import label_history, target_before
from llmops_cli.workflows.versions.revisions import UNSHALLOW, Revisions

_WORD = "letters, digits, `-`, `_` and `.` only, and no `-` first"


@dataclass(frozen=True, slots=True)
class LabelChange:
    """What a label pointed at before and after; None where there was or is none."""

    name: str
    label: str
    before: LabelTarget | None
    after: LabelTarget | None


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
        held = found.commit is not None and not revisions.repository.outside([found.commit.sha])
        commit = found.commit.sha if found.commit and held else _commit_of(revisions, name, digest)
    return _write(revisions, name, label, LabelTarget(digest, commit[:12], SourceLocation(LABELS_FILE)))


def remove_label(revisions: Revisions, name: str, label: str) -> LabelChange:
    """Take a label away. Raises UserError for an unknown one."""
    revisions.target(name, label)
    return _write(revisions, name, label, None)


def rollback(revisions: Revisions, name: str, label: str) -> LabelChange:
    """Point a label at what it pointed at before, from git's history. Raises UserError where it never did."""
    current = revisions.target(name, label)
    before = target_before(label_history(revisions, name, label), current)
    if before is None:
        hint = f"set it by hand: llmops label {name} {label} REV"
        raise UserError(f"{label!r} of {name!r} has no earlier target in this branch's history", hint=hint)
    return _write(revisions, name, label, replace(before, rolled_back=current.digest))


def check_labels(revisions: Revisions, problems: Problems) -> list[str]:
    """Note labels of renamed prompts and labels to versions that the branch's history does not hold.

    Gives what cannot be told: a cut history is no proof of a wrong label, and without git there is none.
    """
    try:
        labels = revisions.labels
    except FileError as error:
        problems.take(error)
        return []
    repository = revisions.repository_if_any
    if not labels or repository is None:
        return []
    cut: list[str] = []
    with suppress(MissingHistoryError):  # it is met again, label by label
        revisions.expect(target for targets in labels.values() for target in targets.values())
    for name, targets in labels.items():
        now = None if name in revisions.project.prompt_paths else revisions.versions.name_now(name)
        for label, target in targets.items():
            if not _is_label(label):
                problems.add(f"{label!r} is no label", target.where, _WORD)
                continue
            if now is not None and label not in labels.get(now, {}):
                hint = f"write it under {now!r}, or the label is lost"
                problems.add(f"the prompt {name!r} is called {now!r} now", target.where, hint)
                continue
            try:
                held = _held(revisions, name, target)
            except MissingHistoryError as error:
                cut.append(f"label {label!r} was not checked: {error}")
                continue
            message = f"label {label!r} points at {short_digest(target.digest)}, which no commit here holds"
            if not held and repository.shallow:
                cut.append(f"label {label!r} was not checked: no commit here holds its version; {UNSHALLOW}")
            elif not held:
                problems.add(message, target.where, revisions.missing_hint(now or name, target))
    return cut


def _held(revisions: Revisions, name: str, target: LabelTarget) -> bool:
    """Whether this branch's history holds the version; the commit that the label names is only a shortcut."""
    if revisions.hinted(name, target) is not None:
        return True
    return revisions.versions.commit_of(name, target.digest, revisions.tip) is not None


def _commit_of(revisions: Revisions, name: str, digest: str) -> str:
    commit = revisions.versions.commit_of(name, digest)
    if commit is not None:
        return commit.sha
    hint = "commit the prompt first: a label points at a version that this branch's history holds"
    if revisions.repository.shallow:
        hint = UNSHALLOW
    message = f"the version {short_digest(digest)} of {name!r} is in no commit of this branch"
    raise UserError(message, hint=hint)


def _write(revisions: Revisions, name: str, label: str, target: LabelTarget | None) -> LabelChange:
    revisions.project.require_worktree("label")
    root, tree = revisions.project.root, revisions.project.tree
    with locked(local_folder(root) / "labels.lock", f"changing {LABELS_FILE}"):
        data = read_bytes(tree, LABELS_FILE) or b""
        text = decode(data, LABELS_FILE)
        before = parse_labels(text).get(name, {}).get(label)
        if target is None:
            text = without_label(text, name, label) if before is not None else text
        elif before is None or before.digest != target.digest:
            text = with_label(text, name, label, target)
        else:
            return LabelChange(name, label, before, before)
        write_text(root / LABELS_FILE, as_before(text, data))
    return LabelChange(name, label, before, target)


def _check_word(label: str) -> None:
    if not _is_label(label):
        raise UserError(f"{label!r} is no label", hint=_WORD)


def _is_label(word: str) -> bool:
    return bool(word) and word[0] != "-" and all(one.isalnum() or one in "-_." for one in word)
