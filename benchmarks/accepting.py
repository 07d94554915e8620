"""What `accept` should keep: an edit without effect against the record that the accept before it left.

`python -m benchmarks.accepting [--repetitions N]`

A prompt is changed without effect, judged, and accepted once it passes; then it is changed once more. The share of
those last edits that fail is an error of the verdict, and it depends on what was kept. Trials that are asked only where
others went badly make up for bad luck and leave good luck alone: kept, they make the record better than the prompt is.
"""

import argparse
import sys
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.harness import show
from benchmarks.simulated import Passes, Rates, World, confirmed, rates_of
from llmops_cli.comparison.proving import looks
from llmops_cli.comparison.rule import Compared, Examined, judge
from llmops_cli.comparison.suspects import plans, worth_the_rest
from llmops_cli.stats.intervals import wilson
from llmops_cli.stats.sequential import Proof, look
from llmops_cli.stats.stratified import Counts

REPETITIONS = 1000
_CHUNK = 50


@dataclass(frozen=True)
class Record:
    """Passes and trials of each case."""

    passes: Passes
    trials: Passes

    def above(self, rates: Rates) -> float:
        """By how many points its pass rate lies above the truth, on average over the cases."""
        return float(100 * (self.passes / self.trials - rates).mean())


@dataclass(frozen=True)
class Next:
    """What became of the last edit: did it fail, and how far its record lay above the truth."""

    failed: bool
    above: float


Story = Callable[[np.random.Generator], Next]


def after_confirming(world: World, rng: np.random.Generator, *, keep: bool) -> Next:
    """Two edits are accepted after another; `keep` the trials of their confirmations, too."""
    rates = rates_of(world, rng)
    record = _record(rng.binomial(world.base_trials, rates), world.base_trials)
    for _ in range(2):
        failed = True
        while failed:
            passes, examined, failed = _edit(world, rates, record, rng)
        record = _record(passes, world.trials)
        for case, one in examined.items() if keep else ():
            record.passes[case] += one.fresh.passes
            record.trials[case] += one.fresh.trials
    return Next(_edit(world, rates, record, rng)[2], record.above(rates))


def after_proving(world: World, margin: float, rng: np.random.Generator, *, keep: bool) -> Next:
    """An edit is accepted once it is proven; `keep` all of its trials, or those before the first look."""
    rates, planned = rates_of(world, rng), looks(world.trials, 30)
    proof = Proof.GO_ON
    while proof is not Proof.PROVEN:
        passes, base = rng.binomial(world.trials, rates), rng.binomial(world.base_trials, rates)
        first, trials, base_trials, share = (
            _record(passes, world.trials),
            world.trials,
            world.base_trials,
            0.0,
        )
        for number in planned:
            more = max(0, number - base_trials)
            passes, base = passes + rng.binomial(number - trials, rates), base + rng.binomial(more, rates)
            trials, base_trials, now = number, base_trials + more, number / planned[-1]
            strata = [Counts(int(a), trials, int(b), base_trials) for a, b in zip(passes, base, strict=True)]
            proof, share = look(strata, margin, now, share).proof, now
            if proof is not Proof.GO_ON:
                break
    record = _record(passes, trials) if keep else first
    return Next(_edit(world, rates, record, rng)[2], record.above(rates))


def _record(passes: Passes, trials: int) -> Record:
    return Record(passes.copy(), np.full(len(passes), trials))


def _edit(
    world: World, rates: Rates, record: Record, rng: np.random.Generator
) -> tuple[Passes, Mapping[int, Examined], bool]:
    """An edit without effect: the candidate's passes, what was asked again, and whether it fails."""
    passes = rng.binomial(world.trials, rates)
    sides = zip(passes, record.passes, record.trials, strict=True)
    cases = {str(n): Counts(int(a), world.trials, int(b), int(k)) for n, (a, b, k) in enumerate(sides)}
    compared = [Compared("simulated", cases)]
    examined: dict[tuple[int, str], Examined] = {}
    for key, plan in plans(compared).items():
        if plan.reachable and (not plan.reserve or worth_the_rest(key[0], examined)):
            rate = float(rates[int(key[1])])
            examined[key] = confirmed(plan, rate, rate, rng)
    (found,) = judge(compared, examined)
    drifted = found.drift is not None and found.drift.shown
    failed = bool(found.confirmed) or (found.worse and not drifted)
    return passes, {int(case): one for (_, case), one in examined.items()}, failed


def main(arguments: Sequence[str] = ()) -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accepting", description=__doc__)
    parser.add_argument("--repetitions", type=int, default=REPETITIONS, help="pull requests a cell")
    repetitions = parser.parse_args(list(arguments)).repetitions
    began = time.perf_counter()
    with ProcessPoolExecutor(2) as pool:
        row = partial(_row, pool, repetitions)
        confirming = [
            [mix, str(n), str(k), *row(partial(after_confirming, World(n, k, k, mix=mix)), f"{mix} {n} {k}")]
            for mix in ("mixed", "half coins")
            for n, k in ((20, 1), (50, 1), (100, 1), (50, 3), (100, 3))
        ]
        proving = [
            [str(n), f"{100 * margin:.0f} %", *row(partial(after_proving, World(n), margin), f"{n} {margin}")]
            for n, margin in ((50, 0.05), (100, 0.05), (100, 0.1))
        ]
    print(
        "\nHow far the record lies above the truth, and how often the next unchanged prompt fails, by what was kept."
    )
    kept = ("the run's trials", "and those of the confirmation")
    show("Accepted after a confirmation", ("cases", "n", "trials", *kept), confirming)
    kept = ("the run's first trials", "and those of the proof")
    show("Accepted after a proof; 3 trials, 10 on record", ("n", "margin", *kept), proving)
    half = 100 * (wilson(repetitions // 20, repetitions).high - 0.05)
    print(
        f"\n{repetitions:,} simulated pull requests a cell, {time.perf_counter() - began:.0f} s; "
        f"a share of 5 % is known to about ±{half:.1f} points."
    )


def _row(pool: ProcessPoolExecutor, repetitions: int, story: Callable[..., Next], name: str) -> list[str]:
    """Both ways to accept, on the same draws as far as they go alike."""
    said = []
    for keep in (False, True):
        seeds = [(zlib.crc32(name.encode()), number) for number in range(max(1, repetitions // _CHUNK))]
        parts = pool.map(partial(_many, partial(story, keep=keep)), seeds)
        found = [one for part in parts for one in part]
        failed = sum(one.failed for one in found) / len(found)
        said.append(f"{np.mean([one.above for one in found]):+.1f} points, {100 * failed:.1f} %")
    return said


def _many(story: Story, seed: tuple[int, int]) -> list[Next]:
    rng = np.random.default_rng(seed)
    return [story(rng) for _ in range(_CHUNK)]


if __name__ == "__main__":
    main(sys.argv[1:])
