"""`llmops judge`: a judge is asked about outputs that people have labelled, and its errors are kept."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from llmops_cli.comparison.calibrating import (
    Agreement,
    Judged,
    Labelled,
    Missing,
    agreed,
    group_ratings,
    measure,
)
from llmops_cli.domain.calibration import Calibration, Rating, calibration_path
from llmops_cli.domain.canonical import canonical_json
from llmops_cli.domain.evalset import ScorerSpec
from llmops_cli.domain.outcome import Outcome, Source
from llmops_cli.domain.prompt import Prompt
from llmops_cli.domain.request import Response
from llmops_cli.domain.scoring import Answer, Score, ScoringError
from llmops_cli.engine.events import Event, Finished, Observer, Started
from llmops_cli.engine.loop import run_loop
from llmops_cli.errors import (
    ExitCode,
    NothingSelectedError,
    NoVerdictError,
    Problems,
    SourceLocation,
    UserError,
)
from llmops_cli.files.calibration_file import format_calibration, read_calibration
from llmops_cli.files.ratings_file import column_place, read_ratings
from llmops_cli.scorers.judge import GIVEN, Ballot, Judge
from llmops_cli.store.atomic import write_text
from llmops_cli.workflows.project import Project
from llmops_cli.workflows.wiring import CallOptions, Parts, build

_MOST_MISSING = 0.1
"""The share of outputs that a judge may have no verdict on: they may be missing for a reason."""


@dataclass(frozen=True, slots=True)
class JudgeOptions:
    """What `llmops judge` was asked; `votes` None asks as often as the scorer does."""

    name: str
    labels: Path
    min_kappa: float | None = None
    votes: int | None = None
    evalset: str | None = None
    calls: CallOptions = CallOptions()


@dataclass(frozen=True)
class JudgeResult:
    """What was found, and where it was written; `path` None where too little was judged to stand."""

    agreement: Agreement
    path: str | None
    min_kappa: float | None
    judge_calls: int
    judge_cost: float | None
    kept_back: str = ""
    """Why nothing was written."""

    @property
    def exit_code(self) -> ExitCode:
        """1 where kappa is below the least one wanted, 3 where that cannot be told."""
        kappa = self.agreement.calibration.kappa
        if self.path is None:
            return ExitCode.INCONCLUSIVE
        if self.min_kappa is None:
            return ExitCode.PASS
        if kappa is None:
            return ExitCode.INCONCLUSIVE
        return ExitCode.PASS if kappa >= self.min_kappa else ExitCode.REGRESSION

    @property
    def outcome(self) -> str:
        """What came of it, in a sentence."""
        known = self.agreement.calibration
        if self.path is None:
            return f"{self.kept_back}: nothing was written"
        if self.min_kappa is None or self.exit_code is ExitCode.PASS:
            return f"wrote {self.path}"
        if known.kappa is None:
            why = self.agreement.why_undefined
            return f"wrote {self.path}; kappa is undefined ({why}), so that --min-kappa cannot be decided"
        return f"wrote {self.path}; kappa {known.kappa:.3f} is below {self.min_kappa:g}"


def calibrate(project: Project, options: JudgeOptions, observe: Observer) -> JudgeResult:
    """Ask the judge about every labelled output, and write its calibration.

    Raises UserError for mistakes in files, NoVerdictError where nothing was judged.
    """
    project.require_worktree("judge")
    if options.votes is not None:
        try:
            Judge(options.name, votes=options.votes)
        except ValueError as error:  # the rule of `votes:` in an evalset
            raise UserError(str(error).replace("'votes'", "--votes")) from error
    project.judge_prompt(options.name)
    judge = _judge(project, options)
    everything = _labelled(read_ratings(options.labels, judge.scale))
    return _Judging(project, options, judge, everything, observe).run()


def _judge(project: Project, options: JudgeOptions) -> Judge:
    """The scorer as the evalsets use it; as it is by default where none does. Raises UserError."""
    names = project.evalset_paths if options.evalset is None else project.select_evalsets([options.evalset])
    problems, specs = Problems(), list[ScorerSpec]()
    for name in names:
        try:
            evalset = project.evalset(name)
        except UserError as error:
            problems.take(error)
            continue
        specs += [*evalset.scorers, *(spec for case in evalset.cases for spec in case.scorers)]
    problems.raise_if_any()
    found = {
        canonical_json(spec.scorer.reading()): spec
        for spec in reversed(specs)
        if isinstance(spec.scorer, Judge)
        and spec.scorer.prompt == options.name
        and spec.scorer.compare_to is None
    }
    if len(found) > 1:
        places = ", ".join(str(spec.where) for spec in reversed(found.values()))
        message = f"{options.name} is asked in {len(found)} ways: {places}"
        raise UserError(message, hint="say which one with --evalset, or make them one")
    if not found:
        if options.evalset is not None:
            message = f"{options.evalset} has no scorer that asks {options.name} about single answers"
            raise NothingSelectedError(message)
        return Judge(options.name)
    (spec,) = found.values()
    assert isinstance(spec.scorer, Judge)
    return spec.scorer


def _labelled(ratings: Sequence[Rating]) -> list[Labelled]:
    """One entry an output. Raises FileError where a rater labelled it twice."""
    problems = Problems()
    found: list[Labelled] = []
    for group in group_ratings(ratings):
        seen: dict[str | None, SourceLocation] = {}
        for rating in group:
            first = seen.setdefault(rating.rater, rating.where)
            if first is not rating.where:
                who = f"{rating.rater!r} labelled this output" if rating.rater else "this output is labelled"
                hint = "keep one of them" if rating.rater else "a column `rater` says whose label is whose"
                problems.add(f"{who} twice, first at {first}", rating.where, hint)
        found.append(agreed(group))
    problems.raise_if_any()
    return found


def _unknown_columns(prompt: Prompt, everything: Sequence[Labelled]) -> Problems:
    """Variables of the labels that the judge's prompt does not have: nobody would see that they are left out."""
    unknown: dict[str, SourceLocation] = {}
    for one in everything:
        for name in one.first.vars:
            if name not in prompt.inputs:
                unknown.setdefault(name, column_place(one.first.where))
    own = [f"vars.{name}" for name in prompt.inputs if name not in GIVEN]
    known = f"known: {', '.join(own)}" if own else "it has no variables of its own"
    problems = Problems()
    for name, where in unknown.items():
        problems.add(f"{prompt.name} has no input {name!r} that 'vars.{name}' could fill", where, known)
    return problems


class _Judging:
    def __init__(
        self,
        project: Project,
        options: JudgeOptions,
        judge: Judge,
        everything: Sequence[Labelled],
        observe: Observer,
    ) -> None:
        self.project = project
        self.options = options
        self.judge = judge
        self.everything = everything
        self._observe = observe
        self._grades = not isinstance(everything[0].first.label, bool)

    def run(self) -> JudgeResult:
        """Ask, measure, write."""
        parts = self._parts()
        self._check(parts)
        found = run_loop(self._ask_all(parts))
        judged = [one for one in found if isinstance(one, Judged)]
        failures = [one for one in found if isinstance(one, Missing)]
        if not any(one.labelled.label is not None for one in judged):
            why = failures[0].reason if failures else "the raters are evenly split on every output"
            raise NoVerdictError(f"nothing can be compared: {why}", where=self.everything[0].first.where)
        identity = parts.judges.identity(self.judge.prompt)
        agreement = measure(
            judged, self.everything, failures, self.judge.passes_from(),
            judge=self.judge.prompt, identity=identity, reading=self.judge.reading(),
            date=datetime.now(UTC).date().isoformat(),
        )  # fmt: skip
        path: str | None = calibration_path(self.judge.prompt)
        why = _kept_back(agreement, len(self.everything), self._known())
        if why:
            path = None
        else:
            write_text(self.project.root / str(path), format_calibration(agreement.calibration))
        tools = parts.tools
        limit = self.options.min_kappa
        return JudgeResult(agreement, path, limit, tools.judge_calls, tools.judge_cost, why)

    def _known(self) -> Calibration | None:
        """The calibration on record; one that cannot be read is written anew."""
        try:
            return read_calibration(self.project.tree, self.judge.prompt)
        except UserError:
            return None

    def _parts(self) -> Parts:
        from llmops_cli.workflows.trials.tools import JudgePrompts

        model = JudgePrompts(self.project).model(self.judge.prompt)
        return build(self.project, [model], self.options.calls, self._observe)

    def _check(self, parts: Parts) -> None:
        """Render every request before the first call. Raises UserError with every mistake."""
        problems = Problems()
        self._check_prompt(parts)
        for one in self.everything:
            try:
                judge, answer = self._question(one.first, parts)
                parts.judges.request(judge.prompt, judge.variables(answer))
            except (ValueError, ScoringError) as error:
                problems.add(str(error), one.first.where)
            except UserError as error:
                for problem in error.problems:
                    problems.add(problem.message, one.first.where, problem.hint)
        if problems:
            run_loop(parts.close())
        problems.raise_if_any()

    def _check_prompt(self, parts: Parts) -> None:
        """What is wrong with every row is the prompt's, or the first line's. Raises UserError."""
        prompt = self.project.judge_prompt(self.judge.prompt)
        if prompt.inputs and "output" not in prompt.inputs:
            run_loop(parts.close())
            message = f"{prompt.name} is no judge: it has no input `output`, which is the answer to judge"
            raise UserError(message, where=SourceLocation(prompt.path, 1))
        problems = _unknown_columns(prompt, self.everything)
        if problems:
            run_loop(parts.close())
        problems.raise_if_any()

    def _question(self, rating: Rating, parts: Parts) -> tuple[Judge, Answer]:
        """The judge with this row's variables. Raises ValueError where it cannot take them."""
        judge = replace(self.judge, vars={**self.judge.vars, **rating.vars}) if rating.vars else self.judge
        asked = [{"role": "user", "content": rating.input}] if rating.input else []
        answer = Answer(
            rating.output, Response(rating.output), asked, rating.vars, rating.expected, str(rating.where),
            parts.tools,
        )  # fmt: skip
        return judge, answer

    async def _ask_all(self, parts: Parts) -> list[Judged | Missing]:
        turns = asyncio.Semaphore(parts.workers)
        self._tell(Started(len(self.everything), 0))
        try:
            return list(await asyncio.gather(*(self._ask(one, parts, turns) for one in self.everything)))
        finally:
            await parts.close()

    async def _ask(self, one: Labelled, parts: Parts, turns: asyncio.Semaphore) -> Judged | Missing:
        judge, answer = self._question(one.first, parts)
        votes = max(judge.votes, self.options.votes or 1)
        async with turns:
            ballot = await judge.ballot(answer, parts.tools, range(1, votes + 1))
        self._tell(Finished(Outcome(answer.case_id, "", 1, "", Source.CALLED)))
        try:
            score = judge.counted(_first(ballot, judge.votes))
        except ScoringError as error:
            return Missing(one.first.where, str(error))
        grades = score.details["grades"]
        if self._grades and not grades:
            return Missing(one.first.where, "the label is a grade, the judge gave a verdict")
        words = tuple(vote.word for vote in ballot.votes if vote is not None)
        return Judged(one, score.passed, _mean(grades.values()), _rationale(score), words)

    def _tell(self, event: Event) -> None:
        self._observe(event)


def _kept_back(agreement: Agreement, outputs: int, known: Calibration | None) -> str:
    """Why a calibration is not to be written; empty where it is."""
    missing, calibration = len(agreement.failures), agreement.calibration
    if missing > _MOST_MISSING * outputs:
        return f"the judge had no verdict on {missing} of {outputs} outputs, which is more than a tenth"
    if known is not None and _both_kinds(known) and not _both_kinds(calibration):
        word = "a pass" if calibration.true_pass + calibration.false_fail else "a fail"
        return f"people call every output {word}, and the calibration on record knows both"
    return ""


def _both_kinds(known: Calibration) -> bool:
    """Outputs that people passed and such that they failed."""
    passes, fails = known.true_pass + known.false_fail, known.true_fail + known.false_pass
    return passes > 0 and fails > 0


def _first(ballot: Ballot, count: int) -> Ballot:
    """The votes that the scorer would have asked for; more of them only show how steady it is."""
    votes = ballot.votes[:count]
    return replace(ballot, votes=votes, missing=ballot.missing[: votes.count(None)])


def _mean(grades: Iterable[float]) -> float | None:
    found = list(grades)
    return sum(found) / len(found) if found else None


def _rationale(score: Score) -> str:
    return str(score.details.get("rationale", ""))
