"""Results of every sort for reporters: of nothing, of everything, interrupted, hostile, huge."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from llmops_cli.domain.changes import Kind as ChangeKind
from llmops_cli.domain.changes import PromptChange, SettingChange, TextChange
from llmops_cli.domain.comparison import (
    Comparison,
    Delta,
    DeltaKind,
    Fresh,
    Reason,
    Result,
    Side,
    Status,
    Totals,
    Verdict,
)
from llmops_cli.domain.evalset import Case, Evalset, GateSpec
from llmops_cli.domain.outcome import EvalsetRun, Failure, Outcome, Provenance, Run, Source, VariantInfo
from llmops_cli.domain.request import Response, ToolCall, Usage
from llmops_cli.domain.scoring import Metrics, NamedScore, Score
from llmops_cli.domain.statistics import SetTest, Statistics
from llmops_cli.errors import SourceLocation

COMMIT = "4f9c2d3b8a7e6f5d4c3b2a190817263544536271"
PROVENANCE = Provenance(
    COMMIT, "shorter", True, {"llmops": "0.1.0", "python": "3.12.1"}, 1, ("eval", "--against", "main..."),
    folder="services/desk", repository_url="https://github.com/acme/shop",
)  # fmt: skip
HOSTILE = (
    "]]>&amp;</failure><error/>&<>\"'\x00\x07\x1b[31m\r\n\x85\u2028\u202e\ud800\ufffe\uffff\n::error::x\n##[error]y\n"
    "=cmd|' /C calc'!A0\n[a](http://evil.example) @all #1 ![i](http://evil.example/i.png) <script>alert(1)</script>\n"
    "```\n~~~\n| a | b |\nCloses #1\t{0} {{1}} %0A::warning::z"
)
ANSWERS = {"good": "TEAM: billing - It mentions an invoice.", "bad": "Nothing in it calls for that."}


def score(passed: bool, name: str = "team", explanation: str = "", severity: Any = "fail") -> NamedScore:
    said = explanation or ("as expected" if passed else "expected 'billing', got 'other'")
    return NamedScore(name, "ab12", severity, 1.0, Score(float(passed), passed, said))


def outcome(
    case_id: str,
    passed: bool | None,
    *,
    text: str | None = None,
    trial: int = 1,
    variant: str = "default",
    explanation: str = "",
    source: Source = Source.CALLED,
    more: Sequence[NamedScore] = (),
) -> Outcome:
    """One answer that passed or failed, or (None) no answer at all."""
    if passed is None:
        failure = Failure("the model is down (503)", "try again later")
        return Outcome(case_id, variant, trial, "f1", Source.CALLED, failure=failure)
    said = ANSWERS["good" if passed else "bad"] if text is None else text
    response = Response(said, usage=Usage(100, 20), latency=0.25, cost=0.002, served_model="m-1", call_id="c")
    return Outcome(
        case_id, variant, trial, "f1", source, response, None, (score(passed, explanation=explanation), *more)
    )


def side(case_id: str, *passed: bool | None, **options: Any) -> Side:
    """Several trials; the majority decides."""
    outcomes = tuple(outcome(case_id, one, trial=n, **options) for n, one in enumerate(passed, start=1))
    judged = [one for one in passed if one is not None]
    return Side(outcomes, sum(judged) * 2 > len(judged) if judged else None)


def case(case_id: str, line: int, **more: Any) -> Case:
    where = SourceLocation("evalsets/support/triage.yaml", line, 5)
    return Case(
        case_id,
        where,
        **{"vars": {"message": "I was charged twice."}, "expected": {"team": "billing"}, **more},
    )


def delta(kind: DeltaKind, case_id: str, line: int, before: Any, after: Any, **more: Any) -> Delta:
    """`before` and `after` are what the trials of each side showed."""
    found = more.pop("case", None) or case(case_id, line, **more.pop("fields", {}))
    return Delta(
        kind,
        case_id,
        "default",
        side(case_id, *before, source=Source.BASELINE),
        side(case_id, *after),
        found,
        **more,
    )


def totals(deltas: Sequence[Delta], which: str) -> Totals:
    sides = [getattr(one, which) for one in deltas]
    judged = [one for one in sides if one.passed is not None]
    return Totals(
        len(sides), len(judged), sum(one.passed for one in judged), sum(one.trials for one in judged),
        sum(one.passes for one in judged), 0.8, 120.0, 0.002, 0.25, 0.3,
    )  # fmt: skip


CHANGE = PromptChange(
    "support/triage", "p1:aaaa", "p1:bbbb",
    (
        TextChange(
            "triage.system.j2", "one\ntwo\nthree\n", "one\nTWO\nthree\n",
            SourceLocation("prompts/support/triage.system.j2", 1),
        ),
        TextChange("gone.j2", "old", None),
    ),
    (SettingChange("params.temperature", ChangeKind.CHANGED, 0, 0.7),),
)  # fmt: skip


def result(
    deltas: Sequence[Delta],
    status: Status,
    reasons: Sequence[Reason] = (),
    *,
    name: str = "support/triage",
    variant: str = "default",
    against: str | None = "the baseline",
    statistics: Statistics | None = None,
    notes: Sequence[str] = (),
    **run: Any,
) -> Result:
    """A run of one evalset and variant."""
    deltas = tuple(replace(one, variant=variant) for one in deltas)
    where = SourceLocation(f"evalsets/{name}.yaml", 1)
    info = VariantInfo(
        variant, "support/triage", "p1:bbbb", {"provider": "litellm", "model": "openai/m"}, False, "fast"
    )
    comparison = Comparison(
        name, where, info, GateSpec(min_pass_rate=0.9), against, deltas, totals(deltas, "candidate"),
        totals(deltas, "base") if against else None, ("prompt p1:aaaa → p1:bbbb",),
        metrics=(("team", Metrics({"accuracy": 0.5}, ("", "billing"), (("billing", "1"),))),),
        statistics=statistics, notes=tuple(notes), prompt_change=CHANGE,
    )  # fmt: skip
    cases = tuple(one.case for one in deltas if one.case is not None)
    outcomes = tuple(o for one in deltas for o in one.candidate.outcomes)
    evalset = Evalset(name, where.path, where, ("support/triage",), cases, gate=comparison.gate)
    part = EvalsetRun(evalset, (info,), cases, outcomes, 1)
    made = Run("20260101-120000-000001", "2026-01-01T12:00:00+00:00", 12.5, PROVENANCE, (part,), **run)
    return Result(made, (comparison,), Verdict(status, tuple(reasons), tuple(notes)))


def everything() -> Result:
    """A regression with a case of every kind, three trials of some, a judge that warns, a bound that is missed."""
    judge = score(False, "judges/tone", "it is curt", "warn")
    critical = case("critical-one", 30, critical=True, tags=("money", "vip"))
    accepted = delta(DeltaKind.REGRESSED, "accepted-one", 36, [True], [False], accepted=True)
    tools = Response("", (ToolCall("search", {"q": "shoes"}),), Usage(10, 5), 0.5, cost=None)
    called = Side(
        (Outcome("calls-tool", "default", 1, "f1", Source.CACHE, tools, None, (score(True), judge)),), True
    )
    deltas = [
        delta(DeltaKind.REGRESSED, "worse", 10, [True, True, True], [False, False, True],
              fresh=Fresh("confirmed", 1, 12, 11, 12, 0.00012), p=0.2),
        delta(DeltaKind.REGRESSED, "critical-one", 30, [True], [False], case=critical, p=0.5),
        delta(DeltaKind.IMPROVED, "better", 14, [False], [True], p=1.0),
        delta(DeltaKind.UNCHANGED, "same", 16, [True], [True], p=1.0),
        delta(DeltaKind.UNCHANGED, "still-bad", 18, [False], [False]),
        delta(DeltaKind.FLAKY, "wobbly", 20, [True, True, True], [True, False, True], reason="cleared by fresh trials",
              p=0.5),
        delta(DeltaKind.NEW, "new-good", 22, [], [True]),
        delta(DeltaKind.NEW, "new-bad", 24, [], [False]),
        delta(DeltaKind.INCOMPARABLE, "edited", 26, [True], [True], reason="the case was edited"),
        delta(DeltaKind.INCOMPARABLE, "edited-bad", 27, [True], [False], reason="the case was edited"),
        delta(DeltaKind.INCOMPARABLE, "down", 28, [True], [None]),
        replace(delta(DeltaKind.REMOVED, "gone", 1, [True], []), case=None),
        accepted,
        Delta(DeltaKind.NEW, "calls-tool", "default", Side(), called, case("calls-tool", 40)),
    ]  # fmt: skip
    here = SourceLocation("evalsets/support/triage.yaml", 10, 5)
    whole = SourceLocation("evalsets/support/triage.yaml", 1)
    statistics = Statistics(
        9, (SetTest("pass rate", "stratified", 0.095, 0.18, 0.012, 0.024, True),), 0.2, 0.01
    )
    reasons = [
        Reason(
            Status.REGRESSION,
            "support/triage: 1 case that passed fails now, confirmed by fresh trials (worse)",
            here,
        ),
        Reason(
            Status.REGRESSION, "support/triage: critical case critical-one failed its trial", critical.where
        ),
        Reason(Status.REGRESSION, "support/triage: pass rate 6/13 = 46%, the gate wants at least 90%", whole),
        Reason(
            Status.INCONCLUSIVE,
            "support/triage: 1 case could not be judged (down): the model is down (503)",
            whole,
        ),
    ]
    notes = ["support/triage: accepted in this branch's baseline: accepted-one"]
    return result(
        deltas,
        Status.REGRESSION,
        reasons,
        statistics=statistics,
        notes=notes,
        retries=3,
        judge_calls=2,
        judge_cost=0.004,
    )


def passing() -> Result:
    """A pass in which cases fail: as before, accepted, new, flaky."""
    deltas = [
        delta(DeltaKind.UNCHANGED, "same", 10, [True], [True]),
        delta(DeltaKind.UNCHANGED, "still-bad", 12, [False], [False]),
        delta(DeltaKind.NEW, "new-bad", 14, [], [False]),
        delta(DeltaKind.REGRESSED, "accepted-one", 16, [True], [False], accepted=True),
        delta(DeltaKind.FLAKY, "wobbly", 18, [True, True, True], [False, False, True], reason="cleared"),
        replace(delta(DeltaKind.REMOVED, "gone", 1, [True], []), case=None),
    ]
    return result(deltas, Status.PASS)


def first_run() -> Result:
    """Nothing to compare with, one case fails."""
    deltas = [delta(DeltaKind.NEW, "good", 10, [], [True]), delta(DeltaKind.NEW, "bad", 12, [], [False])]
    return result(deltas, Status.PASS, against=None, notes=["no baseline for support/triage"])


def unaffected() -> Result:
    """No evalset was run at all."""
    run = Run("20260101-120000-000001", "2026-01-01T12:00:00+00:00", 0.0, Provenance(), ())
    reason = Reason(Status.UNAFFECTED, "nothing that an evalset depends on changed since main...")
    return Result(run, (), Verdict(Status.UNAFFECTED, (reason,)))


def interrupted() -> Result:
    """^C after the first of two answers."""
    deltas = [
        delta(DeltaKind.UNCHANGED, "same", 10, [True], [True]),
        delta(DeltaKind.INCOMPARABLE, "not-asked", 12, [True], []),
    ]
    reasons = [Reason(Status.INCONCLUSIVE, "the run was interrupted before its end")]
    return result(deltas, Status.INCONCLUSIVE, reasons, interrupted=True)


def hostile(text: str = HOSTILE) -> Result:
    """Whatever a model or a file may hold is hostile: ids, names, tags, inputs, answers, explanations, reasons."""
    found = Case(
        f"id {text}", SourceLocation("evalsets/a b/ü,%:x.yaml", 3), {f"in {text}": text, "n": [text]}, {text: text},
        tags=(text, "=1+1"), critical=True,
    )  # fmt: skip
    judge = score(False, f"judge {text}", text, "warn")
    before = Side((outcome(found.id, True, text=f"before {text}"),), True)
    after = Side((outcome(found.id, False, text=text, explanation=text, more=(judge,)),), False)
    broken = Side((Outcome("x", "default", 1, "f1", Source.CALLED, failure=Failure(text, text)),), None)
    deltas = [
        Delta(DeltaKind.REGRESSED, found.id, "default", before, after, found, text),
        Delta(
            DeltaKind.INCOMPARABLE,
            f"=x {text}",
            "default",
            before,
            broken,
            replace(found, id=f"=x {text}"),
            text,
        ),
        Delta(DeltaKind.REMOVED, f"-gone {text}", "default", before, Side(), None, text),
    ]
    reasons = [
        Reason(Status.REGRESSION, text, SourceLocation("evalsets/a b/ü.yaml", 1)),
        Reason(Status.INCONCLUSIVE, text),
    ]
    made = result(deltas, Status.REGRESSION, reasons, name=f"set {text}", variant=f"v {text}", notes=[text])
    change = replace(
        CHANGE, name=text, texts=(TextChange(text, text, text + "x", SourceLocation("prompts/ü b.j2", 1)),)
    )
    comparison = replace(made.comparisons[0], changes=(text,), prompt_change=change)
    provenance = replace(made.run.provenance, branch=text)
    return Result(replace(made.run, provenance=provenance), (comparison,), made.verdict)


def huge() -> Result:
    """Three thousand cases, most of them worse, and some answers of a megabyte."""
    megabyte = "word \u202e<b>&" * 100_000
    deltas = [delta(DeltaKind.REGRESSED, f"case-{n}", n + 1, [True], [False]) for n in range(3006)]
    long = Side((outcome("long", False, text=megabyte, explanation=megabyte),), False)
    base = Side((outcome("long", True, text=megabyte[::-1]),), True)
    deltas += [
        Delta(
            DeltaKind.REGRESSED,
            f"long-{n}",
            "default",
            base,
            long,
            case(f"long-{n}", 5, vars={"m": megabyte}),
        )
        for n in range(4)
    ]
    here = SourceLocation("evalsets/support/triage.yaml", 1)
    return result(deltas, Status.REGRESSION, [Reason(Status.REGRESSION, "a bound is missed", here)])


ALL = {
    "unaffected": unaffected,
    "everything": everything,
    "passing": passing,
    "first run": first_run,
    "interrupted": interrupted,
    "hostile": hostile,
    "huge": huge,
}
