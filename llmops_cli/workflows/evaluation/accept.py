"""`llmops accept`: a run's answers become the baseline, in a file that a reviewer reads as a diff.

*What is kept.* Every trial of the accepted version that was asked of all cases alike: those of the run, those that a
proof added, and whatever the other runs since the last `accept` asked. Each call once, at most `max_trials` a case.

*What is not.* The fresh trials of a confirmation. They are asked of those cases alone that did badly, and so make up
for bad luck and leave good luck alone: with them the record is better than the prompt, and whoever edits it next is
blamed. With one trial a case it lies 5 points too high (8 where half of the cases are coins), and in a set of 100 cases
11 of 100 edits without effect fail instead of 4 (20 instead of 4); with three trials 5 instead of 4 (7 instead of 4).
A proof looks at the whole set and asks all changed cases or none: 3 to 5 in 100 fail with its trials and without
them. `benchmarks/accepting.py` prints the table. The answers themselves stand in the run file (`asked_again`).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from llmops_cli.comparison.totals import summary_of
from llmops_cli.domain.baseline import Baseline, BaselineLine, VariantSummary, marks_key, union
from llmops_cli.domain.comparison import Result
from llmops_cli.domain.outcome import EvalsetRun, Outcome, VariantInfo
from llmops_cli.domain.redaction import redact
from llmops_cli.errors import NothingSelectedError, Problems, SourceLocation, UserError, did_you_mean
from llmops_cli.files.baseline_file import format_baseline, line_to_dict, read_baseline
from llmops_cli.store.atomic import write_text
from llmops_cli.store.run_store import find_run, load_result, mark_accepted
from llmops_cli.store.version_store import keep_version
from llmops_cli.workflows.evaluation.banking import Banked, fitting
from llmops_cli.workflows.evaluation.earlier_runs import OtherTrials, other_trials
from llmops_cli.workflows.project import Project
from llmops_cli.workflows.trials.marks import recorded_scores, remarked


@dataclass(frozen=True, slots=True)
class Accepted:
    """What happened to one baseline file.

    Lines that are new, whose text changed, that are the same to a new request, to which trials were added,
    that were kept as they are, dropped.
    """

    evalset: str
    path: str
    new: int
    changed: int
    same_text: int
    added: int
    kept: int
    dropped: int
    other_trials: int = 0
    """Trials that other runs of the same prompt gave, and how many runs those were."""
    other_runs: int = 0
    left_out: tuple[str, ...] = ()
    """With --bank: what of the run does not fit the record, in sentences."""
    written: bool = True


def accept(
    project: Project, run_name: str | None, evalsets: Sequence[str], *, bank: bool = False
) -> list[Accepted]:
    """Write the baselines of a run; with `bank`, only add its trials to those on record for the same version.

    Raises UserError where the run cannot stand as one; then nothing is written.
    """
    project.require_worktree("accept")
    result = load_result(find_run(project.root, run_name))
    parts = [part for part in result.run.evalsets if not evalsets or part.evalset.name in evalsets]
    known = [part.evalset.name for part in result.run.evalsets]
    for name in evalsets:
        if name not in known:
            raise NothingSelectedError(
                f"run {result.run.id} holds no evalset {name!r}", hint=did_you_mean(name, known)
            )
    problems = Problems()
    for part in parts:
        _check(project, part, problems)
    for comparison in result.comparisons:
        if (comparison.against or "").startswith("variant "):  # the reference's own answers stand on no side
            hint = "run `llmops eval` without --reference first; the answers are in the cache"
            problems.add("the run compared its variants with each other", comparison.where, hint)
    if problems:
        found = problems.sorted()
        raise UserError(found[0].message, problems=found)
    merged = [
        _Merge(
            project, part, other_trials(project.root, part, result.run.id), _judged(result, part), bank=bank
        )
        for part in parts
    ]
    refused = [problem for merge in merged for problem in merge.banked.refused.values()]
    if refused and all(info.name in merge.banked.refused for merge in merged for info in merge.part.variants):
        raise UserError(refused[0].message, problems=refused)
    done = [merge.done() for merge in merged]
    for merge, (text, report) in zip(merged, done, strict=True):
        if report.written:
            write_text(project.root / report.path, text)
            for variant in merge.part.variants:
                if variant.name not in merge.banked.refused:
                    keep_version(project.root, project.prompt(variant.prompt))
    mark_accepted(project.root, [m.part.evalset.path for m in merged if not bank or m.banked.kept])
    return [report for _, report in done]


def _judged(result: Result, part: EvalsetRun) -> dict[tuple[str, str], Sequence[Outcome]]:
    """The trials on record as the run judged them, by (case, variant)."""
    own = [one for one in result.comparisons if one.evalset == part.evalset.name]
    return {(delta.case_id, delta.variant): delta.base.outcomes for one in own for delta in one.deltas}


def _check(project: Project, part: EvalsetRun, problems: Problems) -> None:
    """A baseline is a whole set, answered in full, by the prompts as they stand."""
    where = SourceLocation(part.evalset.path)
    if not part.complete:
        hint = "run `llmops eval` without filters first"
        problems.add(
            "the run took only a part of this evalset, so it cannot be accepted as a whole", where, hint
        )
    unanswered = sorted({o.case_id for o in part.outcomes if o.passed is None})
    if unanswered:
        names = ", ".join(unanswered[:5]) + (" …" if len(unanswered) > 5 else "")
        problems.add(
            f"{len(unanswered)} cases could not be judged ({names})", where, "run `llmops eval` again"
        )
    for variant in part.variants:
        try:
            current = project.prompt(variant.prompt, where).digest
        except UserError as error:
            problems.take(error)
            continue
        if current != variant.prompt_digest:
            hint = "run `llmops eval` again and look at the result"
            problems.add(f"the prompt {variant.prompt!r} changed since that run", where, hint)


class _Merge:
    """The new file of one evalset: all answers to the accepted requests, old lines as they are if nothing is added."""

    def __init__(
        self,
        project: Project,
        part: EvalsetRun,
        others: OtherTrials,
        judged: Mapping[tuple[str, str], Sequence[Outcome]],
        *,
        bank: bool,
    ) -> None:
        self.project = project
        self.part = part
        self.others = others
        self._judged = judged
        self._bank = bank
        self._old = _old_baseline(project, part.evalset.baseline_path, must_read=bank)
        self._before = dict(self._old.lines) if self._old else {}
        self.banked = fitting(part, self._before) if bank else Banked()
        self._tally = _Tally()

    def done(self) -> tuple[str, Accepted]:
        """The file's text, and what happened to it."""
        part, old, tally, others = self.part, self._old, self._tally, self.others
        before = dict(self._before)
        lines: list[BaselineLine] = []
        for key, outcomes in part.by_case().items():
            if self.banked.fits(key):
                lines += self._case(key, outcomes, before.pop(key, ()))
        if self._bank:  # a run on main adds to the record; it takes nothing away
            kept = [line for found in before.values() for line in found]
            tally.take(kept, kept)
            lines += kept
            before = {}
        timed = self.banked.kept if self._bank else part.outcomes
        text = format_baseline(part.evalset.name, _summaries(part, timed, old, keep=self._bank), lines)
        dropped = sum(len(found) for found in before.values())
        written = not self._bank or any(not line.raw for line in lines)
        report = Accepted(part.evalset.name, part.evalset.baseline_path, tally.new, tally.changed, tally.same_text,
                          tally.added, tally.kept, dropped, len(others.taken), len(set(others.taken)),
                          tuple(self.banked.notes), written)  # fmt: skip
        return text, report

    def _case(
        self, key: tuple[str, str], outcomes: Sequence[Outcome], known: Sequence[BaselineLine]
    ) -> list[BaselineLine]:
        """What stands for a case from now on: the record and the run where they answer the same request."""
        part, project = self.part, self.project
        variant = next(info for info in part.variants if info.name == key[1])
        most = project.evalset(part.evalset.name).max_trials
        on_record = {call for line in known for call in line.calls}
        trials = self.others.beside(key, outcomes, on_record, most)
        new = _lines(variant, part.inputs.get(key, {}), trials, project.settings.redact)
        same = [line for line in remarked(known, self._judged.get(key, ())) if line.request == new[0].request]
        merged = union(same, new, most)
        self._tally.take(known, merged)
        self.banked.take(known, merged, trials)
        return merged


@dataclass
class _Tally:
    new: int = 0
    changed: int = 0
    same_text: int = 0
    added: int = 0
    kept: int = 0

    def take(self, before: Sequence[BaselineLine], after: Sequence[BaselineLine]) -> None:
        """Count what became of the lines of one case."""
        for line in after:
            if line.raw:
                self.kept += 1
            elif not before:
                self.new += 1
            elif any(old.request == line.request and old.output == line.output for old in before):
                self.added += 1
            elif any(old.output == line.output for old in before):
                self.same_text += 1
            else:
                self.changed += 1


def _summaries(
    part: EvalsetRun, timed: Sequence[Outcome], old: Baseline | None, *, keep: bool
) -> list[VariantSummary]:
    """Latency and cost of the `timed` trials; with `keep` the old figures stand where there are none."""
    before = old.summaries if old else {}
    found = dict(before) if keep else {}
    for info in part.variants:
        own = [outcome for outcome in timed if outcome.variant == info.name]
        if own or not keep:
            found[info.name] = summary_of(info.name, own, before.get(info.name))
    return list(found.values())


def _old_baseline(project: Project, path: str, *, must_read: bool) -> Baseline | None:
    """What stands there; a file that cannot be read (a merge conflict) is written anew, unless it is to be added to."""
    try:
        return read_baseline(project.tree, path)
    except UserError:
        if must_read:
            raise
        return None


def _lines(
    variant: VariantInfo,
    inputs: Mapping[str, str | None],
    outcomes: Sequence[Outcome],
    redactions: Sequence[str],
) -> list[BaselineLine]:
    """One line an answer, equal answers with equal marks once with their count, in order of trial."""
    found: dict[str, list[BaselineLine]] = defaultdict(list)
    for outcome in outcomes:
        line = _line(variant, inputs, outcome, redactions)
        bare = line_to_dict(replace(line, usage=None, scores={}, calls=()))
        found[repr((bare, marks_key(line.scores)))].append(line)
    return [
        replace(lines[0], count=len(lines), calls=tuple(call for line in lines for call in line.calls))
        for lines in found.values()
    ]


def _line(
    variant: VariantInfo, inputs: Mapping[str, str | None], outcome: Outcome, redactions: Sequence[str]
) -> BaselineLine:
    response = outcome.response
    assert response is not None  # _check refused a run with unanswered cases
    output = redact(response.text, redactions)
    return BaselineLine(
        case_id=outcome.case_id,
        variant=outcome.variant,
        request=outcome.fingerprint,
        prompt=variant.prompt_digest,
        prompt_name=variant.prompt,
        settings=variant.settings,
        output=output,
        tool_calls=response.tool_calls,
        usage=response.usage,
        served_model=response.served_model,
        finish_reason=response.finish_reason,
        inputs=inputs,
        scores=recorded_scores(outcome),
        calls=(response.call_id,) if response.call_id else (),
        redacted=bool(redactions) and any(f"[{kind}]" in output for kind in redactions),
    )
