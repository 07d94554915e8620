"""Evalsets that stood at the base of a change and are gone: a change must not take its own judge away.

A set that was renamed, or whose cases are asked by another set, is not gone. One whose prompt changed as well,
under whatever name, leaves a change that nobody judges: no verdict. Otherwise it is said, and no more.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from llmops_cli.domain.baseline import Baseline
from llmops_cli.domain.comparison import Reason, Status
from llmops_cli.domain.evalset import Evalset
from llmops_cli.domain.revision import Change
from llmops_cli.errors import NothingSelectedError, SourceLocation, UserError
from llmops_cli.files.baseline_file import read_baseline
from llmops_cli.workflows.comparing.inherited import asked_of, judged_by, readable_evalset
from llmops_cli.workflows.diff.renamed import data_of, lines_of, most_alike, renamed_prompts
from llmops_cli.workflows.project import Project
from llmops_cli.workflows.trials.planning import EvalsetPlan


@dataclass(frozen=True)
class Covered:
    """A prompt that changed, and that an evalset of the base tested: others ask its cases now.

    What they answer must be compared with something, or nobody has judged the change.
    """

    evalset: Evalset
    recorded: bool
    """Whether the base had answers of it to compare with."""
    prompt: str
    """As it is called today."""
    what: str


@dataclass(frozen=True)
class Deleted:
    """What became of evalsets that are gone.

    `moved` maps those of today to their name at the base, `renamed` prompts of the base to their name of today.
    """

    moved: Mapping[str, str] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    covered: tuple[Covered, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.notes or self.reasons)


NOTHING_DELETED = Deleted()


def find_deleted(
    project: Project,
    base: Project,
    label: str,
    wanted: Sequence[str] = (),
    prompt: str | None = None,
    history: Callable[[], Sequence[Change]] = tuple,
) -> Deleted:
    """Compare the evalsets of today with those of the base, which is called `label`.

    With `wanted` (names, paths, patterns) and `prompt` as in `Project.select_evalsets`, only those. `history`
    gives the commits since the base that renamed prompts, newest first.
    """
    gone = {name: path for name, path in base.evalset_paths.items() if name not in project.evalset_paths}
    moved = _moved(project, base, gone)
    lost = [name for name in gone if name not in moved.values()]
    turned = [name for name in base.evalset_paths if name in project.evalset_paths]
    renamed = renamed_prompts(project, base, history) if gone or turned else {}
    notes: list[str] = []
    reasons: list[Reason] = []
    covered: list[Covered] = []
    asked = _Asked(project)
    for name in [*lost, *turned]:
        for evalset, tested in _lost_prompts(project, base, name, renamed):
            today = renamed.get(tested, tested)
            if _selected(base, evalset, wanted) and prompt in (None, tested, today):
                what = _what(name in gone, evalset, tested, label)
                ground, text = _judged(project, base, (tested, today), what)
                if asked.covers(evalset, today):
                    if not asked.covers(evalset, today, ruler=True):
                        notes.append(
                            f"other scorers or rules than those of {evalset.path} at {label} judge its cases now"
                        )
                    if ground is not None:
                        covered.append(Covered(evalset, _recorded(base, evalset), today, what))
                elif ground is None:
                    notes.append(text)
                else:
                    reasons.append(ground)
    return Deleted(moved, renamed, tuple(notes), tuple(reasons), tuple(covered))


def unjudged(
    covered: Sequence[Covered], plans: Sequence[EvalsetPlan], baselines: Mapping[str, Baseline | None]
) -> Iterator[Reason]:
    """Grounds for no verdict: sets that took over cases, and have nothing to compare them with, or do not run."""
    for one in covered:
        takers = {
            plan.evalset.path: _compared(plan, one.prompt, baselines.get(plan.evalset.name)) for plan in plans
        }
        asked = {asked_of(case) for case in one.evalset.cases}
        if not one.recorded or asked <= {key for found in takers.values() for key in found[1]}:
            continue
        names = [path for path, (all_, _) in takers.items() if all_ & asked]
        who = (
            f"{', '.join(names)} {'asks' if len(names) == 1 else 'ask'} its cases now, and nothing is there to compare "
            "the answers with"
            if names
            else "nothing that runs asks its cases"
        )
        text = f"{one.what}; {who}: rename or split an evalset in a change of its own"
        place = next((plan.evalset.where for plan in plans if plan.evalset.path in names), None)
        yield Reason(Status.INCONCLUSIVE, text, place)


def from_elsewhere(
    plans: Sequence[EvalsetPlan],
    baselines: Mapping[str, Baseline | None],
    base: Project,
    gone: Sequence[str],
    label: str,
) -> Iterator[Reason]:
    """Grounds for no verdict: sets without a base that seem to come from another folder of the repository.

    `gone` are baselines (paths of the repository) of other folders that are there no more.
    """
    for plan in plans:
        evalset = plan.evalset
        if baselines.get(evalset.name) is not None:
            continue
        alike = [path for path in gone if f"/{path}".endswith(f"/{evalset.baseline_path}")]
        found = alike or ([] if base.evalset_paths else gone)
        if found:
            more = f" and {len(found) - 1} more" if len(found) > 1 else ""
            text = (
                f"{evalset.path} has no baseline at {label}, and {found[0]}{more}, of another folder, is gone since: "
                "if it was moved from there, move it without other changes first"
            )
            yield Reason(Status.INCONCLUSIVE, text, evalset.where)


def _compared(plan: EvalsetPlan, prompt: str, baseline: Baseline | None) -> tuple[set[str], set[str]]:
    """What a set asks of a prompt, and of that, what has a base: a column with answers, or with some to go by."""
    columns = {variant for _, variant in baseline.lines} if baseline else set()
    variants = [v.variant.name for v in plan.variants if v.prompt.name == prompt]
    asked = {asked_of(case) for case in plan.cases} if variants else set()
    return asked, asked if variants and columns.issuperset(variants) else set()


def _recorded(base: Project, evalset: Evalset) -> bool:
    try:
        found = read_baseline(base.tree, evalset.baseline_path)
    except UserError:  # something is there, and nobody can say what
        return True
    return found is not None and bool(found.lines)


def _lost_prompts(
    project: Project, base: Project, name: str, renamed: Mapping[str, str]
) -> Iterator[tuple[Evalset, str]]:
    """The prompts that an evalset tested at the base and tests no more, under no name."""
    path, today = base.evalset_paths[name], project.evalset_paths.get(name)
    if today is not None and data_of(project, today) == data_of(base, path):
        return
    before = readable_evalset(base, name)
    now = readable_evalset(project, name) if today is not None else None
    if before is None or (today is not None and now is None):
        return  # what is wrong today is reported by whoever runs it
    for prompt in before.prompts:
        if now is None or not {prompt, renamed.get(prompt, prompt)} & set(now.prompts):
            yield before, prompt


def _what(gone: bool, evalset: Evalset, prompt: str, label: str) -> str:
    if gone:
        return f"{evalset.path}, which tests the prompt {prompt} at {label}, was deleted"
    return f"{evalset.path} tests the prompt {prompt} at {label} and no longer does"


def _judged(project: Project, base: Project, names: tuple[str, str], what: str) -> tuple[Reason | None, str]:
    """`names` are the prompt's at the base and today."""
    old, name = names
    path = project.prompt_paths.get(name)
    if path is None:
        return None, f"{what}; its prompt was deleted, too"
    before, now = _digest(base, old), _digest(project, name)
    subject = "the prompt" if name == old else f"the prompt, which is called {name} now,"
    if before is not None and before == now:
        return None, f"{what}; {subject} did not change"
    text = f"{what}, and {subject} changed: that is judged without it; keep it, or delete it in a change of its own"
    return Reason(Status.INCONCLUSIVE, text, SourceLocation(path, 1)), text


def _selected(base: Project, evalset: Evalset, wanted: Sequence[str]) -> bool:
    if not wanted:
        return True
    for word in wanted:
        try:
            if evalset.name in base.select_evalsets([word]):
                return True
        except NothingSelectedError:
            continue
    return False


class _Asked:
    """What the evalsets of today ask: prompt and variables, and by which ruler. Read when it is first needed."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: set[tuple[str, ...]] | None = None

    def covers(self, evalset: Evalset, prompt: str, *, ruler: bool = False) -> bool:
        """Whether every case of an evalset is asked of the prompt by some set of today; by the same ruler."""
        if self._known is None:
            found = [readable_evalset(self._project, name) for name in self._project.evalset_paths]
            self._known = {key for one in found if one for p in one.prompts for key in _cases(one, p)}
        wanted = {key for key in _cases(evalset, prompt) if len(key) == (3 if ruler else 2)}
        return bool(evalset.cases) and wanted <= self._known


def _cases(evalset: Evalset, prompt: str) -> set[tuple[str, ...]]:
    """What each case asks, and the same with what it is judged by."""
    asked = {(prompt, asked_of(case)) for case in evalset.cases}
    return {*asked, *((prompt, asked_of(case), judged_by(evalset, case)) for case in evalset.cases)}


def _moved(project: Project, base: Project, gone: Mapping[str, str]) -> dict[str, str]:
    """New evalsets that are old ones under another name: the most alike first, each once."""
    new = {name: path for name, path in project.evalset_paths.items() if name not in base.evalset_paths}
    if not gone or not new:
        return {}
    before = {name: lines_of(base, path) for name, path in gone.items()}
    now = {name: lines_of(project, path) for name, path in new.items()}
    return most_alike(before, now, lambda one, old: _same_subject(project, base, one, old))


def _same_subject(project: Project, base: Project, one: str, old: str) -> bool:
    """Whether a set of today tests a prompt that the old one did, or the old one's prompts are gone, too."""
    now, before = readable_evalset(project, one), readable_evalset(base, old)
    if now is None or before is None:
        return False
    there = set(before.prompts) & set(project.prompt_paths)
    return bool(there & set(now.prompts)) or not there


def _digest(project: Project, prompt: str) -> str | None:
    try:
        return project.unchecked_prompt(prompt).digest
    except UserError:  # wrong there, so that nobody can say that it is the same
        return None
