"""What models were called for in a run, how often, and what it cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Purpose(StrEnum):
    """Why a model is asked; judges, whose calls a run tells apart, among them."""

    ANSWER = "answer"
    """The candidate's trials of the run."""
    CONFIRM = "confirm"
    """Suspicious cases, candidate and base."""
    BASE = "base"
    """The base prompt, where its record could not be compared (`--rerun-baseline`)."""
    PROVE = "prove"
    """Trials that a proof added, candidate and base."""
    JUDGE = "judge"


@dataclass(frozen=True, slots=True)
class Spent:
    """Calls that brought an answer. `at_least` is USD of those with a price, `unpriced` counts the others."""

    calls: int = 0
    at_least: float = 0.0
    unpriced: int = 0

    @property
    def cost(self) -> float | None:
        """USD; None where a price is unknown."""
        return None if self.unpriced else self.at_least

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.calls + other.calls, self.at_least + other.at_least, self.unpriced + other.unpriced)

    def with_call(self, cost: float | None) -> "Spent":
        """With one call more, at this price."""
        return self + Spent(1, cost or 0.0, int(cost is None))


def total(spent: Mapping[Purpose, Spent]) -> Spent:
    """Everything together."""
    return sum(spent.values(), Spent())


def spent_to_dict(spent: Mapping[Purpose, Spent]) -> dict[str, Any]:
    """By purpose, as JSON values."""
    return {
        purpose.value: {
            "calls": one.calls,
            "cost": one.cost,
            "at_least": one.at_least,
            "unpriced": one.unpriced,
        }
        for purpose, one in spent.items()
    }


def spent_from_dict(data: Mapping[str, Any]) -> dict[Purpose, Spent]:
    """What `spent_to_dict` wrote; purposes of a newer llmops are left out. Raises KeyError, TypeError, ValueError."""
    known = {purpose.value: purpose for purpose in Purpose}
    return {
        known[name]: Spent(int(one["calls"]), float(one["at_least"]), int(one["unpriced"]))
        for name, one in data.items()
        if name in known
    }
