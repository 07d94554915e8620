"""What a judge would be asked about an answer that is not there yet."""

from llmops_cli.domain.evalset import Case, Evalset
from llmops_cli.domain.request import Request, ResolvedModel
from llmops_cli.errors import UserError
from llmops_cli.workflows.wiring import Parts

_ANSWER_TOKENS = 1024
"""Assumed length of an answer that a judge has to read, where the request under test sets no limit."""
_CHARACTERS_PER_TOKEN = 4


def judge_requests(
    parts: Parts, evalset: Evalset, case: Case, request: Request
) -> list[tuple[Request, ResolvedModel]]:
    """The judge requests for one answer, with a text in its place as long as it may become."""
    limit = request.params.get("max_tokens", _ANSWER_TOKENS)
    text = "x" * _CHARACTERS_PER_TOKEN * (limit if isinstance(limit, int) else _ANSWER_TOKENS)
    found = []
    for spec in evalset.scorers_of(case):
        if spec.type != "judge":
            continue
        judged = {"output": text, "first": text, "second": text}
        variables = {**judged, "input": "", "expected": case.expected, **spec.arguments.get("vars", {})}
        asked = getattr(spec.scorer, "requests_per_answer", 1)
        try:
            found += [parts.judges.request(str(spec.arguments.get("prompt")), variables)] * asked
        except UserError:  # it needs what only a real answer brings; the call is counted all the same
            continue
    return found
