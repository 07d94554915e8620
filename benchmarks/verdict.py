"""The verdict, measured: simulated pull requests a cell, beside the rules that are usual today.

`python -m benchmarks.verdict [--repetitions N] [--quick]`
"""

import argparse
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import numpy as np

from benchmarks.harness import function, show
from benchmarks.naive import RULES, fails
from benchmarks.simulated import (
    CHANGES,
    Change,
    Judged,
    Proved,
    World,
    drifted_pull_request,
    proved,
    pull_request,
)
from llmops_cli.comparison.proving import looks
from llmops_cli.comparison.rule import Compared, judge
from llmops_cli.stats.intervals import wilson
from llmops_cli.stats.permutation import GradedCase
from llmops_cli.stats.sequential import Proof
from llmops_cli.stats.stratified import Counts

T = TypeVar("T")
REPETITIONS = 1000
_CLOSE = 4
"""So many times the repetitions for sets of up to 50 cases in the main table, whose targets are close."""
PROCESSES = 2
LOOKS = looks(3, 30)
"""As the product looks: 3 trials a case in the run, `max_trials` 30."""
_CHUNK = 50
_NAIVE = ((20, 1, 1), (50, 1, 1), (1000, 1, 1), (20, 3, 10), (50, 3, 10), (100, 3, 10), (1000, 3, 10))
"""Cases, trials and trials on record, of the usual rules."""
_TARGETS: dict[tuple[int, int], tuple[float, ...]] = {
    (20, 3): (5, 73, 96, 99, 3),
    (50, 3): (5, 97, 99.5, 99, 2),
    (100, 3): (5, 99, 99.5, 97, 2),
    (1000, 3): (5, 99, 99.5, 97, 2),
    (20, 1): (5, 0, 95, 96, 36),
    (50, 1): (5, 0, 99.5, 96, 25),
}
"""To reach by (n, trials), in per cent: unchanged, -10 points, 10 % break, one breaks, extra calls."""


@dataclass(frozen=True)
class Cell:
    """How often one kind of pull request failed, and why; calls beyond the candidate's own."""

    failed: int
    of: int
    by_set: int
    by_case: int
    extra: float
    covered: int
    drifted: int

    @property
    def percent(self) -> float:
        """Failed, in per cent."""
        return 100 * self.failed / self.of


def main(arguments: Sequence[str] = ()) -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verdict", description=__doc__)
    parser.add_argument("--repetitions", type=int, default=REPETITIONS, help="pull requests a cell")
    parser.add_argument("--quick", action="store_true", help="100 a cell, small sets only")
    parser.add_argument("--main", action="store_true", help="the main table only")
    parser.add_argument("--drift", action="store_true", help="the table of models that changed only")
    parser.add_argument("--speed", action="store_true", help="how long a verdict takes only")
    given = parser.parse_args(list(arguments))
    if given.speed:
        _speed_table()
        return
    repetitions = 100 if given.quick else given.repetitions
    began = time.perf_counter()
    with ProcessPoolExecutor(PROCESSES) as pool:
        runs = _Runs(pool, repetitions)
        if given.drift:
            _drift_table(runs)
        else:
            _main_table(runs, (20, 50) if given.quick else (20, 50, 100, 1000))
        if not (given.main or given.drift):
            _naive_table(runs)
            _further_table(runs)
            _drift_table(runs)
            _coverage_table(runs)
            _prove_table(runs)
            _speed_table()
    half = 100 * (wilson(repetitions // 20, repetitions).high - 0.05)
    print(
        f"\n{repetitions:,} simulated pull requests a cell ({_CLOSE} times as many in the main table up to "
        f"50 cases), {time.perf_counter() - began:.0f} s; "
        f"a share of 5 % is known to about ±{half:.1f} points."
    )


class _Runs:
    """Spreads repetitions over processes; the same seeds for the same cell every time."""

    def __init__(self, pool: ProcessPoolExecutor, repetitions: int) -> None:
        self._pool = pool
        self.repetitions = repetitions
        self._known: dict[tuple[World, Change], Cell] = {}

    def collect(self, one: Callable[[np.random.Generator], T], name: str, times: int = 1) -> list[T]:
        """`one`, so many times the repetitions."""
        repetitions = self.repetitions * times
        sizes = [_CHUNK] * (repetitions // _CHUNK)
        if rest := repetitions % _CHUNK:
            sizes.append(rest)
        seeds = [(zlib.crc32(name.encode()), number) for number in range(len(sizes))]
        parts = self._pool.map(partial(_many, one), seeds, sizes)
        return [found for part in parts for found in part]

    def cell(self, world: World, change: Change, times: int = 1) -> Cell:
        """The product's rule on one kind of pull request."""
        if (world, change) in self._known:
            return self._known[world, change]
        found = self.collect(partial(_pull_request, world, change), f"{world} {change}", times)
        cell = Cell(
            sum(one.failed for one in found),
            len(found),
            sum(one.by_set for one in found),
            sum(one.by_case for one in found),
            sum(one.extra_calls for one in found) / sum(one.calls for one in found),
            sum(one.covered for one in found),
            sum(one.drifted for one in found),
        )
        self._known[world, change] = cell
        return cell


def _many(one: Callable[[np.random.Generator], T], seed: tuple[int, int], size: int) -> list[T]:
    rng = np.random.default_rng(seed)
    return [one(rng) for _ in range(size)]


def _pull_request(world: World, change: Change, rng: np.random.Generator) -> Judged:
    return replace(pull_request(world, change, rng), findings=())


def _main_table(runs: _Runs, sizes: Sequence[int]) -> None:
    rows = []
    for trials, base_trials in ((3, 10), (1, 1), (3, 3)):
        for n in sizes if base_trials != 3 else sizes[:2]:
            world, times = World(n, trials, base_trials), _CLOSE if n <= 50 else 1
            cells = [runs.cell(world, change, times) for change in CHANGES]
            wanted = _TARGETS.get((n, trials)) if base_trials != 3 else None
            rows.append([str(n), f"{trials}, {base_trials}", *_row(cells, wanted)])
    header = ("n", "trials, on record", *CHANGES, "extra calls", "unchanged: set + case")
    show("The product's rule: how often a pull request fails", header, rows)


def _row(cells: Sequence[Cell], wanted: Sequence[float] | None = None) -> list[str]:
    said = []
    for place, cell in enumerate(cells):
        text = f"{cell.percent:.1f} %"
        if wanted and wanted[place]:
            met = cell.percent <= wanted[place] if place == 0 else cell.percent >= wanted[place]
            sign = "≤" if place == 0 else "≥"
            text += f" ({'met' if met else 'MISSED'}: {sign} {wanted[place]:g})"
        said.append(text)
    extra = 100 * cells[0].extra
    text = f"{extra:.1f} %"
    if wanted:
        text += f" ({'met' if extra <= wanted[4] else 'MISSED'}: ≤ {wanted[4]:g})"
    return [*said, text, f"{cells[0].by_set} + {cells[0].by_case} of {cells[0].of}"]


def _naive_table(runs: _Runs) -> None:
    rows = []
    for name in RULES:
        for n, trials, base_trials in _NAIVE:
            if (name == "paired t on case means" and trials == 1) or (name.startswith("unc") and trials == 1):
                continue
            world = World(n, trials, base_trials)
            shares = [
                sum(runs.collect(partial(fails, name, world, change), f"{name} {world} {change}"))
                for change in CHANGES
            ]
            said = [f"{100 * share / runs.repetitions:.0f} %" for share in shares]
            rows.append([name, str(n), f"{trials}, {base_trials}", *said])
    show("Rules that are usual today", ("rule", "n", "trials, on record", *CHANGES), rows)


def _further_table(runs: _Runs) -> None:
    worlds = {
        "20 evalsets, one exit code (the first changed)": World(20, sets=20),
        "baseline: the best of three records of 10": World(20, best_of=3),
        "the same, n = 50": World(50, best_of=3),
        "baseline: all 30 trials of those three kept": World(20, base_trials=30),
        "all cases reliable": World(50, mix="reliable"),
        "half of the cases coin-like": World(50, mix="half coins"),
        "clusters of 5 alike": World(50, cluster=5),
        "clusters of 5 alike, generalise": World(100, cluster=5, generalise=True),
        "20 questions of 5 cases each, one call for all 5": World(100, cluster=5, shared=True),
        "5 questions of 4 cases each, the same": World(20, cluster=4, shared=True),
        "graded in quarters, beside the pass rate": World(50, graded=True),
    }
    rows = []
    for name, world in worlds.items():
        cells = [runs.cell(world, change) for change in CHANGES]
        rows.append([name, str(world.n), f"{world.trials}, {world.base_trials}", *_row(cells)])
    header = ("3 trials", "n", "trials, on record", *CHANGES, "extra calls", "unchanged: set + case")
    show("Further worlds", header, rows)


def _drift_table(runs: _Runs) -> None:
    """The accepted prompt against its own record: never by luck, and seen where the model changed."""
    rows = []
    for mix in ("mixed", "half coins"):
        for n, trials, base_trials in ((20, 1, 1), (20, 3, 3), (100, 1, 1), (100, 3, 3), (100, 3, 9)):
            world = World(n, trials, base_trials, mix=mix)
            kept = [runs.cell(world, change) for change in CHANGES[:3]]
            said = [f"{100 * cell.drifted / cell.of:.1f} %" for cell in kept]
            for left in (0.5, 0.2, 0.02):
                found = runs.collect(partial(_drifted, world, left), f"drift {world} {left}")
                seen, failed = (100 * sum(part) / len(found) for part in zip(*found, strict=True))
                said.append(f"{seen:.0f} %, {failed:.0f} %")
            rows.append([mix, str(n), f"{trials}, {base_trials}", *said])
    header = (
        "cases",
        "n",
        "trials, on record",
        *CHANGES[:3],
        "model keeps 50 %",
        "20 %",
        "2 %: seen, prompt blamed",
    )
    show("The accepted prompt contradicts its record (p <= 0.001)", header, rows)


def _drifted(world: World, left: float, rng: np.random.Generator) -> tuple[bool, bool]:
    found = drifted_pull_request(world, left, rng)
    return found.drifted, found.failed


def _coverage_table(runs: _Runs) -> None:
    rows = []
    for n, trials, base_trials in ((20, 3, 10), (100, 3, 10), (20, 1, 1), (100, 1, 1), (50, 5, 5)):
        cells = [runs.cell(World(n, trials, base_trials), change) for change in CHANGES]
        said = [f"{100 * cell.covered / cell.of:.1f} %" for cell in cells]
        rows.append([str(n), f"{trials}, {base_trials}", *said])
    title = "One-sided 95 % bound of the drop: how often it holds"
    show(title, ("n", "trials, on record", *CHANGES), rows)


def _prove_table(runs: _Runs) -> None:
    rows = []
    for n in (20, 50, 100):
        for change in CHANGES[:3]:
            world = World(n)
            one = partial(proved, world, change, 0.05, LOOKS)
            found: list[Proved] = runs.collect(one, f"prove {world} {change}")
            shares = [
                f"{100 * sum(p.proof is proof for p in found) / len(found):.1f} %"
                for proof in (Proof.PROVEN, Proof.REFUTED, Proof.UNDECIDED)
            ]
            trials = f"{np.mean([p.trials for p in found]):.1f}"
            base = f"{np.mean([p.base_trials for p in found]):.1f}"
            rows.append([str(n), change, *shares, trials, base])
    header = ("n", "change", "PASS", "REGRESSION", "INCONCLUSIVE", "trials a case", "of the base, fresh")
    show(f"prove: 5 %, looks after {', '.join(map(str, LOOKS))} trials, 10 on record", header, rows)


def _speed_table() -> None:
    rng = np.random.default_rng(1)
    rows = []
    for n, trials, base_trials in ((1_000, 3, 10), (10_000, 5, 5), (10_000, 5, 10)):
        rates = rng.beta(2, 1.2, n)
        pairs = zip(rng.binomial(trials, rates), rng.binomial(base_trials, rates), strict=True)
        cases = {str(i): Counts(int(a), trials, int(b), base_trials) for i, (a, b) in enumerate(pairs)}
        rows.append(_speed(n, trials, base_trials, "", Compared("speed", cases)))
    metrics = {"unchanged": 0.0, "a drop of 5 %": 0.05}
    for n, trials, base_trials in ((200, 3, 30), (1_000, 5, 10), (10_000, 5, 10)):
        counts = {str(i): Counts(trials, trials, base_trials, base_trials) for i in range(n)}
        for name, drop in metrics.items():
            mine, theirs = rng.random((n, trials)) * (1 - drop), rng.random((n, base_trials))
            for kind, grid in (("quarters", 4), ("any number", None)):
                sides = [one if grid is None else np.round(grid * one) / grid for one in (mine, theirs)]
                both = zip(*(side.tolist() for side in sides), strict=True)
                graded = {str(i): GradedCase(tuple(a), tuple(b)) for i, (a, b) in enumerate(both)}
                compared = Compared("speed", counts, graded={"metric": graded})
                rows.append(_speed(n, trials, base_trials, f"{kind}, {name}", compared))
    header = ("cases", "trials, on record", "and a gated metric", "processor time", "target")
    show("How long a verdict takes", header, rows)


def _speed(n: int, trials: int, base_trials: int, metric: str, compared: Compared) -> list[str]:
    took = function(partial(judge, [compared]))
    return [f"{n:,}", f"{trials}, {base_trials}", metric, f"{took.cpu * 1000:.0f} ms", "1 s"]


if __name__ == "__main__":
    main(sys.argv[1:])
