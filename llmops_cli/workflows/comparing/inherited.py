"""Cases that a change took to another evalset keep their base: what asks the same is compared with the same answers.

A set that is written anew under another name, split, or joined with another leaves no baseline of that name at the
base. What was recorded is found by what is asked: the prompt, across its renames, and the variables; else by the id of
a case that is asked nowhere else now.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from llmops_cli.domain.baseline import Baseline, BaselineLine, VariantSummary
from llmops_cli.domain.canonical import digest_of
from llmops_cli.domain.comparison import Reason, Status
from llmops_cli.domain.evalset import Case, Evalset
from llmops_cli.errors import FileError, UserError
from llmops_cli.files.baseline_file import read_baseline
from llmops_cli.files.case_files import BASELINE_ENDING, CASE_ENDINGS
from llmops_cli.workflows.project import Project
from llmops_cli.workflows.trials.planning import EvalsetPlan, VariantPlan

Columns = Mapping[str, Mapping[str, tuple[BaselineLine, ...]]]
"""Variant to case id to recorded answers."""


@dataclass(frozen=True)
class Inherited:
    """The baselines of a base with what its evalsets left to others.

    `moved` is each new evalset whose cases come from one of the base, by it. `kept` are the cases of the base's
    evalsets that are still asked somewhere, by the evalset's name at the base.
    """

    baselines: Mapping[str, Baseline | None]
    moved: Mapping[str, str] = field(default_factory=dict)
    kept: Mapping[str, frozenset[str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class _Left:
    """A case of the base that its own evalset asks no more."""

    evalset: Evalset
    prompt: str
    """As it was called at the base."""
    case: Case


def inherit(
    project: Project,
    base: Project,
    changed: frozenset[str],
    label: str,
    plans: Sequence[EvalsetPlan],
    baselines: Mapping[str, Baseline | None],
    moved: Mapping[str, str],
    renamed: Mapping[str, str],
    own: Mapping[str, Baseline | None],
) -> Inherited:
    """Give cases without a base of their own the answers that another evalset of the base holds to them.

    `moved` maps evalsets of today to their name at the base, `renamed` prompts of the base to theirs of today;
    `changed` are the files that differ from the base, which is called `label`; `own` are the change's baselines.
    """
    lacking = {plan.evalset.name: _lacking(plan, baselines.get(plan.evalset.name)) for plan in plans}
    prompts = {variant.prompt.name for found in lacking.values() for variant, _ in found}
    if not prompts:
        return Inherited(baselines)
    estate = _Estate(project, base, changed, moved, renamed, prompts)
    heirs = [
        _Heir(plan, baselines.get(name), lacking[name], estate, label, accepted=own.get(name) is not None)
        for plan in plans
        if lacking[name := plan.evalset.name]
    ]
    for heir in heirs:
        heir.take()
    kept = {name: frozenset(found) for name, found in estate.kept.items()}
    return Inherited(
        {**baselines, **{heir.name: heir.baseline for heir in heirs}},
        {heir.name: heir.only for heir in heirs if heir.only and heir.name not in base.evalset_paths},
        kept,
        tuple(note for heir in heirs for note in heir.notes()),
        tuple(reason for heir in heirs for reason in heir.reasons()),
    )


def asked_of(case: Case) -> str:
    """What a case asks, whatever it is called."""
    return digest_of(case.vars)


def judged_by(evalset: Evalset, case: Case) -> str:
    """By what a case is judged: scorers, expectation, rules."""
    specs = [
        (s.type, dict(s.arguments), s.of, s.negate, s.weight, s.severity) for s in evalset.scorers_of(case)
    ]
    trials, share = case.trials or evalset.trials, evalset.pass_rule.share
    return digest_of([specs, case.expected, case.context, case.critical, trials, share])


def readable_evalset(project: Project, name: str) -> Evalset | None:
    """An evalset, or what can be read of it."""
    try:
        return project.evalset(name)
    except FileError as error:
        return error.partial if isinstance(error.partial, Evalset) else None


class _Estate:
    """What evalsets of the base left: cases that they, under whatever name, ask no more."""

    def __init__(
        self,
        project: Project,
        base: Project,
        changed: frozenset[str],
        moved: Mapping[str, str],
        renamed: Mapping[str, str],
        prompts: Iterable[str],
    ) -> None:
        self.kept: dict[str, set[str]] = defaultdict(set)
        self._base = base
        self._renamed = renamed
        self._by_vars: dict[tuple[str, str], list[_Left]] = defaultdict(list)
        self._by_id: dict[tuple[str, str], list[_Left]] = defaultdict(list)
        self._baselines: dict[str, Baseline | UserError | None] = {}
        self._columns: dict[tuple[str, str], Columns] = {}
        self._prompts = frozenset(prompts)
        today = {before: now for now, before in moved.items()}
        for name, path in base.evalset_paths.items():
            after = today.get(name, name)
            if after == name and name in project.evalset_paths and not _touched(path, changed):
                continue
            before = readable_evalset(base, name)
            now = readable_evalset(project, after) if after in project.evalset_paths else None
            if before is not None:
                self._add(before, now)

    def find(self, prompt: str, case: Case, *, new: bool) -> list[_Left]:
        """Cases of the base that ask what this one asks; for a `new` set also those that are called as it is."""
        found = self._by_vars.get((prompt, asked_of(case)), [])
        return found or (self._by_id.get((prompt, case.id), []) if new else [])

    def columns(self, left: _Left) -> Columns:
        """The recorded answers of the case's prompt. Raises UserError for a broken baseline."""
        key = left.evalset.name, left.prompt
        if key not in self._columns:
            baseline = self.baseline(left)
            prompts = {variant.name: variant.prompt for variant in left.evalset.variants()}
            found: dict[str, dict[str, tuple[BaselineLine, ...]]] = defaultdict(dict)
            for (case_id, variant), lines in baseline.lines.items() if baseline else ():
                if prompts.get(variant, lines[0].prompt_name) == left.prompt:
                    found[variant][case_id] = lines
            self._columns[key] = found
        return self._columns[key]

    def baseline(self, left: _Left) -> Baseline | None:
        """What its evalset had on record. Raises UserError for a broken baseline."""
        name = left.evalset.name
        if name not in self._baselines:
            try:
                self._baselines[name] = read_baseline(self._base.tree, left.evalset.baseline_path)
            except UserError as error:
                self._baselines[name] = error
        baseline = self._baselines[name]
        if isinstance(baseline, UserError):
            raise baseline
        return baseline

    def _add(self, before: Evalset, now: Evalset | None) -> None:
        asked = {asked_of(case) for case in now.cases} if now else set()
        ids = {case.id for case in now.cases} if now else set()
        for prompt in before.prompts:
            today = self._renamed.get(prompt, prompt)
            stays = now is not None and today in now.prompts
            if stays:
                self.kept[before.name] |= {case.id for case in before.cases if asked_of(case) in asked}
            if today not in self._prompts:
                continue
            for case in before.cases:
                if stays and asked_of(case) in asked:
                    continue
                left = _Left(before, prompt, case)
                self._by_vars[today, asked_of(case)].append(left)
                if not (stays and case.id in ids):
                    self._by_id[today, case.id].append(left)


class _Heir:
    """An evalset of today that asks what others asked at the base."""

    def __init__(
        self,
        plan: EvalsetPlan,
        own: Baseline | None,
        lacking: Sequence[tuple[VariantPlan, Case]],
        estate: _Estate,
        label: str,
        *,
        accepted: bool,
    ) -> None:
        self.name = plan.evalset.name
        self.baseline = own
        self._plan = plan
        self._new = own is None
        self._lacking = lacking
        self._estate = estate
        self._label = label
        self._accepted = accepted
        """Whether the change brings a baseline of this set."""
        self._from: dict[str, _Left] = {}
        """Case id to the case that left its answers."""
        self._columns: dict[str, set[tuple[str, str]]] = defaultdict(set)
        """Variant to the evalsets and columns that its answers come from."""
        self._without: dict[str, tuple[_Left, str]] = {}
        """Path of an evalset of the base to a case of it whose answers cannot be had, and why."""

    def take(self) -> None:
        """Look for the answers of each case that has none."""
        lines = dict(self.baseline.lines) if self.baseline else {}
        owned = {variant for _, variant in lines}
        missing: list[tuple[_Left, VariantPlan, str]] = []
        for variant, case in self._lacking:
            for left in self._estate.find(variant.prompt.name, case, new=self._new):
                try:
                    columns = self._estate.columns(left)
                except UserError as error:
                    missing.append((left, variant, f"its baseline cannot be read: {error.problems[0]}"))
                    continue
                column = _fitting_column(columns, variant, left.case.id)
                if column is not None:
                    found = columns[column][left.case.id]
                    self._columns[variant.variant.name].add((left.evalset.name, column))
                    lines[case.id, variant.variant.name] = tuple(
                        replace(line, case_id=case.id, variant=variant.variant.name) for line in found
                    )
                    self._from.setdefault(case.id, left)
                    self._estate.kept[left.evalset.name].add(left.case.id)
                    break
                if columns:
                    missing.append((left, variant, "its baseline has no answer to them"))
        covered = owned | {variant for _, variant in lines}
        for left, variant, why in missing:  # else the base prompt can be asked anew, as the others were
            if variant.variant.name not in covered:
                self._without.setdefault(left.evalset.path, (left, why))
        if self._from:
            path = self._plan.evalset.baseline_path
            summaries = self.baseline.summaries if self.baseline else self._summaries()
            self.baseline = replace(self.baseline or Baseline(path, {}), lines=lines, summaries=summaries)

    def _summaries(self) -> dict[str, VariantSummary]:
        """Latency and cost on record, where a column was taken over whole."""
        before = self._estate.baseline(next(iter(self._from.values()))) if self.only else None
        if before is None:
            return {}
        taken = {one.case.id for one in self._from.values()}
        found: dict[str, VariantSummary] = {}
        for variant, origins in self._columns.items():
            for _, column in origins if len(origins) == 1 else ():
                whole = {case_id for case_id, name in before.lines if name == column} <= taken
                if whole and column in before.summaries:
                    found[variant] = replace(before.summaries[column], variant=variant)
        return found

    @property
    def only(self) -> str | None:
        """The evalset of the base, if all that was inherited comes from one."""
        names = {left.evalset.name for left in self._from.values()}
        return next(iter(names)) if len(names) == 1 else None

    def notes(self) -> Iterator[str]:
        """From where the base comes, and whether other rules hold now, as far as the sets are not compared whole."""
        cases = {case.id: case for case in self._plan.cases}
        for path in dict.fromkeys(left.evalset.path for left in self._from.values()):
            taken = {name: left for name, left in self._from.items() if left.evalset.path == path}
            count = "1 case" if len(taken) == 1 else f"{len(taken)} cases"
            yield (
                f"{count} of {self._plan.evalset.path} {'asks' if len(taken) == 1 else 'ask'} what {path} asked at "
                f"{self._label}, and {'is' if len(taken) == 1 else 'are'} compared with its answers"
            )
            apart = {
                name: left for name, left in taken.items() if not (self._new and self.only and name == left.case.id)
            }  # fmt: skip
            if any(
                judged_by(self._plan.evalset, cases[name]) != judged_by(left.evalset, left.case)
                for name, left in apart.items()
            ):
                yield f"other scorers or rules than those of {path} at {self._label} judge its cases now"
        if self._from and not self._accepted:
            yield (
                f"{self._plan.evalset.path} has no baseline of its own in this change: without `llmops accept` the "
                "next one is compared with nothing"
            )

    def reasons(self) -> Iterator[Reason]:
        """What is asked as before and cannot be compared."""
        for path, (_, why) in self._without.items():
            text = (
                f"{self._plan.evalset.path} asks what {path} asked at {self._label}, and is compared with nothing: "
                f"{why}; rename or split an evalset in a change of its own"
            )
            yield Reason(Status.INCONCLUSIVE, text, self._plan.evalset.where)


def _lacking(plan: EvalsetPlan, baseline: Baseline | None) -> list[tuple[VariantPlan, Case]]:
    lines = baseline.lines if baseline else {}
    return [
        (variant, case)
        for variant in plan.variants
        for case in plan.cases
        if (case.id, variant.variant.name) not in lines
    ]


def _fitting_column(columns: Columns, variant: VariantPlan, case_id: str) -> str | None:
    """The column with answers to a case that is most alike: of the same name, else of the same model."""
    rated = {
        name: (
            name == variant.variant.name,
            lines[case_id][0].settings.get("model") == variant.model.name,
        )
        for name, lines in columns.items()
        if case_id in lines
    }
    return max(rated, key=lambda name: rated[name]) if rated else None


def _touched(path: str, changed: frozenset[str]) -> bool:
    """Whether an evalset may ask other cases: its file, or one that `cases_from` may name, differs."""
    return path in changed or any(
        one.lower().endswith(CASE_ENDINGS) and not one.endswith(BASELINE_ENDING) for one in changed
    )
