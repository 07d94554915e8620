"""`bisect --estimate`: what a search would ask and cost at most, without a call."""

from collections.abc import Collection, Sequence

from llmops_cli.domain.bisect import CaseKey, Estimate, most_steps
from llmops_cli.domain.prompt import Prompt
from llmops_cli.workflows.bisect.border import MOST_BORDERS
from llmops_cli.workflows.bisect.measuring import Measuring, Outlook, total


def estimated(
    measuring: Measuring,
    keys: Collection[CaseKey],
    ends: Sequence[Prompt],
    line: Sequence[Prompt | None],
) -> Estimate:
    """The most that a search takes where every version can be judged.

    `line` are the versions after the good end up to the bad one, None for an invalid one. Where answers vary,
    each border may lie elsewhere after it was asked again, and the search goes on.
    """
    looked = [measuring.outlook(prompt, keys) for prompt in ends]
    known = {prompt.digest for prompt in ends}
    valid = [prompt for prompt in line if prompt is not None]
    others = {prompt.digest: prompt for prompt in valid if prompt.digest not in known}
    between = [measuring.outlook(prompt, keys) for prompt in others.values()]
    fit = [outlook for outlook in between if outlook.fit]
    again = [outlook.repeats for outlook in (*looked, *fit) if outlook.repeats is not None]
    steps = min(len(fit), most_steps(len(fit)) * (MOST_BORDERS if again else 1))
    repeats = _dearest(again, 2 * MOST_BORDERS + 2)  # both sides of each border, and both ends
    parts = [*looked, *_dearest(fit, steps)]
    return Estimate(
        versions=len(line),
        unjudged=len(line) - len(valid) + len(between) - len(fit),
        evaluations=len(parts),
        cases=len(keys),
        calls=sum(outlook.calls for outlook in (*parts, *repeats)),
        judge_calls=sum(outlook.judge_calls for outlook in (*parts, *repeats)),
        cost=total(outlook.cost for outlook in (*parts, *repeats)),
        repeat_calls=sum(outlook.calls for outlook in repeats),
    )


def _dearest(outlooks: Sequence[Outlook], most: int) -> list[Outlook]:
    return sorted(outlooks, key=lambda one: (one.calls, one.cost or 0.0), reverse=True)[:most]
