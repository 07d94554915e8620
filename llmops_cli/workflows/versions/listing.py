"""`llmops list` and `llmops show`: what there is, at which version, with which labels and baseline."""

from collections.abc import Sequence
from contextlib import suppress

from llmops_cli.domain.evalset import EVALSETS_DIR, Evalset
from llmops_cli.domain.history import EvalsetRow, PromptRow, Shown
from llmops_cli.domain.prompt import PROMPTS_DIR, short_digest
from llmops_cli.domain.revision import CommitInfo, parse_reference
from llmops_cli.domain.tree import expect
from llmops_cli.errors import UserError
from llmops_cli.files.baseline_file import read_baseline
from llmops_cli.files.case_files import BASELINE_ENDING
from llmops_cli.workflows.versions.promotions import Promotion, live_on
from llmops_cli.workflows.versions.revisions import Revisions


def list_all(revisions: Revisions) -> tuple[list[PromptRow], list[EvalsetRow]]:
    """Every prompt and evalset of the project; one that is wrong is listed with its error.

    Templates are looked at without Jinja where that can tell: with it those of 500 prompts take 250 ms.
    """
    repository = revisions.repository_if_any
    folders = (PROMPTS_DIR, EVALSETS_DIR)
    expect(revisions.project.tree, revisions.project.evalset_paths.values())
    expect(revisions.project.tree, revisions.project.prompt_paths.values())
    # git reads history while files are parsed here
    last_commits = repository.last_commits(folders, but=BASELINE_ENDING) if repository else dict
    evalsets = [_evalset_row(revisions, name) for name in revisions.project.evalset_paths]
    for name in revisions.project.prompt_paths:
        with suppress(UserError):  # it is listed with its error
            revisions.project.require_right_templates(name)
    last: dict[str, CommitInfo] = last_commits()
    users: dict[str, list[str]] = {}
    for row in evalsets:
        for prompt in row.prompts:
            users.setdefault(prompt, []).append(row.name)
    prompts = [
        _prompt_row(revisions, name, users.get(name, []), last) for name in revisions.project.prompt_paths
    ]
    paths = revisions.project.evalset_paths
    evalsets = [_dated(row, last.get(paths[row.name])) for row in evalsets]
    return prompts, evalsets


def _prompt_row(
    revisions: Revisions, name: str, users: Sequence[str], last: dict[str, CommitInfo]
) -> PromptRow:
    path = revisions.project.prompt_paths[name]
    try:
        prompt = revisions.project.unchecked_prompt(name)
        revisions.project.require_right_templates(name)
    except UserError as error:
        return PromptRow(name, None, None, (), last.get(path), tuple(users), error.problems[0].message)
    touched = [last[source] for source in prompt.sources if source in last]
    newest = max(touched, key=lambda commit: commit.committed, default=None)
    labels = tuple(
        label if target.digest == prompt.digest else f"{label} → {short_digest(target.digest)}"
        for label, target in revisions.readable_labels.get(name, {}).items()
    )
    model = prompt.model or revisions.project.settings.model
    return PromptRow(name, prompt.digest, model, labels, newest, tuple(users))


def _evalset_row(revisions: Revisions, name: str) -> EvalsetRow:
    try:
        evalset = revisions.project.evalset(name)
        state = baseline_state(revisions, evalset)
    except UserError as error:
        return EvalsetRow(name, (), 0, "", None, error.problems[0].message)
    return EvalsetRow(name, evalset.prompts, len(evalset.cases), state, None)


def _dated(row: EvalsetRow, commit: CommitInfo | None) -> EvalsetRow:
    return EvalsetRow(row.name, row.prompts, row.cases, row.baseline, commit, row.error)


def baseline_state(revisions: Revisions, evalset: Evalset) -> str:
    """`none`, `current`, or what is missing. Raises UserError for a broken baseline."""
    baseline = read_baseline(revisions.project.tree, evalset.baseline_path)
    if baseline is None:
        return "none"
    recorded = {case_id for case_id, _ in baseline.lines}
    missing = sum(case.id not in recorded for case in evalset.cases)
    digests = {line.prompt for lines in baseline.lines.values() for line in lines}
    today = {revisions.project.unchecked_prompt(name, evalset.where).digest for name in evalset.prompts}
    if missing:
        return f"lacks {missing} of {len(evalset.cases)} cases"
    return "current" if digests <= today else "of an earlier version"


def show(revisions: Revisions, text: str) -> Shown:
    """The prompt that `NAME[@REV]` names, and what refers to it. Raises UserError."""
    found = revisions.prompt(text)
    name = found.prompt.name
    labels = tuple(revisions.labels_of(name, found.prompt.digest))
    return Shown(found.prompt, found.commit, labels, _evalsets_of(revisions, name))


def _evalsets_of(revisions: Revisions, prompt: str) -> tuple[str, ...]:
    found = []
    for name in revisions.project.evalset_paths:
        try:
            if prompt in revisions.project.evalset(name).prompts:
                found.append(name)
        except UserError:  # `check` says what is wrong with it
            continue
    return tuple(found)


def show_on(revisions: Revisions, text: str, day: str) -> tuple[Shown, Promotion]:
    """What `NAME@:label` pointed at on a day, and who promoted it. Raises UserError."""
    reference = parse_reference(text)
    if reference.label is None:
        hint = f"write it as {reference.name}@:production"
        raise UserError("--on asks what a label pointed at", hint=hint)
    promotion = live_on(revisions, reference.name, reference.label, day)
    if promotion is None or promotion.target is None:
        raise UserError(f"{reference.name!r} had no label {reference.label!r} on {day}")
    prompt = revisions.find(reference.name, promotion.target)
    if prompt is None:
        digest = short_digest(promotion.target.digest)
        raise UserError(f"{digest} was live on {day}, and history here does not hold it any more")
    evalsets = _evalsets_of(revisions, reference.name)
    return Shown(prompt, None, (reference.label,), evalsets), promotion
