"""`gate: {prove: 5%}`: trials are added to all cases of a comparison until the claim is settled.

When to look and what follows is decided in `comparison/proving.py`; this only asks. Candidate and base are
interleaved in time, so that a provider that drifts meanwhile hits both. What is asked is kept: `accept` adds
the candidate's trials to the record, and a run that ended early finds its answers in the cache.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from llmops_cli.comparison.luck import with_luck
from llmops_cli.comparison.proving import (
    Claim,
    claim_of,
    counted,
    look,
    needed,
    proof_of,
    trivial,
    without_trials,
)
from llmops_cli.domain.comparison import Comparison
from llmops_cli.domain.comparison_json import reference_of
from llmops_cli.domain.outcome import Outcome, Source
from llmops_cli.domain.redaction import redact_outcome
from llmops_cli.domain.request import Response
from llmops_cli.domain.scoring import NamedScore
from llmops_cli.domain.spending import Purpose
from llmops_cli.domain.statistics import Added, Proof
from llmops_cli.engine.events import Event, Finished, Observer, Proving
from llmops_cli.engine.runner import Runner, Trial
from llmops_cli.errors import UserError
from llmops_cli.stats.sequential import Proof as Standing
from llmops_cli.stats.stratified import Counts
from llmops_cli.workflows.comparing.comparing import Comparing
from llmops_cli.workflows.comparing.confirming import Question, Suspect
from llmops_cli.workflows.trials.planning import EvalsetPlan
from llmops_cli.workflows.wiring import Parts


@dataclass
class _Asked:
    """What was asked beyond the run's own trials, by case; `why` it could not go on."""

    candidate: dict[str, list[Outcome]] = field(default_factory=dict)
    base: dict[str, list[Outcome]] = field(default_factory=dict)
    why: str = ""
    base_why: str = ""

    def counts(self, claim: Claim) -> dict[str, Counts]:
        """The trials of each changed case so far."""
        return {
            name: counted(before, self.candidate.get(name, ()), self.base.get(name, ()))
            for name, before in claim.changed.items()
        }

    @property
    def trials(self) -> tuple[int, int]:
        """How many were added on each side."""
        return sum(map(len, self.candidate.values())), sum(map(len, self.base.values()))


class ProvingRun:
    """Settles the claims of one evaluation, one comparison after the other.

    `left` says how many trials may still be asked, before each round; None leaves it to the claims.
    """

    def __init__(
        self,
        parts: Parts,
        comparing: Comparing,
        observe: Observer,
        redactions: tuple[str, ...],
        left: Callable[[], int | None] = lambda: None,
    ) -> None:
        self._left = left
        self._asked = 0
        self._parts = parts
        self._comparing = comparing
        self._observe = observe
        self._redactions = redactions
        self._runner: Runner | None = None
        self._stopped = False

    def stop(self) -> None:
        """Begin no further trial; those in flight are finished."""
        self._stopped = True
        if self._runner is not None:
            self._runner.stop()

    async def prove(
        self, plan: EvalsetPlan, comparison: Comparison, counts: Mapping[str, Counts]
    ) -> Comparison:
        """The comparison with its proof, and with the trials that were added to its cases.

        `counts` are the judged trials of the cases that count.
        """
        margin = comparison.gate.prove
        if margin is None or not counts:
            return comparison
        claim = claim_of(margin, comparison.deltas, counts, plan.evalset.max_trials)
        if trivial(claim):
            return replace(comparison, proof=without_trials(claim))
        suspects = {name: self._comparing.suspect(plan, comparison, name) for name in claim.changed}
        asked = _Asked()
        proof = await self._settle(claim, suspects, asked, comparison)
        added = [o for side in (asked.candidate, asked.base) for found in side.values() for o in found]
        called = [o.response.cost for o in added if o.source is Source.CALLED and o.response is not None]
        known = [cost for cost in called if cost is not None]
        proof = replace(proof, calls=len(called), cost=sum(known) if len(known) == len(called) else None)
        deltas = [
            replace(delta, added=Added(tuple(base), tuple(candidate))) if base or candidate else delta
            for delta in comparison.deltas
            for base, candidate in [(asked.base.get(delta.case_id), asked.candidate.get(delta.case_id))]
            for base, candidate in [(base or [], candidate or [])]
        ]
        return with_luck(replace(comparison, proof=proof, deltas=tuple(deltas)))

    async def _settle(
        self, claim: Claim, suspects: Mapping[str, Suspect], asked: _Asked, comparison: Comparison
    ) -> Proof:
        found = look(claim, claim.changed, 0)
        for number, target in enumerate(claim.looks[1:], start=1):
            if found.proof is not Standing.GO_ON:
                return proof_of(claim, found, number - 1, asked.trials)
            if not await self._round(claim, suspects, asked, target, comparison):
                return proof_of(claim, found, number - 1, asked.trials, asked.why)
            found = look(claim, asked.counts(claim), number)
        return proof_of(claim, found, len(claim.looks) - 1, asked.trials, asked.base_why)

    async def _round(
        self,
        claim: Claim,
        suspects: Mapping[str, Suspect],
        asked: _Asked,
        target: int,
        comparison: Comparison,
    ) -> bool:
        """Brings each case to so many trials; False where not all could be had: then none of them count."""
        trials = {
            id(trial): (side, trial)
            for side, trial in self._trials(asked.counts(claim), suspects, asked, target, comparison)
        }
        if self._stopped:
            asked.why = "the run was interrupted"
            return False
        left = self._left()
        if left is not None and self._asked + len(trials) > left:
            asked.why = "no more calls were allowed for it (--confirm)"
            return False
        self._asked += len(trials)
        self._observe(Proving(comparison.title, target, len(trials)))
        round_ = _Round(self._observe)
        parts = self._parts
        scoring = _Scoring(parts, suspects)
        self._runner = Runner(parts.asker, scoring, round_, parts.workers, Purpose.PROVE)
        done = await self._runner.run(round_.while_answered(trial for _, trial in trials.values()))
        if round_.why or len(done) < len(trials):
            asked.why = round_.why or "the run was interrupted"
            return False
        for trial, outcome in sorted(done, key=lambda one: one[0].number):
            side = asked.candidate if trials[id(trial)][0] == "candidate" else asked.base
            side.setdefault(trial.case.id, []).append(redact_outcome(outcome, self._redactions))
        return True

    def _trials(
        self,
        counts: Mapping[str, Counts],
        suspects: Mapping[str, Suspect],
        asked: _Asked,
        target: int,
        comparison: Comparison,
    ) -> Iterator[tuple[str, Trial]]:
        """What is missing of each case, all cases and both sides in turn."""
        missing = {name: needed(one, target) for name, one in counts.items()}
        variant = comparison.variant.name
        base_variant = reference_of(comparison.against) or variant
        bases = {name: self._base(suspects[name], asked) for name, (_, base) in missing.items() if base}
        for turn in range(max((max(both) for both in missing.values()), default=0)):
            for name, (candidate, base) in missing.items():
                suspect, other = suspects[name], bases.get(name)
                if turn < candidate:
                    number = len(asked.candidate.get(name, ())) + turn
                    yield "candidate", _trial(suspect, suspect.candidate, variant, number)
                if turn < base and other is not None:
                    number = len(asked.base.get(name, ())) + turn
                    yield "base", _trial(suspect, other, base_variant, number)

    def _base(self, suspect: Suspect, asked: _Asked) -> Question | None:
        """What to ask the base; None where its version is not at hand: then its record has to do."""
        try:
            return suspect.base()
        except UserError as error:
            asked.base_why = f"the base prompt could not be asked: {error.problems[0].message}"
            return None


class _Round:
    """Watches one round: no further trial is begun once one was not answered, or could not be judged."""

    def __init__(self, observe: Observer) -> None:
        self._observe = observe
        self.why = ""

    def __call__(self, event: Event) -> None:
        if isinstance(event, Finished) and event.outcome.passed is None and not self.why:
            self.why = event.outcome.unjudged or "no answer"
        self._observe(event)

    def while_answered(self, trials: Iterator[Trial]) -> Iterator[Trial]:
        """The trials, until one fails."""
        for trial in trials:
            if self.why:
                return
            yield trial


class _Scoring:
    """Today's scorers of a case, on both sides; judges that compare do so with the accepted answer."""

    def __init__(self, parts: Parts, suspects: Mapping[str, Suspect]) -> None:
        self._parts = parts
        self._suspects = suspects

    async def __call__(self, trial: Trial, response: Response, source: Source) -> tuple[NamedScore, ...]:
        suspect = self._suspects[trial.case.id]
        specs = suspect.plan.evalset.scorers_of(suspect.case)
        return await self._parts.scoring.score(
            specs, suspect.case, trial.request, response, accepted=suspect.accepted, trial=trial.number
        )


def _trial(suspect: Suspect, question: Question, variant: str, number: int) -> Trial:
    return Trial(
        group=suspect.plan.evalset.name,
        case=suspect.case,
        variant=variant,
        number=question.first_trial + number,
        request=question.request,
        model=question.model,
    )
