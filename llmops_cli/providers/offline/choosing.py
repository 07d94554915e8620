"""Which option, which passage, in scope or not: decided by words that the prompt and the text share."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from llmops_cli.providers.offline.instructions import Task
from llmops_cli.providers.offline.material import Passage
from llmops_cli.providers.offline.rules import Rule
from llmops_cli.providers.offline.text import haystack, mentions, terms

HEADING_WEIGHT = 2.0
"""A word of a passage's heading counts so much against one of its body."""
IN_SCOPE = 1.5
"""From here on a question is on the subject: a word of one heading alone, or two of one body alone."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The option taken, as the prompt writes it, and the ground in words ("" where no rule fitted)."""

    option: str
    reason: str = ""


def choose(options: Sequence[str], task: Task) -> Choice:
    """The option with the most matching rules; without any, the prompt's default or the one left over.

    Rules that name no option ("Escalate when …") speak for the first one, negated rules for the second.
    """
    prepared = haystack(task.data)
    votes: Counter[str] = Counter()
    reasons: dict[str, str] = {}
    ruled: set[str] = set()
    for rule in task.rules:
        option = _option_of(rule, options)
        if option is None:
            continue
        ruled.add(option)
        hits = [word for word in rule.words if mentions(prepared, word)]
        if hits:
            votes[option] += len(hits)
            reasons.setdefault(option, _reason(rule, hits[0]))
    if not votes:
        votes.update({option: 1 for option in options if mentions(prepared, option) and not ruled})
    if votes:
        best = max(options, key=lambda option: votes[option])
        return Choice(best, reasons.get(best, ""))
    return Choice(_left_over(options, ruled, task.default))


def _option_of(rule: Rule, options: Sequence[str]) -> str | None:
    for option in options:
        if option.casefold() == rule.choice.casefold():
            return option
    if len(options) != 2:
        return None
    return options[1] if rule.negated else options[0]


def _reason(rule: Rule, word: str) -> str:
    return (
        f"{rule.reason} ({word})"
        if rule.reason and word.casefold() not in rule.reason.casefold()
        else rule.reason
    )


def _left_over(options: Sequence[str], ruled: set[str], default: str | None) -> str:
    """When nothing fits: the stated default, the last option without a rule, or the last of all."""
    for option in options:
        if default is not None and option.casefold() == default.casefold():
            return option
    free = [option for option in options if option not in ruled]
    return free[-1] if free else options[-1]


def best_passage(task: Task) -> tuple[Passage | None, float]:
    """The passage that shares most with the question, and how much.

    A shared word counts 1 divided by the number of passages that hold it, twice that in a heading, so that
    words which stand everywhere decide little. The first of equals wins.
    """
    asked = terms(task.question)
    headings = [terms(passage.heading) for passage in task.passages]
    bodies = [terms(passage.body) for passage in task.passages]
    spread = Counter(term for h, b in zip(headings, bodies, strict=True) for term in h | b)
    best: Passage | None = None
    most = 0.0
    for passage, heading, body in zip(task.passages, headings, bodies, strict=True):
        share = sum(
            (HEADING_WEIGHT if term in heading else 1.0) / spread[term]
            for term in sorted(asked & (heading | body))
        )
        if share > most:
            best, most = passage, share
    return best, most


def in_scope(task: Task) -> bool:
    """Whether the question belongs to the subject that the prompt confines itself to."""
    if not task.scope or terms(task.scope) & terms(task.question):
        return True
    return best_passage(task)[1] >= IN_SCOPE
