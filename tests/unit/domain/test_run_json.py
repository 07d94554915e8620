"""A run file says the same when it is read again."""

import json

from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.domain.comparison import (
    Comparison,
    Delta,
    DeltaKind,
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
from llmops_cli.domain.run_json import result_from_dict, result_to_dict
from llmops_cli.domain.scoring import Metrics, NamedScore, Score
from llmops_cli.errors import SourceLocation

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
    gate = GateSpec(min_pass_rate=draw(st.none() | st.floats(0, 1)), max_cost=draw(_amount))
    where = SourceLocation("evalsets/e.yaml", 1)
    deltas = []
    for case in cases:
        passed = st.none() | st.booleans()
        base = draw(st.just(Side()) | st.builds(Side, _outcomes(case.id), passed))
        candidate = draw(st.builds(Side, _outcomes(case.id), passed))
        deltas.append(
            Delta(draw(st.sampled_from(DeltaKind)), case.id, "default", base, candidate, case, draw(_text))
        )
    totals = st.builds(Totals, *[st.integers(0, 9)] * 5, mean_score=_amount, cost=_amount)
    comparison = Comparison(
        "e", where, variant, gate, draw(st.none() | _text), tuple(deltas), draw(totals),
        draw(st.none() | totals),
        changes=tuple(draw(st.lists(_text, max_size=2))),
        metrics=(("m", Metrics({"recall": 0.5}, ("a",), (("1",),))),),
        notes=tuple(draw(st.lists(_text, max_size=1))),
    )  # fmt: skip
    evalset = Evalset("e", "evalsets/e.yaml", where, ("p",), tuple(cases), gate=gate)
    outcomes = tuple(outcome for delta in deltas for outcome in delta.candidate.outcomes)
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
    reasons = tuple(
        draw(st.lists(st.builds(Reason, st.sampled_from(Status), _text, st.none() | _wheres), max_size=2))
    )
    return Result(run, (comparison,), Verdict(draw(st.sampled_from(Status)), reasons, ("note",)))


@given(_results())
def test_a_result_written_and_read_is_written_alike(result: Result) -> None:
    document = json.loads(json.dumps(result_to_dict(result)))

    assert json.loads(json.dumps(result_to_dict(result_from_dict(document)))) == document


@given(_results())
def test_outcomes_cases_and_the_verdict_are_read_back(result: Result) -> None:
    found = result_from_dict(json.loads(json.dumps(result_to_dict(result))))

    (part,), (before,) = found.run.evalsets, result.run.evalsets
    assert part.outcomes == before.outcomes
    assert part.cases == before.cases
    assert part.inputs == before.inputs
    assert (part.complete, found.run.interrupted) == (before.complete, result.run.interrupted)
    assert found.verdict == result.verdict
    assert [delta.kind for delta in found.comparisons[0].deltas] == [
        d.kind for d in result.comparisons[0].deltas
    ]


@given(_results())
def test_keys_that_a_newer_version_added_are_passed_over(result: Result) -> None:
    document = json.loads(json.dumps(result_to_dict(result)))
    newer = json.loads(json.dumps(document))
    (part,) = newer["evalsets"]
    (comparison,) = part["comparisons"]
    for place in (newer, part, part["gate"], comparison, comparison["candidate"], comparison["variant"]):
        place["of_tomorrow"] = 1

    assert json.loads(json.dumps(result_to_dict(result_from_dict(newer)))) == document
