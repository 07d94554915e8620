"""The verdict through the whole product: real repositories, its own commands, the exit code.

`python -m benchmarks.product [--repetitions N] [--thin N] [--http N]`

Each pull request is a git repository of its own: a golden set, a prompt, accepted trials of it, an edit of the
prompt, and `llmops eval`. The model errs by chance (`benchmarks/stochastic.py`); it is a
`python:` function of the project that does not call itself deterministic, or it stands behind HTTP and LiteLLM. Beside
it the same answers are counted and judged by the function alone: both must say the same, pull request for pull
request. And the function's own simulation (other answers, more of them) says whether the shares agree.
"""

import argparse
import contextlib
import io
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np

from benchmarks import stochastic
from benchmarks.harness import show
from benchmarks.projects import commit, project
from benchmarks.simulated import CHANGES, Change, World, changed, pull_request, rates_of
from benchmarks.stochastic import Chances
from llmops_cli.cli import main as product
from llmops_cli.comparison.confirmation import Plan, Standing, examine
from llmops_cli.comparison.rule import Compared, Examined, judge
from llmops_cli.comparison.suspects import plans, worth_the_rest
from llmops_cli.errors import ExitCode
from llmops_cli.stats.intervals import Interval, clopper_pearson
from llmops_cli.stats.stratified import Counts
from tests.support.model_server import ModelServer

WORLDS = (World(20), World(50), World(20, 1, 1), World(50, 1, 1))
REPETITIONS, THIN_REPETITIONS, HTTP_REPETITIONS, OF_THE_FUNCTION = 200, 50, 20, 1000
_OLD, _NEW = "1", "2"
_PROMPT = """\
model: {model}
inputs: {{n: {{}}}}
messages:
  - {{role: system, content: "version {version}"}}
  - {{role: user, content: "case {{{{ n }}}}"}}
"""
_FUNCTION = "from benchmarks.stochastic import answer\n"


@dataclass(frozen=True)
class Both:
    """One pull request: what the product's exit code said, and the function on the same answers."""

    exit_code: ExitCode
    extra: int
    fails: bool
    function_extra: int

    @property
    def same(self) -> bool:
        """One verdict, and the same calls."""
        code = ExitCode.REGRESSION if self.fails else ExitCode.PASS
        return self.exit_code == code and self.extra == self.function_extra


@dataclass(frozen=True)
class Share:
    """So many pull requests failed, of so many; calls of the confirmation by the candidate's own."""

    failed: int
    of: int
    extra: float

    @property
    def interval(self) -> Interval:
        """Of the share, exact, 95 %."""
        return clopper_pearson(self.failed, self.of)

    def __str__(self) -> str:
        low, high = 100 * self.interval.low, 100 * self.interval.high
        return f"{100 * self.failed / self.of:.1f} % ({low:.1f} to {high:.1f})"


def main(arguments: Sequence[str] = ()) -> None:
    """Print the table, a row a cell."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.product", description=__doc__)
    parser.add_argument("--repetitions", type=int, default=REPETITIONS, help="pull requests a cell")
    parser.add_argument("--thin", type=int, default=THIN_REPETITIONS, help="the same, one trial against one")
    parser.add_argument("--http", type=int, default=HTTP_REPETITIONS, help="pull requests a cell over HTTP")
    given = parser.parse_args(list(arguments))
    began, rows = time.perf_counter(), []
    functions = {(world, change): of_the_function(world, change) for world in WORLDS for change in CHANGES}
    for name, wanted in (("python", given.repetitions), ("HTTP, LiteLLM", given.http)):
        for (world, change), function in functions.items():
            count = wanted
            if world.trials == 1:
                count = given.thin if name == "python" else 0
            if not count:
                continue
            title = f"{name}, {world.n}, {world.trials}, {change}"
            with _host(over_http=name != "python") as files:
                found = [both(files, world, change, f"{title} {number}") for number in range(count)]
            against = f"{world.trials}, {world.base_trials}"
            rows.append([name, str(world.n), against, change, *_row(found, function, world)])
            print(f"{time.perf_counter() - began:.0f} s: {' | '.join(rows[-1])}", file=sys.stderr)
    header = ("through", "n", "trials, on record", "change", "pull requests", "product fails", "function fails",
              "agree", "same verdict and calls on the same answers", "extra calls, function's")  # fmt: skip
    show("Through the product", header, rows)
    print(
        f"\n{time.perf_counter() - began:.0f} s; function: {OF_THE_FUNCTION:,} pull requests of its own a cell."
    )


def _row(found: Sequence[Both], function: Share, world: World) -> list[str]:
    failed = sum(one.exit_code == ExitCode.REGRESSION for one in found)
    undecided = sum(one.exit_code not in (ExitCode.REGRESSION, ExitCode.PASS) for one in found)
    share = Share(failed, len(found), sum(one.extra for one in found) / (len(found) * world.n * world.trials))
    apart = share.interval.high < function.interval.low or function.interval.high < share.interval.low
    same = f"{sum(one.same for one in found)} of {len(found)}"
    return [
        str(len(found)) + (f", {undecided} without a verdict" if undecided else ""),
        str(share), str(function), "NO" if apart else "yes", same,
        f"{100 * share.extra:.1f} %, {100 * function.extra:.1f} %",
    ]  # fmt: skip


def of_the_function(world: World, change: Change, repetitions: int = OF_THE_FUNCTION) -> Share:
    """The rule alone, on answers of its own."""
    rng = np.random.default_rng([world.n, world.trials, CHANGES.index(change)])
    found = [pull_request(world, change, rng) for _ in range(repetitions)]
    extra = sum(one.extra_calls for one in found) / sum(one.calls for one in found)
    return Share(sum(one.failed for one in found), repetitions, extra)


def both(files: Callable[[str], dict[str, str]], world: World, change: Change, seed: str) -> Both:
    """Draw a golden set, let the product judge a pull request, and count the same answers without it."""
    rng = np.random.default_rng(list(seed.encode()))
    rates = rates_of(world, rng)
    rates_now = changed(rates, change, rng)
    chances = Chances(seed, {_OLD: rates.tolist(), _NEW: rates_now.tolist()})
    stochastic.set_chances(chances)
    cases = "".join(f"  - {{id: '{case}', vars: {{n: {case}}}}}\n" for case in range(world.n))
    evalset = f"prompt: p\ntrials: {world.trials}\nscorers: [{{equals: right}}]\ncases:\n{cases}"
    with project({**files(_OLD), "evalsets/p.yaml": evalset}) as root:
        _expect(_llmops(root, "eval", "--trials", str(world.base_trials)), "the first run")
        _expect(_llmops(root, "accept"), "accepting it")
        commit(root, "accept")
        for path, text in files(_NEW).items():
            (root / path).write_text(text, encoding="utf-8")
        commit(root, "another wording")
        code = _llmops(root, "eval")
    fails, extra = judged(chances, world)
    planned = world.n * (world.trials + world.base_trials)
    return Both(code, chances.asked.total() - planned, fails, extra)


def judged(chances: Chances, world: World) -> tuple[bool, int]:
    """The function's verdict on these answers, and the calls of its confirmation."""

    def passes(version: str, case: int, numbers: range) -> int:
        return sum(chances.passes(version, case, number) for number in numbers)

    mine, theirs = range(world.trials), range(world.base_trials)
    cases = {
        str(case): Counts(
            passes(_NEW, case, mine), world.trials, passes(_OLD, case, theirs), world.base_trials
        )
        for case in range(world.n)
    }
    compared = [Compared("p", cases)]
    examined: dict[tuple[int, str], Examined] = {}
    for (place, case), plan in plans(compared).items():
        if not plan.reserve or worth_the_rest(place, examined):
            examined[place, case] = _examined(plan, world, partial(passes, case=int(case)))
    (finding,) = judge(compared, examined)
    return finding.worse, sum(one.fresh.trials + one.fresh.base_trials for one in examined.values())


def _examined(plan: Plan, world: World, passes: Callable[..., int]) -> Examined:
    trials = base_trials = 0
    while True:
        fresh = Counts(
            passes(_NEW, numbers=range(world.trials, world.trials + trials)), trials,
            passes(_OLD, numbers=range(world.base_trials, world.base_trials + base_trials)), base_trials,
        )  # fmt: skip
        step = examine(plan, fresh)
        if step.standing is not Standing.GO_ON:
            return Examined(fresh, step)
        trials, base_trials = trials + step.candidate, base_trials + step.base


def python_files(version: str) -> dict[str, str]:
    """Settings, function and prompt of a project whose model is a function of its own."""
    prompt = _PROMPT.format(model="python:sim:answer", version=version)
    return {"llmops.yaml": "allow_python: true\n", "sim.py": _FUNCTION, "prompts/p.yaml": prompt}


@contextlib.contextmanager
def _host(*, over_http: bool) -> Iterator[Callable[[str], dict[str, str]]]:
    """Who answers: the settings and the prompt of a version, as files."""
    if not over_http:
        yield python_files
        return
    with ModelServer(stochastic.reply) as server:
        price = "price: {input: 0.1, output: 0.4}"
        settings = f"models:\n  sim: {{model: openai/sim, api_base: {server.url}, {price}}}\n"
        yield lambda version: {
            "llmops.yaml": settings,
            "prompts/p.yaml": _PROMPT.format(model="sim", version=version),
        }


def _llmops(root: Path, *arguments: str) -> ExitCode:
    """The command's own entry in this process; its exit code."""
    before, code = Path.cwd(), ExitCode.BUG
    os.chdir(root)
    try:
        with (
            mock.patch.object(sys, "argv", ["llmops", *arguments]),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()) as said,
        ):
            product.console()
    except SystemExit as end:
        code = ExitCode(int(end.code or 0))
    finally:
        os.chdir(before)
    if code not in (ExitCode.PASS, ExitCode.REGRESSION, ExitCode.INCONCLUSIVE):
        raise RuntimeError(f"llmops {' '.join(arguments)} ended with {code}: {said.getvalue()}")
    return code


def _expect(code: ExitCode, what: str) -> None:
    if code != ExitCode.PASS:
        raise RuntimeError(f"{what} ended with {code}")


if __name__ == "__main__":
    main(sys.argv[1:])
