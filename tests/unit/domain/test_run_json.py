"""A run file says the same when it is read again."""

import json
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

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
from llmops_cli.domain.evalset import Case, Evalset, GateSpec, PassRule
from llmops_cli.domain.outcome import EvalsetRun, Failure, Outcome, Provenance, Run, Source, VariantInfo
from llmops_cli.domain.request import Response, ToolCall, Usage
from llmops_cli.domain.run_json import result_from_dict, result_to_dict
from llmops_cli.domain.scoring import Metrics, NamedScore, Score
from llmops_cli.domain.statistics import Added, CriticalChance, Proof, SetTest, Slice, Statistics
from llmops_cli.errors import SourceLocation

_few = settings(max_examples=20)  # a whole run takes a tenth of a second to make
_text = st.text(st.characters(), max_size=12)
_amount = st.none() | st.floats(0, 1e6, allow_nan=False)
_wheres = st.builds(
    SourceLocation,
    st.sampled_from(["evalsets/e.yaml", "a:b.csv"]),
    st.integers(1, 99),
    st.none() | st.integers(1, 99),
)
_scores = st.builds(
    NamedScore,
    name=_text,
    digest=_text,
    severity=st.sampled_from(["fail", "warn"]),
    weight=st.floats(0, 5),
    score=st.builds(Score, st.floats(0, 1), st.booleans(), _text, st.dictionaries(_text, _text, max_size=2)),
) | st.builds(NamedScore, name=_text, digest=_text, failure=_text)
_responses = st.builds(
    Response,
    text=_text,
    tool_calls=st.lists(st.builds(ToolCall, _text, _text), max_size=1).map(tuple),
    usage=st.none() | st.builds(Usage, st.integers(0, 9), st.integers(0, 9)),
    cost=_amount,
    latency=_amount,
)


_count, _share = st.integers(0, 99), st.floats(0, 1)
_statistics = st.builds(
    Statistics,
    _count,
    st.lists(
        st.builds(
            SetTest, _text, _text, _share, st.none() | _share, _share, _share, st.booleans(), _share, _share
        ),
        max_size=2,
    ).map(tuple),
    st.none() | _share,
    st.none() | _share,
    st.lists(st.builds(Slice, _text, _count, *[_share] * 6, st.booleans()), max_size=2).map(tuple),
    st.lists(st.builds(CriticalChance, _text, *[_count] * 3, *[_share] * 3), max_size=2).map(tuple),
)
_proofs = st.builds(
    Proof,
    st.sampled_from(["proven", "refuted", "undecided"]),
    _share,
    _count,
    _count,
    st.lists(_count, max_size=3).map(tuple),
    *[_count] * 3,
    *[st.none() | _share] * 4,
    _count,
    _amount,
    _text,
)


@cache  # a strategy looks through all of its parts when it is made, which takes longer than to draw from it
def _outcomes(case_id: str) -> st.SearchStrategy[tuple[Outcome, ...]]:
    one = st.builds(
        Outcome,
        case_id=st.just(case_id),
        variant=st.just("default"),
        trial=st.integers(1, 3),
        fingerprint=_text,
        source=st.sampled_from(Source),
        response=_responses,
        scores=st.lists(_scores, max_size=2).map(tuple),
    ) | st.builds(
        Outcome,
        case_id=st.just(case_id),
        variant=st.just("default"),
        trial=st.integers(1, 3),
        fingerprint=_text,
        source=st.just(Source.CALLED),
        failure=st.builds(Failure, _text.filter(bool), st.none() | _text.filter(bool)),
    )
    return st.lists(one, min_size=1, max_size=2).map(tuple)


@cache
def _sides(case_id: str) -> tuple[st.SearchStrategy[Side], st.SearchStrategy[Side]]:
    """The base's and the candidate's."""
    asked = st.builds(Side, _outcomes(case_id), st.none() | st.booleans())
    return st.just(Side()) | asked, asked


@cache
def _added(case_id: str) -> st.SearchStrategy[Added | None]:
    return st.none() | st.builds(Added, _outcomes(case_id), _outcomes(case_id))


_fresh = st.none() | st.builds(
    Fresh, st.sampled_from(["confirmed", "cleared", "go on"]), *[_count] * 4, _share, _count, _count, _share
)
_totals = st.builds(Totals, *[st.integers(0, 9)] * 5, mean_score=_amount, cost=_amount)
_any_totals, _any_statistics, _any_proof = st.none() | _totals, st.none() | _statistics, st.none() | _proofs
_reasons = st.lists(st.builds(Reason, st.sampled_from(Status), _text, st.none() | _wheres), max_size=2)


@st.composite
def _results(draw: st.DrawFn) -> Result:
    cases = [
        Case(
            case_id,
            draw(_wheres),
            vars=draw(st.dictionaries(_text, _text, max_size=2)),
            expected=draw(st.none() | st.booleans() | _text | st.just(0) | st.just([])),
            tags=tuple(draw(st.lists(_text, max_size=2))),
            critical=draw(st.booleans()),
        )
        for case_id in ("a", "b", "new:1")
    ]
    variant = VariantInfo(
        "default", "p", "p1:x", {"provider": "echo", "model": "m"}, draw(st.booleans()), "m"
    )
    gated = st.dictionaries(_text, _share, max_size=2)
    gate = GateSpec(
        metrics=draw(gated),
        prove=draw(st.none() | st.just(0.05)),
        min_pass_rate=draw(st.none() | st.floats(0, 1)),
        max_cost=draw(_amount),
    )
    where = SourceLocation("evalsets/e.yaml", 1)
    deltas = []
    for case in cases:
        base, candidate = (draw(side) for side in _sides(case.id))
        deltas.append(
            Delta(
                draw(st.sampled_from(DeltaKind)),
                case.id,
                "default",
                base,
                candidate,
                case,
                draw(_text),
                fresh=draw(_fresh),
                added=draw(_added(case.id)),
                asked_again=draw(_added(case.id)),
                p=draw(st.none() | st.floats(0, 1, exclude_min=True)),
            )
        )
    comparison = Comparison(
        "e", where, variant, gate, draw(st.none() | _text), tuple(deltas), draw(_totals),
        draw(_any_totals),
        changes=tuple(draw(st.lists(_text, max_size=2))),
        metrics=(("m", Metrics({"recall": 0.5}, ("a",), (("1",),))),),
        notes=tuple(draw(st.lists(_text, max_size=1))),
        statistics=draw(_any_statistics), proof=draw(_any_proof),
        pass_rule=(rule := PassRule(draw(st.none() | st.just((2, 3))))),
    )  # fmt: skip
    evalset = Evalset("e", "evalsets/e.yaml", where, ("p",), tuple(cases), pass_rule=rule, gate=gate)
    outcomes = tuple(outcome for delta in deltas for outcome in delta.candidate.outcomes)
    outcomes += tuple(outcome for delta in deltas if delta.added for outcome in delta.added.candidate)
    inputs = {
        (case.id, "default"): draw(st.dictionaries(_text, st.none() | _text, max_size=2)) for case in cases
    }
    part = EvalsetRun(evalset, (variant,), tuple(cases), outcomes, 1, inputs, complete=draw(st.booleans()))
    provenance = Provenance(
        draw(st.none() | _text), None, draw(st.booleans()), {"llmops": "1"}, None, ("eval", "-k", "x")
    )
    run = Run(
        "id", "2024-01-01T00:00:00+00:00", 1.5, provenance, (part,), draw(st.booleans()), 2, 3, draw(_amount)
    )
    reasons = tuple(draw(_reasons))
    return Result(run, (comparison,), Verdict(draw(st.sampled_from(Status)), reasons, ("note",)))


@_few
@given(_results())
def test_a_result_written_and_read_is_written_alike(result: Result) -> None:
    document = json.loads(json.dumps(result_to_dict(result)))

    assert json.loads(json.dumps(result_to_dict(result_from_dict(document)))) == document


@_few
@given(_results())
def test_outcomes_cases_and_the_verdict_are_read_back(result: Result) -> None:
    found = result_from_dict(json.loads(json.dumps(result_to_dict(result))))

    (part,), (before,) = found.run.evalsets, result.run.evalsets
    assert part.outcomes == before.outcomes
    assert part.cases == before.cases
    assert part.inputs == before.inputs
    deltas = [[delta.p for delta in one.comparisons[0].deltas] for one in (found, result)]
    assert deltas[0] == deltas[1]
    assert (part.complete, found.run.interrupted) == (before.complete, result.run.interrupted)
    assert found.verdict == result.verdict
    (comparison,), (written,) = found.comparisons, result.comparisons
    assert [(d.kind, d.fresh, d.added, d.asked_again) for d in comparison.deltas] == [
        (d.kind, d.fresh, d.added, d.asked_again) for d in written.deltas
    ]
    assert (comparison.statistics, comparison.proof, comparison.gate, comparison.pass_rule) == (
        written.statistics, written.proof, written.gate, written.pass_rule,
    )  # fmt: skip


@_few
@given(_results())
def test_keys_that_a_newer_version_added_are_passed_over(result: Result) -> None:
    document = json.loads(json.dumps(result_to_dict(result)))
    newer = json.loads(json.dumps(document))
    (part,) = newer["evalsets"]
    (comparison,) = part["comparisons"]
    for place in (newer, part, part["gate"], comparison, comparison["candidate"], comparison["variant"]):
        place["of_tomorrow"] = 1

    assert json.loads(json.dumps(result_to_dict(result_from_dict(newer)))) == document


@_few
@given(_results())
def test_a_run_of_before_is_read_without_what_it_did_not_have(result: Result) -> None:
    older = json.loads(json.dumps(result_to_dict(result)))
    (part,) = older["evalsets"]
    (comparison,) = part["comparisons"]
    del part["pass"], comparison["proof"]
    for name in ("slices", "critical"):
        (comparison["statistics"] or {}).pop(name, None)
    for test in (comparison["statistics"] or {"tests": ()})["tests"]:
        del test["base"], test["candidate"]
    for case in comparison["cases"]:
        case.pop("added", None)
        case.pop("asked_again", None)
        for name in ("planned", "base_planned", "level", "unasked"):
            case.get("fresh", {}).pop(name, None)

    (read,) = result_from_dict(older).comparisons

    assert (read.proof, read.pass_rule) == (None, PassRule())
    assert all(delta.added is None and delta.asked_again is None for delta in read.deltas)
    if read.statistics is not None:
        assert (read.statistics.slices, read.statistics.critical) == ((), ())
