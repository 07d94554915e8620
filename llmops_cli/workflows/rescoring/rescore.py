"""`llmops score`: today's scorers over recorded answers; nothing is asked of a model but of judges."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from llmops_cli.comparison.classify import side_of
from llmops_cli.comparison.totals import totals_of
from llmops_cli.domain.comparison import Side
from llmops_cli.domain.evalset import Case, Evalset, ScorerSpec
from llmops_cli.domain.outcome import Outcome, Source
from llmops_cli.domain.redaction import redact, redact_outcome
from llmops_cli.domain.request import Request, ResolvedModel
from llmops_cli.domain.rescored import Rescored, RescoredCase, RescoredSet
from llmops_cli.domain.scoring import NamedScore
from llmops_cli.engine.events import Finished, Observer, Started, Stopping
from llmops_cli.engine.loop import run_loop
from llmops_cli.errors import NoVerdictError, Problems, RenderError
from llmops_cli.templating.filters import NoMatch
from llmops_cli.templating.values import references
from llmops_cli.workflows.project import Project
from llmops_cli.workflows.rescoring.asked import AskedMessages, NoMessages
from llmops_cli.workflows.rescoring.recorded import RecordedAnswer, RecordedSet, read_recorded
from llmops_cli.workflows.trials.identity import ScorerIdentities
from llmops_cli.workflows.trials.preparing import check_scorers
from llmops_cli.workflows.trials.scoring import ScorerTemplates, template_of
from llmops_cli.workflows.trials.tools import JudgePrompts
from llmops_cli.workflows.versions.revisions import Revisions
from llmops_cli.workflows.versions.versions import Versions
from llmops_cli.workflows.wiring import CallOptions, Parts, build


@dataclass(frozen=True)
class _Sorted:
    """One recorded set beside today's: what can be scored again, and what cannot."""

    recorded: RecordedSet
    evalset: Evalset
    cases: tuple[Case, ...]
    gone: tuple[str, ...]
    otherwise: tuple[str, ...]
    unasked: tuple[str, ...]


def rescore(
    revisions: Revisions, wanted: str | None, *, baseline: bool, calls: CallOptions, observe: Observer
) -> Rescored:
    """Score a run (by default the newest) or a baseline by today's scorers.

    Raises UserError for mistakes in files, NoVerdictError where there is nothing to score, and
    KeyboardInterrupt where the user stopped it.
    """
    project = revisions.project
    project.require_worktree("score")
    recorded = read_recorded(project, wanted, baseline=baseline)
    names = list(dict.fromkeys(part.evalset for part in recorded.sets))
    missing = tuple(name for name in names if name not in project.evalset_paths)
    sets = [_sort(project, part) for part in recorded.sets if part.evalset not in missing]
    models = _check(project, sets)
    if not any(part.cases for part in sets):
        hint = "`llmops report --list` shows the runs there are"
        raise NoVerdictError(f"{recorded.source} holds no answer to a case that is still there", hint=hint)
    rescoring = _Rescoring(project, revisions.versions, sets, build(project, models, calls, observe), observe)
    found = run_loop(rescoring.run(), rescoring.stop)
    if rescoring.stopped:
        raise KeyboardInterrupt
    return replace(found, source=recorded.source, missing=missing)


def _sort(project: Project, recorded: RecordedSet) -> _Sorted:
    evalset = project.evalset(recorded.evalset)
    kinds = project.settings.redact
    known = {case.id: case for case in evalset.cases}
    here = [case_id for case_id in recorded.answers if case_id in known]
    otherwise = {
        case_id
        for case_id in here
        if not all(
            answer.answers(known[case_id], lambda value: redact(value, kinds))
            for answer in recorded.answers[case_id]
        )
    }
    return _Sorted(
        recorded,
        evalset,
        tuple(case for case in evalset.cases if case.id in recorded.answers and case.id not in otherwise),
        gone=tuple(sorted(set(recorded.answers) - set(known))),
        otherwise=tuple(case.id for case in evalset.cases if case.id in otherwise),
        unasked=tuple(c.id for c in evalset.cases if recorded.complete and c.id not in recorded.answers),
    )


def _check(project: Project, sets: Sequence[_Sorted]) -> list[ResolvedModel]:
    """The judges' models. Raises FileError with every mistake of the scorers."""
    problems, judges, templates = Problems(), JudgePrompts(project), ScorerTemplates()
    models: dict[str, ResolvedModel] = {}
    for evalset in {part.evalset.name: part.evalset for part in sets}.values():
        ids = {case.id for part in sets if part.evalset is evalset for case in part.cases}
        cases = [case for case in evalset.cases if case.id in ids]
        models |= check_scorers(project, evalset, cases, judges, templates, problems)
    problems.raise_if_any()
    return list(models.values())


class _Rescoring:
    def __init__(
        self, project: Project, versions: Versions, sets: Sequence[_Sorted], parts: Parts, observe: Observer
    ) -> None:
        self._project = project
        self._sets = sets
        self._parts = parts
        self._observe = observe
        self._asked = AskedMessages(project, versions)
        self._templates = ScorerTemplates()
        self._identities = ScorerIdentities(project.tree, parts.judges.identity)
        self._kept = self._anew = self._redacted = 0
        self.stopped = False

    def stop(self) -> None:
        """Begin no further answer, and ask no judge any more."""
        self.stopped = True
        self._observe(Stopping(self._parts.asker.in_flight))
        self._parts.asker.stop.ask()

    async def run(self) -> Rescored:
        todo = [
            (number, case, answer)
            for number, part in enumerate(self._sets)
            for case in part.cases
            for answer in part.recorded.answers[case.id]
        ]
        self._observe(Started(len(todo), 0))
        done: dict[tuple[int, str, int], tuple[Outcome, Outcome]] = {}
        queue = iter(todo)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._parts.workers):
                    group.create_task(self._work(queue, done))
        finally:
            await self._parts.close()
        if self.stopped:
            return Rescored("", (), 0, 0)
        sets = tuple(self._set(part, number, done) for number, part in enumerate(self._sets))
        tools = self._parts.tools
        return Rescored(
            "", sets, self._kept, self._anew, tools.judge_calls, tools.judge_cost, notes=tuple(self._notes())
        )

    async def _work(
        self,
        queue: Iterator[tuple[int, Case, RecordedAnswer]],
        done: dict[tuple[int, str, int], tuple[Outcome, Outcome]],
    ) -> None:
        for number, case, answer in queue:
            if self.stopped:
                return
            specs = self._sets[number].evalset.scorers_of(case)
            before = _then(answer.outcome, specs)
            after = await self._score(specs, case, answer)
            done[number, case.id, before.trial] = before, after
            self._observe(Finished(replace(after, source=Source.BASELINE)))
            await asyncio.sleep(0)  # without a judge it never waits: let ^C through

    async def _score(self, specs: Sequence[ScorerSpec], case: Case, answer: RecordedAnswer) -> Outcome:
        outcome = answer.outcome
        response = outcome.response
        if response is None:
            return outcome
        provider, model = (str(answer.settings.get(key, "")) for key in ("provider", "model"))
        before = {named.name: named for named in outcome.scores if named.score is not None}
        scores: list[NamedScore] = []
        for spec in specs:
            old = before.get(spec.name)
            if old is not None and old.digest == self._digest(spec, case):
                # the same ruler over the same answer: the score stands, and with it its details
                self._kept += 1
                scores.append(replace(old, severity=spec.of_trial, weight=spec.weight))
                continue
            messages = self._asked.messages(answer, case)
            if isinstance(messages, NoMessages) and _names_them(spec):
                named = NamedScore(spec.name, "", spec.severity, spec.weight, failure=messages.why)
            else:
                request = Request(provider, model, messages)
                found = await self._parts.scoring.score(
                    [spec], case, request, response, accepted=answer.accepted, trial=outcome.trial
                )
                if not found:
                    continue
                (named,) = found
            self._anew += named.score is not None
            scores.append(named)
        kinds = self._project.settings.redact
        marked = answer.redacted or any(f"[{kind}]" in response.text for kind in kinds)
        self._redacted += marked and any(n.digest not in {o.digest for o in outcome.scores} for n in scores)
        return redact_outcome(replace(outcome, scores=tuple(scores)), kinds)

    def _digest(self, spec: ScorerSpec, case: Case) -> str:
        try:
            value = self._templates.static_value(spec, case)
        except (RenderError, NoMatch):
            value = template_of(spec)
        return self._identities.digest(spec, case, value)

    def _set(
        self, part: _Sorted, number: int, done: Mapping[tuple[int, str, int], tuple[Outcome, Outcome]]
    ) -> RescoredSet:
        cases = []
        for case in part.cases:
            trials = [done[number, case.id, a.outcome.trial] for a in part.recorded.answers[case.id]]
            before = side_of([then for then, _ in trials], part.evalset.pass_rule)
            if part.recorded.passed is not None:  # by the rule of that day
                before = Side(before.outcomes, part.recorded.passed.get(case.id))
            after = side_of([today for _, today in trials], part.evalset.pass_rule)
            cases.append(RescoredCase(case, before, after))
        return RescoredSet(
            part.evalset.name,
            part.evalset.path,
            part.recorded.variant,
            tuple(cases),
            totals_of([case.before for case in cases]),
            totals_of([case.after for case in cases]),
            part.gone,
            part.otherwise,
            part.unasked,
            part.evalset.gated_metrics,
        )

    def _notes(self) -> Iterable[str]:
        specs = [spec for part in self._sets for case in part.cases for spec in part.evalset.scorers_of(case)]
        if any(spec.type in ("judge", "python") or _names_them(spec) for spec in specs):
            yield from self._asked.notes
        if self._redacted:
            count = "1 answer was" if self._redacted == 1 else f"{self._redacted} answers were"
            yield f"{count} redacted when written down: scorers that changed saw the redacted text"
        yield from self._parts.notes


def _then(outcome: Outcome, specs: Sequence[ScorerSpec]) -> Outcome:
    """The answer as it was scored; marks that belong to another text are unknown, not passed."""
    if outcome.scores or outcome.response is None:
        return outcome
    why = "the mark on record belongs to another answer"
    unknown = tuple(NamedScore(spec.name, "", "fail", spec.weight, failure=why) for spec in specs)
    return replace(outcome, scores=unknown)


def _names_them(spec: ScorerSpec) -> bool:
    """Whether a template of the scorer takes the messages."""
    return "messages" in references(template_of(spec)) | references(spec.of)
