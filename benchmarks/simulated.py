"""Simulated pull requests: golden sets whose true pass rates are known, judged by the product's own rule."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from llmops_cli.comparison.confirmation import Plan, Standing, Step, examine
from llmops_cli.comparison.links import Link
from llmops_cli.comparison.rule import Compared, Examined, Finding, judge
from llmops_cli.comparison.suspects import plans, worth_the_rest
from llmops_cli.stats.permutation import GradedCase
from llmops_cli.stats.sequential import Proof, look
from llmops_cli.stats.stratified import Counts, Linked

Rates = np.ndarray[Any, np.dtype[np.float64]]
Passes = np.ndarray[Any, np.dtype[np.int64]]
Change = Literal["unchanged", "-10 points", "10 % break", "one breaks"]
CHANGES: tuple[Change, ...] = ("unchanged", "-10 points", "10 % break", "one breaks")
BROKEN = 0.02
_GRADES = 4


@dataclass(frozen=True)
class World:
    """What is simulated: `n` cases in each of `sets` evalsets, `trials` of the candidate against
    `base_trials` on record. `mix` draws the true pass rates; `best_of`: the base is the best of so many
    records."""

    n: int
    trials: int = 3
    base_trials: int = 10
    sets: int = 1
    mix: str = "mixed"
    best_of: int = 1
    cluster: int = 1
    shared: bool = False
    """The cases of a cluster ask the same, and share every call."""
    generalise: bool = False
    graded: bool = False


@dataclass(frozen=True)
class Judged:
    """One simulated pull request: did it fail, by the sets' test, by a case; which calls it took beyond."""

    failed: bool
    by_set: bool
    by_case: bool
    extra_calls: int
    calls: int
    covered: bool = True
    drifted: bool = False
    """The accepted prompt was seen not to do any more what its record says, in one of the sets."""
    findings: tuple[Finding, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Proved:
    """How a proof ended, and the trials a case it took on each side beyond the record."""

    proof: Proof
    trials: int
    base_trials: int


def rates_of(world: World, rng: np.random.Generator) -> Rates:
    """True pass rates of one golden set."""
    n = world.n // world.cluster
    mixes: Mapping[str, Callable[[], Sequence[Rates]]] = {
        "mixed": lambda: (rng.beta(30, 1, round(0.7 * n)), rng.beta(2, 1.2, n - round(0.7 * n))),
        "reliable": lambda: (rng.beta(30, 1, n),),
        "half coins": lambda: (rng.beta(30, 1, n // 2), rng.beta(8, 8, n - n // 2)),
    }
    return np.repeat(np.concatenate(mixes[world.mix]()), world.cluster)


def changed(rates: Rates, change: Change, rng: np.random.Generator) -> Rates:
    """The candidate's true pass rates."""
    if change == "unchanged":
        return rates
    if change == "-10 points":
        return np.maximum(rates - 0.1, 0.0)
    found = rates.copy()
    if change == "10 % break":
        found[rng.choice(len(rates), max(1, len(rates) // 10), replace=False)] = BROKEN
    else:
        good = np.flatnonzero(rates >= 0.9)
        found[rng.choice(good if len(good) else len(rates))] = BROKEN
    return found


def recorded(world: World, rates: Rates, rng: np.random.Generator) -> Passes:
    """The base's record: passes of each case, in the best of its runs."""
    runs = [rng.binomial(world.base_trials, rates) for _ in range(world.best_of)]
    return max(runs, key=lambda run: int(run.sum()))


def pull_request(world: World, change: Change, rng: np.random.Generator) -> Judged:
    """Draw a golden set and its record, change the prompt (of the first evalset), judge, confirm, judge."""
    truth, compared = [], []
    for place in range(world.sets):
        rates = rates_of(world, rng)
        new = changed(rates, change, rng) if place == 0 else rates
        truth.append((new, rates))
        compared.append(_compared(world, new, rates, rng))
    return _judged(world, compared, truth, rng)


def drifted_pull_request(world: World, left: float, rng: np.random.Generator) -> Judged:
    """A prompt that changes no chance, after the model has kept this share of every case's (1: all of it)."""
    rates = rates_of(world, rng)
    return _judged(world, [_compared(world, rates * left, rates, rng)], [(rates * left, rates * left)], rng)


def _judged(
    world: World, compared: Sequence[Compared], truth: Sequence[tuple[Rates, Rates]], rng: np.random.Generator
) -> Judged:
    """Ask again what is suspicious: `truth` are today's pass rates of candidate and base."""
    examined: dict[tuple[int, str], Examined] = {}
    extra = 0
    for (place, case_id), plan in plans(compared).items():
        if plan.reserve and not worth_the_rest(place, examined):
            continue
        new, old = truth[place]
        known = confirmed(plan, float(new[int(case_id)]), float(old[int(case_id)]), rng)
        examined[place, case_id] = known
        extra += known.fresh.trials + known.fresh.base_trials
    findings = judge(compared, examined)
    by_case = any(finding.confirmed for finding in findings)
    # as in comparison/gate.py: where the accepted prompt itself does worse, the set's drop is not the new one's fault
    sound = [finding for finding in findings if finding.drift is None or not finding.drift.shown]
    by_set = any(test.worse for finding in sound for test in finding.tests)
    drifted = len(sound) < len(findings)
    drop = findings[0].drop
    true = float((truth[0][1] - truth[0][0]).mean())
    covered = drop is None or drop.at_most >= true
    calls = world.n * world.trials * world.sets
    return Judged(by_set or by_case, by_set, by_case, extra, calls, covered, drifted, findings)


def confirmed(plan: Plan, rate: float, base_rate: float, rng: np.random.Generator) -> Examined:
    """Ask fresh trials as the plan goes, until it is settled."""
    fresh, step = Counts(0, 0, 0, 0), Step(Standing.GO_ON, 1.0)
    step = examine(plan, fresh)
    while step.standing is Standing.GO_ON:
        fresh = Counts(
            fresh.passes + int(rng.binomial(step.candidate, rate)),
            fresh.trials + step.candidate,
            fresh.base_passes + int(rng.binomial(step.base, base_rate)),
            fresh.base_trials + step.base,
        )
        step = examine(plan, fresh)
    return Examined(fresh, step)


def proved(
    world: World, change: Change, margin: float, looks: Sequence[int], rng: np.random.Generator
) -> Proved:
    """`gate: {prove: margin}`: trials are added to both sides (the base has its record) until it is
    settled."""
    rates = rates_of(world, rng)
    new = changed(rates, change, rng)
    passes, base = np.zeros(world.n, dtype=np.int64), rng.binomial(world.base_trials, rates)
    trials, base_trials, share = 0, world.base_trials, 0.0
    for number in looks:
        passes = passes + rng.binomial(number - trials, new)
        more = max(0, number - base_trials)
        base = base + rng.binomial(more, rates)
        trials, base_trials = number, base_trials + more
        now = number / looks[-1]
        strata = [Counts(int(a), trials, int(b), base_trials) for a, b in zip(passes, base, strict=True)]
        found = look(strata, margin, now, share)
        share = now
        if found.proof is not Proof.GO_ON:
            break
    return Proved(found.proof, trials, base_trials - world.base_trials)


def _compared(world: World, new: Rates, rates: Rates, rng: np.random.Generator) -> Compared:
    clusters = {str(place): place // world.cluster for place in range(world.n)}
    if world.graded:
        return _graded(world, new, rates, rng)
    if world.shared:
        return _sharing(world, new, rates, rng)
    passes, base = rng.binomial(world.trials, new), recorded(world, rates, rng)
    cases = {
        str(place): Counts(int(a), world.trials, int(b), world.base_trials)
        for place, (a, b) in enumerate(zip(passes, base, strict=True))
    }
    return Compared("simulated", cases, generalise=world.generalise, clusters=clusters)


def _sharing(world: World, new: Rates, rates: Rates, rng: np.random.Generator) -> Compared:
    """Each call of a question passes those of its cases whose chance its luck is below."""
    cases, links = dict[str, Counts](), list[Link]()
    for first in range(0, world.n, world.cluster):
        places = range(first, first + world.cluster)
        calls, base_calls = (
            tuple(tuple(bool(luck < side[place]) for place in places) for luck in rng.random(trials))
            for side, trials in ((new, world.trials), (rates, world.base_trials))
        )
        link = Link(tuple(map(str, places)), Linked(calls, base_calls))
        cases |= zip(link.cases, link.linked.strata if link.linked else (), strict=True)
        links.append(link)
    return Compared("simulated", cases, links=links)


def _graded(world: World, new: Rates, rates: Rates, rng: np.random.Generator) -> Compared:
    """Grades from 0 to 1 in quarters whose mean is the case's rate; a trial passes from one half on."""
    mine = rng.binomial(_GRADES, new[:, None], (world.n, world.trials)) / _GRADES
    theirs = rng.binomial(_GRADES, rates[:, None], (world.n, world.base_trials)) / _GRADES
    cases, grades = {}, {}
    for place, (a, b) in enumerate(zip(mine, theirs, strict=True)):
        passes, base = int((a >= 0.5).sum()), int((b >= 0.5).sum())
        cases[str(place)] = Counts(passes, world.trials, base, world.base_trials)
        grades[str(place)] = GradedCase(tuple(a.tolist()), tuple(b.tolist()))
    return Compared("simulated", cases, {"mean score": grades})
