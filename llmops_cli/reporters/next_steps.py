"""What somebody who has read a verdict may want to do, as commands to be pasted."""

import shlex
from collections.abc import Iterator

from llmops_cli.domain.comparison import DeltaKind, Result, Status
from llmops_cli.reporters.cases import shown_whole


def next_steps(result: Result) -> list[str]:
    """The steps after this verdict, the first one first; none where there is nothing to do."""
    status = result.verdict.status
    if status is Status.REGRESSION:
        return list(_after_a_regression(result))
    if status is Status.INCONCLUSIVE:
        return list(_to_a_verdict(result))
    if status is Status.PASS and _without_baseline(result) and _acceptable(result):
        return ["make these answers the baseline: llmops accept"]
    return []


def _after_a_regression(result: Result) -> Iterator[str]:
    worse = list(_messages(result))
    yield from worse
    if worse:
        yield "run only what failed: llmops eval --last-failed"
    tests = [test for c in result.comparisons if c.statistics for test in c.statistics.tests]
    fell = any(test.worse and not test.accepted for test in tests)
    if (worse or fell) and _acceptable(result):
        yield "if the new answers are right: llmops accept"


def _to_a_verdict(result: Result) -> Iterator[str]:
    """Only what can be said for sure: the reasons name what is to be mended."""
    failures = [o.failure for part in result.run.evalsets for o in part.outcomes if o.failure is not None]
    if result.run.interrupted:
        yield "go on where it stopped: llmops eval"
    elif any(failure.hint for failure in failures):
        yield "when that is mended, ask what has no answer yet: llmops eval"
    elif failures:
        gently = "llmops eval --concurrency 1 --retries 10"
        yield f"ask what has no answer yet: llmops eval (of a server that is too busy: {gently})"
    flips = [delta for c in result.comparisons for delta in c.of_kind(DeltaKind.REGRESSED)]
    yield from _messages(result)
    if any(delta.fresh is not None and delta.fresh.unasked for delta in flips):
        yield "ask the suspicious cases again until it is clear: llmops eval"
    if _without_baseline(result) and _acceptable(result):
        yield "make these answers the baseline: llmops accept"


def _messages(result: Result) -> Iterator[str]:
    """How to see what the first case that got worse was sent; somebody will paste it into a shell."""
    first = next(
        (
            (c, d)
            for c, d in shown_whole(result.comparisons)
            if d.kind is DeltaKind.REGRESSED and not d.excused
        ),
        None,
    )
    if first is not None:
        comparison, delta = first
        names = (comparison.variant.prompt, comparison.evalset, delta.case_id)
        prompt, evalset, case = (shlex.quote(name) for name in names)
        yield f"see the messages: llmops render {prompt} --evalset {evalset} --case {case}"


def _without_baseline(result: Result) -> bool:
    return any(comparison.against is None for comparison in result.comparisons)


def _acceptable(result: Result) -> bool:
    """Whether `accept` would take the run: whole sets, compared with a baseline, every answer judged."""
    parts = result.run.evalsets
    whole = all(part.complete and all(o.passed is not None for o in part.outcomes) for part in parts)
    return whole and not any((c.against or "").startswith("variant ") for c in result.comparisons)
