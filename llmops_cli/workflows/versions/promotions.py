"""The history of a label: what it pointed at when, and what it stood on before.

Read along the first parents of HEAD, across renames of the prompt. A history that a shallow clone cuts is not
believed further than it reaches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from llmops_cli.domain.revision import CommitInfo
from llmops_cli.errors import FileError, MissingHistoryError, UserError
from llmops_cli.files.labels_file import LABELS_FILE, Labels, LabelTarget, parse_labels
from llmops_cli.files.text import decode
from llmops_cli.workflows.versions.revisions import UNSHALLOW, Revisions


@dataclass(frozen=True, slots=True)
class Promotion:
    """A commit that made a label point at a target (None: took it away)."""

    commit: CommitInfo
    target: LabelTarget | None


@dataclass(frozen=True, slots=True)
class LabelHistory:
    """The promotions of a label, newest first; `cut` is the commit before which this clone lacks them."""

    promotions: tuple[Promotion, ...]
    cut: CommitInfo | None


def label_history(revisions: Revisions, name: str, label: str) -> LabelHistory:
    """The commits that moved a label; a commit whose labels cannot be read is passed over."""
    names = revisions.versions.names(name)
    states: list[tuple[CommitInfo, LabelTarget | None]] = []
    for change in revisions.repository.changes((LABELS_FILE,), first_parent=True):
        labels = _labels_at(revisions, change.commit.sha)
        if labels is not None:
            states.append((change.commit, _target_at(revisions, names, change.commit.sha, labels, label)))
    found: list[Promotion] = []
    for place, (commit, target) in enumerate(states):
        older = states[place + 1][1] if place + 1 < len(states) else None
        if (target and target.digest) != (older and older.digest) or (target and target.rolled_back):
            found.append(Promotion(commit, target))
    return LabelHistory(tuple(found), revisions.repository.cut())


def _target_at(
    revisions: Revisions, names: Sequence[str], commit: str, labels: Labels, label: str
) -> LabelTarget | None:
    """Under the name that the prompt had at a commit, or one that it had before and that is free since."""
    there = [name for name in names if revisions.versions.exists(name, commit)]
    own = there[0] if there else names[0]
    candidates = (name for name in names if name == own or name not in there)
    return next((labels[name][label] for name in candidates if label in labels.get(name, {})), None)


def target_before(history: LabelHistory, current: LabelTarget) -> LabelTarget | None:
    """What a label pointed at before, without what it was rolled back from; None where there was nothing.

    So rolling back twice goes back twice, and never forward. A step back to the target just before is taken
    for a rollback even where `llmops rollback` did not write it: `git revert` does that.

    Raises MissingHistoryError where history is cut off: a promotion would look like a step back, or the other
    way round.
    """
    if history.cut is not None:
        message = f"the labels' history is cut off at {history.cut.short} in this clone"
        raise MissingHistoryError(message, hint=UNSHALLOW)
    stack: list[LabelTarget] = []
    for target in [*(p.target for p in reversed(history.promotions)), current]:
        if target is None or (stack and _same(stack[-1], target)):
            continue
        places = [place for place, known in enumerate(stack) if _same(known, target)]
        if target.rolled_back:
            stack[max(places, default=0) :] = [target]
        elif places and places[-1] == len(stack) - 2:
            stack.pop()
        else:
            stack.append(target)
    return stack[-2] if len(stack) > 1 else None


def _same(one: LabelTarget, other: LabelTarget) -> bool:
    return one.digest == other.digest


def live_on(revisions: Revisions, name: str, label: str, day: str) -> Promotion | None:
    """What a label pointed at at the end of a day (UTC), and the commit that made it so. Raises UserError."""
    try:
        end = datetime.combine(date.fromisoformat(day) + timedelta(days=1), time.min, UTC).timestamp()
    except ValueError as error:
        raise UserError(f"{day!r} is no date", hint="write it as 2026-03-01") from error
    history = label_history(revisions, name, label)
    promotion = next((p for p in history.promotions if p.commit.committed < end), None)
    cut = history.cut
    if cut is not None and (
        promotion.commit.sha == cut.sha if promotion is not None else cut.committed >= end
    ):
        raise MissingHistoryError(f"history is cut off before {day} in this clone", hint=UNSHALLOW)
    return promotion if promotion is not None and promotion.target is not None else None


def _labels_at(revisions: Revisions, commit: str) -> Labels | None:
    data = revisions.repository.blob(commit, LABELS_FILE)
    if data is None:
        return {}
    try:
        return parse_labels(decode(data, LABELS_FILE))
    except FileError:
        return None
