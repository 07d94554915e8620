"""Is it really the border? Both versions beside it are asked again, where answers vary, before it is believed."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from llmops_cli.comparison.border import LOOKS, MOST_CASES, p_worse, parted, worth_another_look
from llmops_cli.domain.bisect import Border, CaseKey, Repeated
from llmops_cli.domain.outcome import Outcome
from llmops_cli.domain.prompt import Prompt
from llmops_cli.stats.stratified import Counts
from llmops_cli.workflows.bisect.measuring import Measuring

MOST_BORDERS = 4
"""Borders that are looked at; a search that goes astray more often is not certain."""


class Lies(Enum):
    """Where the border lies, after asking again."""

    HERE = "the guilty version is clearly worse than the one before it"
    EARLIER = "the one before it is clearly worse than the good end"
    LATER = "the bad end is clearly worse than the guilty version"
    OPEN = "it cannot be told"


@dataclass(frozen=True)
class Looked:
    """Where the border lies, and the counts; `border` is None where no case of it has answers that vary."""

    lies: Lies
    border: Border | None = None


class Borders:
    """Looks at borders between the two ends of one search."""

    def __init__(self, measuring: Measuring, good: Prompt, bad: Prompt) -> None:
        self._measuring = measuring
        self._good = good
        self._bad = bad
        self._looked = 0
        self._why_not = ""

    def look(self, before: Prompt, guilty: Prompt, broken: Sequence[CaseKey]) -> Looked:
        """Ask both sides again about cases that broke. What was found wrong is settled in the measuring."""
        keys = self._measuring.varying(guilty, broken)
        if len(keys) < len(broken):  # a case whose answers do not vary fails here: that is proof enough
            return Looked(Lies.HERE)
        keys = keys[:MOST_CASES]
        self._looked += 1
        found = self._parted(before, guilty, keys)
        strata = self._strata(before, guilty, keys)
        cases = tuple(
            Repeated(key, one.base_passes, one.base_trials, one.passes, one.trials)
            for key, one in zip(keys, strata, strict=True)
        )
        border = Border(found, p_worse(strata), cases, self._why_not)
        if found:
            return Looked(Lies.HERE, border)
        if self._looked < MOST_BORDERS and not border.why_not:
            if before.digest != self._good.digest and self._parted(self._good, before, keys):
                for key in keys:  # one that never failed in the fresh trials did not break here
                    if any(outcome.passed is False for outcome in self._fresh(before, key)):
                        self._measuring.settle(before, key, passed=False)
                return Looked(Lies.EARLIER, border)
            if guilty.digest != self._bad.digest and self._parted(guilty, self._bad, keys):
                for key in broken:
                    self._measuring.settle(guilty, key, passed=True)
                return Looked(Lies.LATER, border)
        return Looked(Lies.OPEN, border)

    def _parted(self, better: Prompt, worse: Prompt, keys: Sequence[CaseKey]) -> bool:
        for trials in LOOKS:
            for prompt in (better, worse):
                self._measuring.repeat(prompt, keys, trials)
            strata = self._strata(better, worse, keys)
            if parted(strata):
                return True
            self._why_not = self._missing((better, worse), keys, trials)
            if self._why_not or not worth_another_look(strata):
                break
        return False

    def _missing(self, prompts: Sequence[Prompt], keys: Sequence[CaseKey], trials: int) -> str:
        """Why not all fresh trials could be had; empty where they were."""
        for prompt in prompts:
            for key in keys:
                if len(self._fresh(prompt, key)) < trials:
                    return self._measuring.repeat(prompt, (), 0).reasons.get(key, "no answer")
        return ""

    def _strata(self, better: Prompt, worse: Prompt, keys: Sequence[CaseKey]) -> list[Counts]:
        return [Counts(*self._count(worse, key), *self._count(better, key)) for key in keys]

    def _count(self, prompt: Prompt, key: CaseKey) -> tuple[int, int]:
        fresh = self._fresh(prompt, key)
        return sum(outcome.passed is True for outcome in fresh), len(fresh)

    def _fresh(self, prompt: Prompt, key: CaseKey) -> Sequence[Outcome]:
        return self._measuring.repeat(prompt, (), 0).repeats.get(key, ())
