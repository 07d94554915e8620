"""Answers to judge, and the outside world a scorer may ask, as the tests script it."""

import asyncio
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from llmops_cli.domain.request import Response
from llmops_cli.domain.scoring import Answer, JudgeReply, Score, ScoringError, TrialKey


def answer(
    subject: Any = "",
    *,
    tools: Any = None,
    messages: Any = (),
    expected: Any = None,
    accepted: str | None = None,
    **response: Any,
) -> Answer:
    """An answer with this subject; further keywords describe the response."""
    text = subject if isinstance(subject, str) else ""
    return Answer(
        subject,
        Response(text, **response),
        messages=messages,
        expected=expected,
        case_id="c1",
        tools=tools,
        accepted=accepted,
    )


def judge(scorer: Any, judged: Any) -> Score:
    """The scorer's score, whether it answers at once or later. A bare value is taken as the subject."""
    judged = judged if isinstance(judged, Answer) else answer(judged)
    result = scorer.score(judged)
    score = asyncio.run(result) if inspect.iscoroutine(result) else result
    assert isinstance(score, Score)
    return score


class Tools:
    """Replies as told, and notes what was asked. A list is said in turn; "!why" is a failure."""

    def __init__(self, *, reply: str | Sequence[str] = "", result: Any = None) -> None:
        self.reply = reply
        self.votes: list[int] = []
        self.result = result
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    async def ask_judge(
        self, prompt: str, variables: Mapping[str, Any], vote: int = 1, of: TrialKey | None = None
    ) -> JudgeReply:
        self.asked.append((prompt, variables))
        self.votes.append(vote)
        reply = self.reply if isinstance(self.reply, str) else self.reply[len(self.asked) - 1]
        if reply.startswith("!"):
            raise ScoringError(reply[1:])
        return JudgeReply(Response(reply), {"model": "m", "prompt": "p1:ab"})

    async def call_python(self, reference: str, arguments: Mapping[str, Any]) -> Any:
        self.asked.append((reference, arguments))
        if isinstance(self.result, ScoringError):
            raise self.result
        return self.result
