"""What both versions answered: on record, in the cache, or asked anew.

Answers are scored with today's scorers; a judge is asked only where asking is allowed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from llmops_cli.comparison.classify import side_of
from llmops_cli.comparison.totals import totals_of
from llmops_cli.domain.baseline import RecordedScore, VariantSummary
from llmops_cli.domain.comparison import Side as CaseSide
from llmops_cli.domain.diff import AnswerPair, AnswersDiff, ScorePair, SideFigures
from llmops_cli.domain.evalset import Case, Evalset, ScorerSpec
from llmops_cli.domain.outcome import Outcome, Source
from llmops_cli.domain.redaction import redact
from llmops_cli.domain.request import ResolvedModel, Response
from llmops_cli.domain.scoring import NamedScore
from llmops_cli.domain.tree import FileTree
from llmops_cli.engine.events import Event, Observer, Started
from llmops_cli.engine.loop import run_loop
from llmops_cli.engine.runner import Runner, Trial
from llmops_cli.errors import Problems, UserError
from llmops_cli.stats.descriptive import mean
from llmops_cli.store.local_folder import FOLDER
from llmops_cli.workflows.diff.effect import Compared
from llmops_cli.workflows.diff.known import KnownAnswers
from llmops_cli.workflows.project import Project
from llmops_cli.workflows.trials.scoring import ScorerTemplates
from llmops_cli.workflows.trials.tools import JudgePrompts
from llmops_cli.workflows.wiring import FREE, CallOptions, Parts, build


@dataclass(frozen=True, slots=True)
class _Key:
    """One side of one case in one comparison."""

    place: int
    side: str
    case_id: str


class Answers:
    """Collects the answers of all comparisons of one diff in one go."""

    def __init__(
        self, project: Project, trees: Mapping[str, FileTree], calls: CallOptions, observe: Observer
    ) -> None:
        self._project = project
        self._known = KnownAnswers(project, trees)
        folder = project.root / FOLDER
        # a diff without calls leaves no trace: what is not there yet is not made
        has_cache = calls.calls or (folder / "cache.sqlite").exists()
        self._calls = replace(calls, use_cache=calls.use_cache and has_cache)
        self._observe = observe
        self._judges: dict[str, list[ResolvedModel] | None] = {}
        self._recorded: dict[tuple[str, str, int], Mapping[str, RecordedScore]] = {}
        self._specs: dict[str, Evalset] = {}
        self._notes: list[str] = []
        self.interrupted = False

    @property
    def notes(self) -> list[str]:
        """What the user should know of where answers came from."""
        return self._known.notes + self._notes

    def of(self, comparisons: Sequence[Compared]) -> list[AnswersDiff]:
        """The answers of each comparison, in order."""
        wanted = [(place, c) for place, c in enumerate(comparisons) if self._can_score(c.evalset)]
        self._known.search_runs(comparisons)
        trials = [trial for place, comparison in wanted for trial in self._trials(place, comparison)]
        outcomes = self._answer(trials, comparisons) if trials else {}
        return [self._diff(place, comparison, outcomes) for place, comparison in enumerate(comparisons)]

    # -- what is to be answered

    def _trials(self, place: int, comparison: Compared) -> Iterator[Trial]:
        """Both sides of every comparable case; a request that did not change is one and is never asked."""
        for case in comparison.comparable:
            changed = comparison.is_changed(case)
            for side in ("before", "after") if changed else ("after",):
                half = getattr(comparison, side)
                request = half.requests[case.id]
                known = self._known.of(comparison, side, case, request)
                for number in range(1, comparison.evalset.trials + 1):
                    has = known[number - 1] if number <= len(known) else None
                    askable = changed and half.model is not None and self._calls.use_cache
                    if has is None and changed and half.model is not None:
                        self._note_what_is_not_kept(half.model)
                    if has is None and not askable:
                        continue
                    group = f"{place}\0{side}"
                    if has is not None:
                        self._recorded[group, case.id, number] = has.scores
                    yield Trial(
                        group=group,
                        case=case,
                        variant=comparison.variant.name,
                        number=number,
                        request=request,
                        model=half.model.key if half.model else "",
                        known=has.response if has is not None else None,
                    )

    def _note_what_is_not_kept(self, model: ResolvedModel) -> None:
        if model.provider in FREE and not self._calls.calls:
            self._note(f"answers of {model.name} are not kept in the cache; --run asks for them at no cost")

    def _can_score(self, evalset: Evalset) -> bool:
        """Whether today's scorers can be used at all; notes why not."""
        if evalset.name in self._judges:
            return self._judges[evalset.name] is not None
        problems, templates, judges = Problems(), ScorerTemplates(), JudgePrompts(self._project)
        models: list[ResolvedModel] = []
        for spec in _all_scorers(evalset):
            templates.check_syntax(spec, problems)
            if spec.type == "judge":
                try:
                    models.append(judges.model(str(spec.arguments.get("prompt")), spec.where))
                except UserError as error:
                    problems.take(error)
        self._judges[evalset.name] = None if problems else models
        for problem in problems:
            self._note(f"the answers of {evalset.name} are not scored: {problem}")
        return not problems

    # -- answering

    def _answer(self, trials: Sequence[Trial], comparisons: Sequence[Compared]) -> dict[_Key, list[Outcome]]:
        halves = [half for c in comparisons for half in (c.before, c.after)]
        models = {half.model.key: half.model for half in halves if half.model is not None}
        models |= {model.key: model for found in self._judges.values() for model in found or ()}
        parts = build(self._project, models.values(), self._calls, self._watch)
        self._specs = {str(place): comparison.evalset for place, comparison in enumerate(comparisons)}

        async def score(trial: Trial, response: Response, _: Source) -> tuple[NamedScore, ...]:
            return await self._score(parts, trial, response)

        runner = Runner(parts.asker, score, self._watch, parts.workers)

        async def work() -> dict[_Key, list[Outcome]]:
            found: dict[_Key, list[Outcome]] = {}
            try:
                self._watch(Started(len(trials), sum(trial.known is not None for trial in trials)))
                for trial, outcome in await runner.run(trials):
                    place, _, side = trial.group.partition("\0")
                    found.setdefault(_Key(int(place), side, trial.case.id), []).append(outcome)
            finally:
                await parts.close()
            return found

        outcomes = run_loop(work(), runner.stop)
        self.interrupted = runner.stopped
        for note in parts.notes:
            self._note(note)
        return outcomes

    async def _score(self, parts: Parts, trial: Trial, response: Response) -> tuple[NamedScore, ...]:
        evalset = self._specs[trial.group.partition("\0")[0]]
        recorded = self._recorded.get((trial.group, trial.case.id, trial.number), {})
        specs = evalset.scorers_of(trial.case)
        return await parts.scoring.score(
            specs, trial.case, trial.request, response, recorded, trial=trial.number
        )

    def _watch(self, event: Event) -> None:
        if self._calls.calls:
            self._observe(event)

    # -- side by side

    def _diff(
        self, place: int, comparison: Compared, outcomes: Mapping[_Key, Sequence[Outcome]]
    ) -> AnswersDiff:
        evalset = comparison.evalset
        sides: dict[str, list[CaseSide]] = {"before": [], "after": []}
        pairs: list[AnswerPair] = []
        unknown = 0
        reasons: dict[str, None] = {}
        for case in comparison.comparable:
            changed = comparison.is_changed(case)
            both: list[CaseSide] = []
            for side in sides:
                key = _Key(place, side if changed else "after", case.id)
                found = outcomes.get(key, ())
                answered = sorted((o for o in found if o.response is not None), key=lambda o: o.trial)
                both.append(side_of(answered, evalset.pass_rule))
                if self._calls.calls:
                    reasons |= {_failure(o): None for o in found if o.failure is not None}
            if not all(side.outcomes for side in both):
                unknown += changed
                continue
            for side, half in zip(sides, both, strict=True):
                sides[side].append(half)
            if changed:
                pairs.append(self._pair(case, *both))
        known = bool(sides["after"])
        return AnswersDiff(
            evalset=evalset.name,
            variant=comparison.variant.name,
            unknown=unknown,
            before=self._figures("before", comparison, sides["before"]) if known else None,
            after=self._figures("after", comparison, sides["after"]) if known else None,
            pairs=tuple(pairs),
            notes=tuple(reasons),
        )

    def _figures(self, side: str, comparison: Compared, cases: Sequence[CaseSide]) -> SideFigures:
        texts = [o.response.text for case in cases for o in case.outcomes if o.response is not None]
        summary = self._summary(side, comparison, cases)
        return SideFigures(totals_of(cases, summary), mean([len(text) for text in texts]))

    def _summary(self, side: str, comparison: Compared, cases: Sequence[CaseSide]) -> VariantSummary | None:
        """Cost and latency of the side's own baseline, where all the answers stand in it."""
        baseline = self._known.baseline(side, comparison.evalset)
        if baseline is None:
            return None
        name = comparison.variant.name
        on_record = {
            line.request for (_, column), lines in baseline.lines.items() if column == name for line in lines
        }
        all_there = all(o.fingerprint in on_record for case in cases for o in case.outcomes)
        return baseline.summaries.get(name) if all_there else None

    def _pair(self, case: Case, before: CaseSide, after: CaseSide) -> AnswerPair:
        kinds = self._project.settings.redact
        old, new = before.outcomes[0], after.outcomes[0]
        return AnswerPair(
            case_id=case.id,
            where=case.where,
            before=redact(_text(old.response), kinds),
            after=redact(_text(new.response), kinds),
            passed_before=before.passed,
            passed_after=after.passed,
            trials_before=(before.passes, before.trials),
            trials_after=(after.passes, after.trials),
            scores=tuple(
                ScorePair(name, one, other, redact(why, kinds)) for name, one, other, why in _scores(old, new)
            ),
        )

    def _note(self, text: str) -> None:
        if text not in self._notes:
            self._notes.append(text)


def _all_scorers(evalset: Evalset) -> tuple[ScorerSpec, ...]:
    return (*evalset.scorers, *(spec for case in evalset.cases for spec in case.scorers))


def _failure(outcome: Outcome) -> str:
    failure = outcome.failure
    assert failure is not None
    return failure.message + (f"; {failure.hint}" if failure.hint else "")


def _text(response: Response | None) -> str:
    if response is None:
        return ""
    return response.text + "".join(f"\n[calls {call.name}({call.arguments})]" for call in response.tool_calls)


def _scores(old: Outcome, new: Outcome) -> Iterator[tuple[str, float | None, float | None, str]]:
    """Scorers in order, with both values and why the newer one is what it is."""
    before = {named.name: named for named in old.scores}
    for named in new.scores:
        was = before.get(named.name)
        one = was.score.value if was is not None and was.score is not None else None
        other = named.score.value if named.score is not None else None
        yield named.name, one, other, (named.score.explanation if named.score else named.failure) or ""
