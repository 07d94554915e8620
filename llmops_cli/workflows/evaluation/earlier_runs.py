"""The other runs of the same prompt at this desk, back to the last `accept`.

The last of several runs is the one after which somebody stopped, most often because it went well. A baseline of
its answers alone would be better than the prompt is; so `accept` takes the trials of all of them, and a run says
how many there were.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from llmops_cli.domain.outcome import EvalsetRun, Outcome, Run, Source
from llmops_cli.errors import UserError
from llmops_cli.store.run_store import load_result, runs_since_accepted


@dataclass
class OtherTrials:
    """What the other runs asked, by (case, variant), oldest first; `taken` is what became of it."""

    trials: Mapping[tuple[str, str], Sequence[tuple[str, Outcome]]] = field(default_factory=dict)
    """The run's id beside each outcome."""
    taken: list[str] = field(default_factory=list)
    """The run of each trial that was taken."""

    def beside(
        self, key: tuple[str, str], own: Sequence[Outcome], on_record: set[str], most: int
    ) -> list[Outcome]:
        """The trials of a case: those of the other runs, then the run's own; at most `most`, the oldest go.

        Only whole trials of the same request by the same rulers, and each call once.
        """
        known = on_record | {o.response.call_id for o in own if o.response and o.response.call_id}
        found: list[tuple[str, Outcome]] = []
        for run, outcome in reversed(self.trials.get(key, ())):
            call = outcome.response.call_id if outcome.response else None
            if call is None or call in known or not _comparable(outcome, own[0]):
                continue
            known.add(call)
            found.append((run, outcome))
        found = found[: max(0, most - len(own))][::-1]
        self.taken += [run for run, _ in found]
        return [*(outcome for _, outcome in found), *own]


def other_trials(root: Path, part: EvalsetRun, run_id: str) -> OtherTrials:
    """What the kept runs since the last `accept` asked of this evalset; a run that cannot be read is passed by."""
    found = [
        (run.id, outcome)
        for run in map(_read, _paths(root, part))
        if run is not None and run.id != run_id
        for other in _of_evalset(run, part)
        for group in other.by_case().values()
        for outcome in group
    ]
    keyed = sorted(found, key=lambda one: (one[1].case_id, one[1].variant))  # stable: the oldest stay first
    by_case = groupby(keyed, key=lambda one: (one[1].case_id, one[1].variant))
    return OtherTrials({key: tuple(group) for key, group in by_case})


def runs_before(root: Path, parts: Sequence[EvalsetRun]) -> int:
    """How many kept runs since the last `accept` had asked what a run of these `parts` asked anew; of its questions,
    the one that was asked most often counts.

    Which call answered decides, as everywhere: a run that is answered from the cache is no second one, nor is one
    that asks what an outage or an interruption left out, or a case that is new.
    """
    looks = [_Looks(part, frozenset(_paths(root, part))) for part in parts if _asked(part, ())]
    for path in sorted({path for look in looks for path in look.paths}):
        run = _read(path)  # once, however many evalsets it holds
        for look in looks:
            if run is not None and path in look.paths:
                look.take(run)
    return max((look.most for look in looks), default=0)


@dataclass
class _Looks:
    """How often each request of an evalset was asked, in which files, and by which calls; the oldest first."""

    part: EvalsetRun
    paths: frozenset[Path]
    known: set[str] = field(default_factory=set)
    before: Counter[str] = field(default_factory=Counter)

    def take(self, run: Run) -> None:
        for other in _of_evalset(run, self.part):
            if not run.interrupted:
                self.before.update(_asked(other, self.known))
            self.known |= {o.response.call_id for o in other.outcomes if o.response and o.response.call_id}

    @property
    def most(self) -> int:
        return max((self.before[request] for request in _asked(self.part, self.known)), default=0)


def _asked(part: EvalsetRun, known: Collection[str]) -> set[str]:
    """The requests that were asked by other calls than the known ones, and answered as often as was wanted."""
    return {
        outcome.fingerprint
        for outcomes in part.by_case().values()
        if all(outcome.passed is not None for outcome in outcomes)
        for outcome in outcomes
        if outcome.source in (Source.CALLED, Source.RECORDING)
        and outcome.response
        and outcome.response.call_id
        if outcome.response.call_id not in known
    }


def _paths(root: Path, part: EvalsetRun) -> list[Path]:
    """The kept runs since the last `accept` that name the evalset's prompts, oldest first."""
    digests = {variant.prompt_digest for variant in part.variants}
    return runs_since_accepted(root, part.evalset.path, digests)[::-1]


def _read(path: Path) -> Run | None:
    try:
        return load_result(path).run
    except UserError:
        return None


def _of_evalset(run: Run, part: EvalsetRun) -> list[EvalsetRun]:
    return [other for other in run.evalsets if other.evalset.path == part.evalset.path]


def _comparable(outcome: Outcome, own: Outcome) -> bool:
    """A whole trial of the same request, judged as the run's own are."""
    same = outcome.fingerprint == own.fingerprint and outcome.passed is not None
    return same and {(s.name, s.digest) for s in outcome.scores} == {(s.name, s.digest) for s in own.scores}
