"""What a run of `eval` takes in: whose files, under whose settings, which evalsets, against what."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from llmops_cli.domain.baseline import Baseline
from llmops_cli.domain.ci import is_sha
from llmops_cli.domain.comparison import Reason
from llmops_cli.domain.evalset import EVALSETS_DIR
from llmops_cli.domain.outcome import EvalsetRun
from llmops_cli.domain.settings import Settings
from llmops_cli.errors import NothingSelectedError, UserError, did_you_mean
from llmops_cli.files.case_files import BASELINE_ENDING
from llmops_cli.store.run_store import find_run, load_result
from llmops_cli.workflows.comparing.against import Against, read_against
from llmops_cli.workflows.comparing.inherited import Inherited, inherit
from llmops_cli.workflows.comparing.ruler import ruler_notes
from llmops_cli.workflows.evaluation.changed import choose, project_at
from llmops_cli.workflows.evaluation.deleted import (
    NOTHING_DELETED,
    Deleted,
    find_deleted,
    from_elsewhere,
    unjudged,
)
from llmops_cli.workflows.evaluation.trust import Trusted, trusted_at
from llmops_cli.workflows.evaluation.unchanged import NOTHING_ACCEPTED, keep_unchanged
from llmops_cli.workflows.project import Project, without_python
from llmops_cli.workflows.trials.preparing import Prepared, prepare
from llmops_cli.workflows.trials.selection import Selection
from llmops_cli.workflows.versions.revisions import Revisions
from llmops_cli.workflows.wiring import CallOptions


@dataclass(frozen=True, slots=True)
class EvalOptions:
    """What `llmops eval` was asked to do."""

    evalsets: tuple[str, ...] = ()
    prompt: str | None = None
    selection: Selection = Selection()
    trials: int | None = None
    reference: str | None = None
    at: str | None = None
    """Prompts under test as they stood at this revision; everything else of today."""
    against: str | None = None
    """Compare with the baseline at this revision (`REV...`: at the merge base)."""
    changed_since: str | None = None
    """Only evalsets that a change since this revision can touch."""
    trust: str | None = None
    """What says where keys go is read from llmops.yaml at this revision."""
    no_python: bool = False
    """Code of the project does not run, whatever llmops.yaml says."""
    unchanged: bool = False
    """Only evalsets whose prompts stand as accepted."""
    rerun_baseline: bool = False
    confirm: Literal["auto", "never"] | int = "auto"
    """Whether suspicious cases are asked again; a number is the most calls that may take."""
    calls: CallOptions = CallOptions()
    command: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scope:
    """What is going to be run. Without `prepared` there is nothing: mostly, a change touches no evalset."""

    project: Project
    vouched: Settings
    """Whose aliases say where recorded answers may be asked again."""
    prepared: Prepared | None = None
    against: Against | None = None
    notes: tuple[str, ...] = ()
    """What leads the verdict's notes."""
    reasons: tuple[Reason, ...] = ()
    """Grounds of the verdict that no answer can speak to."""
    nothing: str | None = None
    """Why nothing is run, where no change is the reason."""

    @property
    def baselines(self) -> Mapping[str, Baseline | None]:
        """What answers are compared with, by evalset."""
        if self.against is not None:
            return self.against.baselines
        return self.prepared.baselines if self.prepared is not None else {}


def scope_of(revisions: Revisions, options: EvalOptions, tell: Callable[[str], None]) -> Scope:
    """Everything before the first call. Raises UserError; NoVerdictError where something is out of reach.

    `tell` hears why evalsets were chosen or left out.
    """
    project = revisions.project
    if revisions.repository_if_any is not None:
        _ = revisions.repository_if_any.head  # a repository that cannot be read is said before any call
    if options.no_python:
        project.settings = without_python(project.settings, "--no-python forbids it")
    since = options.against or options.changed_since
    if since is not None:  # the project may have had another folder there
        revisions.follow(revisions.find_commit(since))
    trusted = _trusted(revisions, options)
    vouched = trusted.vouched if trusted else project.settings
    if options.at is not None:
        if project.commit is not None:
            raise UserError(
                "--at and --tree exclude each other", hint="--tree takes the prompts from there, too"
            )
        project = project.with_prompts_of(revisions.repository.tree(revisions.find_commit(options.at)))
    deleted = _deleted(revisions, options)
    names = _names(project, revisions, options, deleted, tell)
    scope = Scope(
        project, vouched, notes=(*deleted.notes, *(trusted.notes if trusted else ())), reasons=deleted.reasons
    )
    if not names:
        return scope
    last = _last_run(project) if options.selection.last_failed else ()
    prepared = prepare(project, names, options.selection, trials=options.trials, last=last)
    if options.unchanged:
        kept = keep_unchanged(prepared, tell)
        if not kept:
            return replace(scope, nothing=NOTHING_ACCEPTED)
        if len(kept) < len(prepared.plans):  # the models of the others need no key
            prepared = prepare(project, kept, options.selection, trials=options.trials, last=last)
    _check_reference(prepared, options.reference)
    if trusted is not None:
        trusted.require(prepared.models)
    if options.against is None:
        lost = tuple(unjudged(deleted.covered, prepared.plans, prepared.baselines))
        return replace(scope, prepared=prepared, reasons=(*scope.reasons, *lost))
    return _compared_with(
        replace(scope, prepared=prepared), prepared, revisions, options, options.against, deleted
    )


def _compared_with(
    scope: Scope,
    prepared: Prepared,
    revisions: Revisions,
    options: EvalOptions,
    revision: str,
    deleted: Deleted,
) -> Scope:
    """The scope with the base that `--against` names, and with what the change did to its judges since."""
    project = revisions.project
    against = read_against(revisions, revision, prepared.plans, deleted.moved)
    revisions.versions.tips.append(against.commit)
    base, moved = project_at(revisions, against.commit), deleted.moved
    changed = revisions.repository.changed_paths(against.commit, project.commit)
    inherited = Inherited(against.baselines)
    if options.selection.everything:
        args = (
            scope.project,
            base,
            changed,
            _called(revision),
            prepared.plans,
            against.baselines,
            moved,
            deleted.renamed,
        )
        inherited = inherit(*args, own=prepared.baselines)
    moved = {**inherited.moved, **moved}
    handed_on = {name: inherited.kept.get(moved.get(name, name), frozenset()) for name in inherited.baselines}
    against = replace(against, baselines=inherited.baselines, handed_on=handed_on)
    since = _called(revision).removesuffix("...")
    rules = ruler_notes(scope.project, base, changed, since, against.baselines, moved, inherited.kept)
    tip = project.commit or revisions.repository.head
    gone = tip and revisions.repository.gone_elsewhere(against.commit, tip, EVALSETS_DIR, BASELINE_ENDING)
    came = from_elsewhere(prepared.plans, against.baselines, base, gone or (), _called(revision))
    lost = () if inherited.reasons else unjudged(deleted.covered, prepared.plans, against.baselines)
    return replace(
        scope,
        against=against,
        notes=tuple(dict.fromkeys((*rules, *scope.notes, *inherited.notes))),
        reasons=(*scope.reasons, *inherited.reasons, *lost, *came),
    )


def _trusted(revisions: Revisions, options: EvalOptions) -> Trusted | None:
    if options.trust is None:
        return None
    trusted = trusted_at(revisions, options.trust)
    revisions.project.settings = trusted.settings
    return trusted


def _deleted(revisions: Revisions, options: EvalOptions) -> Deleted:
    since = options.against or options.changed_since
    if since is None or not options.selection.everything:
        return NOTHING_DELETED
    project, commit = revisions.project, revisions.find_commit(since)
    return find_deleted(
        project,
        project_at(revisions, commit),
        _called(since),
        options.evalsets,
        options.prompt,
        lambda: revisions.renames_since(commit),
    )


def _called(revision: str) -> str:
    """A revision as notes name it."""
    return revision[:10] if is_sha(revision) else revision


def _names(
    project: Project,
    revisions: Revisions,
    options: EvalOptions,
    deleted: Deleted,
    tell: Callable[[str], None],
) -> list[str]:
    """The evalsets to run; none where a change touches none, or where it took away all there were."""
    try:
        names = project.select_evalsets(options.evalsets, options.prompt)
    except NothingSelectedError:
        if deleted:
            return []
        raise
    if options.changed_since is None:
        return names
    choices = choose(revisions, names, options.changed_since)
    for choice in choices:
        tell(f"{'run' if choice.chosen else 'left out'} {choice.evalset}: {choice.why}")
    return [choice.evalset for choice in choices if choice.chosen]


def _check_reference(prepared: Prepared, reference: str | None) -> None:
    if reference is None:
        return
    for plan in prepared.plans:
        names = [variant.variant.name for variant in plan.variants]
        if reference not in names or len(names) < 2:
            hint = did_you_mean(reference, names) or "it needs two variants: `prompts:` or `models:`"
            message = f"{plan.evalset.name} has no variant {reference!r} to compare others with"
            raise UserError(message, where=plan.evalset.where, hint=hint)


def _last_run(project: Project) -> Sequence[EvalsetRun]:
    return load_result(find_run(project.root, None)).run.evalsets
