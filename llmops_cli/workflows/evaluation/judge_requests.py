"""What a judge would be asked about an answer that is not there yet."""

from collections.abc import Sequence

from llmops_cli.domain.baseline import BaselineLine
from llmops_cli.domain.evalset import Case, Evalset, ScorerSpec
from llmops_cli.domain.request import Request, ResolvedModel
from llmops_cli.errors import UserError
from llmops_cli.workflows.wiring import Parts

_ANSWER_TOKENS = 1024
"""Assumed length of an answer that a judge has to read, where the request under test sets no limit."""
_CHARACTERS_PER_TOKEN = 4


def judges_anew(
    parts: Parts, evalset: Evalset, case: Case, line: BaselineLine
) -> list[tuple[Request, ResolvedModel]]:
    """The judge requests for one answer on record whose score is no longer the judge's word of today."""
    asked = [
        spec
        for spec in evalset.scorers_of(case)
        if spec.type == "judge" and not parts.scoring.stands(spec, case, line.scores.get(spec.name))
    ]
    return _requests(parts, asked, case, line.output) if asked else []


def judge_requests(
    parts: Parts, evalset: Evalset, case: Case, request: Request
) -> list[tuple[Request, ResolvedModel]]:
    """The judge requests for one answer, with a text in its place as long as it may become."""
    limit = request.params.get("max_tokens", _ANSWER_TOKENS)
    text = "x" * _CHARACTERS_PER_TOKEN * (limit if isinstance(limit, int) else _ANSWER_TOKENS)
    return _requests(parts, [spec for spec in evalset.scorers_of(case) if spec.type == "judge"], case, text)


def _requests(
    parts: Parts, specs: Sequence[ScorerSpec], case: Case, text: str
) -> list[tuple[Request, ResolvedModel]]:
    found = []
    for spec in specs:
        judged = {"output": text, "first": text, "second": text}
        variables = {**judged, "input": "", "expected": case.expected, **spec.arguments.get("vars", {})}
        asked = getattr(spec.scorer, "requests_per_answer", 1)
        try:
            found += [parts.judges.request(str(spec.arguments.get("prompt")), variables)] * asked
        except UserError:  # it needs what only a real answer brings; the call is counted all the same
            continue
    return found
