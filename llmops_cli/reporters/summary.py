"""What every report for people shares: a row a variant, the effort, the headline."""

from collections.abc import Mapping, Sequence

from llmops_cli.domain.comparison import Comparison, DeltaKind, Result, Status, Totals
from llmops_cli.domain.outcome import Outcome, Source
from llmops_cli.domain.spending import Purpose, Spent, total
from llmops_cli.domain.statistics import Proof, SetTest
from llmops_cli.reporters import figures, grounds
from llmops_cli.reporters.inert import inert

HEADER = ("evalset", "pass", "rate", "score", "against", "tokens", "$/1k", "p50", "p95")

_FOR = {Purpose.BASE: "of the base prompt", Purpose.CONFIRM: "to confirm", Purpose.PROVE: "to prove"}
MAX_TAGS = 5
"""Slices named in a short report; the JSON holds all."""


def rows(comparison: Comparison) -> list[tuple[str, ...]]:
    """The candidate's row; a reference variant of the same run stands above it."""
    now, before = comparison.candidate, comparison.base
    rows = []
    if before is not None and (comparison.against or "").startswith("variant "):
        rows.append(
            _row(
                f"{comparison.evalset} · {(comparison.against or '').removeprefix('variant ')}",
                before,
                "reference",
            )
        )
    against = "no baseline"
    if comparison.against is not None:
        counts = ((comparison.worse, "regressed"), (comparison.of_kind(DeltaKind.IMPROVED), "improved"))
        parts = [f"{len(found)} {said}" for found, said in counts if found]
        if before is not None and before.pass_rate is not None and now.pass_rate is not None:
            points = round((now.pass_rate - before.pass_rate) * 100)
            parts.append(f"{figures.signed(points)} pts")
        against = ", ".join(parts) or "nothing to compare"
    return [*rows, _row(comparison.title, now, against)]


def _row(title: str, totals: Totals, against: str) -> tuple[str, ...]:
    return (
        title,
        f"{totals.passed}/{totals.judged}" + (f" of {totals.cases}" if totals.judged < totals.cases else ""),
        figures.percent(totals.pass_rate),
        figures.score(totals.mean_score),
        against,
        figures.count(totals.tokens),
        figures.dollars(None if totals.cost is None else totals.cost * 1000),
        figures.seconds(totals.latency_p50),
        figures.seconds(totals.latency_p95),
    )


def statistics(comparison: Comparison) -> list[str]:
    """What the set as a whole says, with its uncertainty, and what it could have seen."""
    found = comparison.statistics
    if found is None:
        return _proof(comparison)
    lines = [_test(comparison, test, found.cases) for test in found.tests]
    shown = sorted((one for one in found.slices if one.notable), key=lambda one: one.adjusted_p)
    if shown:
        parts = [
            f"{inert(one.tag)} {figures.signed(round(-one.drop * 100, 1), ' pts')} "
            f"({figures.plural(one.cases, 'case')}, p = {one.adjusted_p:.2g})"
            for one in shown[:MAX_TAGS]
        ]
        more = f" and {len(shown) - MAX_TAGS} more" if len(shown) > MAX_TAGS else ""
        lines.append(f"by tag: {', '.join(parts)}{more}")
    lines += _proof(comparison)
    cases = figures.plural(found.cases, "case")
    if found.unchanged:
        cases += f", {found.unchanged} of them unchanged: answered from the record"
    if found.detectable is not None:
        lines.append(
            f"{cases}: drops of {_small(found.detectable * 100)} points or more, alike in all cases, "
            "would have been seen (80 %)"
        )
    elif found.cases and found.unchanged == found.cases:
        lines.append(f"{figures.plural(found.cases, 'case')}, all unchanged: answered from the record")
    elif found.cases and not any(test.worse for test in found.tests):
        lines.append(f"{cases}: too few trials to see any drop of the set")
    if found.linked:
        lines.append(f"{figures.plural(found.linked, 'case')} share calls with others: each call counts once")
    drift = found.drift
    if drift is not None and drift.shown:
        record = f"{drift.record_passes} of {drift.record_trials} on record"
        asked = f"{drift.passes} of {figures.plural(drift.trials, 'fresh trial')} passed, {record}"
        where = figures.plural(drift.cases, "case")
        lines.append(f"the accepted prompt today: {asked} ({where}, p = {drift.p:.2g})")
    return lines


def _small(points: float) -> str:
    """Whole points, but for those below two."""
    return f"{points:.0f}" if points >= 2 else f"{points:.1f}"


def _test(comparison: Comparison, test: SetTest, cases: int) -> str:
    """A test of the whole set: the pass rate in points, a graded metric as its scores are."""
    p = "" if test.p in (0, 1) else f", p = {test.adjusted_p:.2g}"
    graded = test.metric in comparison.gate.metrics
    if graded and test.base is not None and test.candidate is not None:
        change = f"{-test.drop:+.2f}".replace("-", "−") if abs(test.drop) >= 0.005 else "±0"
        return f"{inert(test.metric)} {change} ({test.base:.2f} → {test.candidate:.2f}){p}"
    change = f"{comparison.rate_of(test.metric)} {figures.signed(round(-test.drop * 100, 1), ' pts')}"
    return f"{_question(test, cases)}{change}{bound_of(test)}, p = {test.adjusted_p:.2g}"


def _question(test: SetTest, cases: int) -> str:
    """What was asked, where it is another question than whether these cases got worse."""
    if test.clusters is None:
        return ""
    draws = "each case by itself" if test.clusters == cases else f"{cases} cases in {test.clusters} clusters"
    return f"would new cases show it ({draws}): "


def bound_of(test: SetTest) -> str:
    """How much worse it may be at most; empty where that says nothing."""
    if test.at_most is None or test.at_most >= 1:  # nothing is more than 100 points worse
        return ""
    return f", {_bound(test.at_most)} (95 %)"


def _bound(at_most: float) -> str:
    """The upper bound of a drop, where it lies below nought that of a rise from below."""
    points = round(at_most * 100, 1)
    return f"at most {points:.1f} pts worse" if points >= 0 else f"at least {-points:.1f} pts better"


def _proof(comparison: Comparison) -> list[str]:
    """How `prove` ended, and the calls it took."""
    proof = comparison.proof
    if proof is None:
        return []
    margin = figures.percent(proof.margin)
    if not proof.changed:
        return [f"prove {margin}: nothing changed, every request is the one on record"]
    bound = f", {_bound(proof.at_most)}" if proof.at_most is not None else ""
    after = _after(proof) if proof.looks else ""
    price = "" if not proof.calls or proof.cost is None else f", {figures.dollars(proof.cost)}"
    asked = f"; {figures.plural(proof.added + proof.base_added, 'trial')} added" if proof.added else ""
    base = f", {proof.base_added} of them of the base" if proof.base_added else ""
    return [f"prove {margin}: {proof.standing}{bound}{after} (95 % over all looks){asked}{base}{price}"]


def _after(proof: Proof) -> str:
    """Before the last look only a part of the error may be spent: a bound is wider then than one of its own."""
    if proof.looks[-1] >= proof.most:
        return f" after {figures.plural(proof.looks[-1], 'trial')} a case"
    return f" after {proof.looks[-1]} of {proof.most} trials a case, at the level spent so far"


def effort(result: Result) -> str:
    """How the answers came, in one line."""
    outcomes = [outcome for part in result.run.evalsets for outcome in part.outcomes]
    sources = {source: sum(o.source is source for o in outcomes) for source in Source}
    called = total(result.run.calls)
    answered = [o for o in outcomes if o.response is not None]
    parts = [f"{figures.plural(len(answered), 'answer')} in {figures.seconds(result.run.seconds)}"]
    if len(answered) < len(outcomes):
        parts.append(f"{len(outcomes) - len(answered)} not answered")
    taped = f"{sources[Source.RECORDING]} from the recording, " if sources[Source.RECORDING] else ""
    shared = _shared(outcomes)
    alike = f"{shared} with the same request as another answer, " if shared else ""
    parts.append(
        f"{_calls(result.run.calls)}, {alike}{taped}{sources[Source.CACHE] - shared} from the cache, "
        f"{sources[Source.BASELINE]} on record"
    )
    if called.calls > called.unpriced:
        unknown = f" and {called.unpriced} of unknown price" if called.unpriced else ""
        parts.append(f"cost {figures.dollars(called.at_least)}{unknown}")
    elif called.calls:
        parts.append("price unknown")
    if result.run.judge_calls:
        judge_cost = result.run.judge_cost
        price = "price unknown" if judge_cost is None else figures.dollars(judge_cost)
        parts.append(f"{figures.plural(result.run.judge_calls, 'judge call')} ({price})")
    if result.run.retries:
        parts.append(figures.plural(result.run.retries, "retry").replace("retrys", "retries"))
    return "; ".join(parts)


def _shared(outcomes: Sequence[Outcome]) -> int:
    """Answers of a call that this run made for another case with the same request: no cache was needed for them."""
    called = {(o.fingerprint, o.trial) for o in outcomes if o.source is Source.CALLED and o.response}
    return sum(o.source is Source.CACHE and (o.fingerprint, o.trial) in called for o in outcomes)


def _calls(spent: Mapping[Purpose, Spent]) -> str:
    """`8 calls, 184 to confirm`: those for the run's own trials, then the others."""
    own = spent.get(Purpose.ANSWER, Spent()).calls
    more = [f"{spent[why].calls} {said}" for why, said in _FOR.items() if why in spent]
    return ", ".join([figures.plural(own, "call"), *more])


def headline(result: Result) -> str:
    status = result.verdict.status
    if status is Status.REGRESSION:
        return f"{grounds.grounds(result)}:"
    if status is Status.INCONCLUSIVE:
        return "no verdict could be reached:"
    if status is Status.UNAFFECTED:
        reasons = result.verdict.reasons  # a run file may have been written by anybody
        return reasons[0].text if reasons else "nothing that counts has changed"
    accepted = sum(delta.excused for comparison in result.comparisons for delta in comparison.accepted)
    if accepted:
        return f"{figures.plural(accepted, 'case')} got worse, and this branch accepts it"
    compared = any(comparison.against for comparison in result.comparisons)
    if any(_fell(comparison) for comparison in result.comparisons):
        return "nothing is shown to have got worse"
    return "nothing got worse" if compared else "nothing to compare with yet"


def _fell(comparison: Comparison) -> bool:
    """Answers vary, and today's are worse than the record's in a case or on the whole: nobody showed why, but
    they are."""
    found = comparison.statistics
    if found is None or comparison.variant.deterministic:
        return False
    flips = any(d.comparable and d.base.passed and d.candidate.passed is False for d in comparison.deltas)
    return flips or any(test.drop > 0 for test in found.tests)
