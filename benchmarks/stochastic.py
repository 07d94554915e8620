"""A model that errs by chance: it knows how often each version of the prompt is right about each case.

Every draw follows from a seed, the version, the case and how often that pair was asked before, so that a run can
be repeated, and so that the same answers can be counted without the product.
"""

import random
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

RIGHT, WRONG = "right", "wrong"


class Chances:
    """The true pass rates by version, and what was asked so far. Answers from any thread."""

    def __init__(self, seed: str, rates: Mapping[str, Sequence[float]]) -> None:
        self.asked: Counter[str] = Counter()
        self._seed = seed
        self._rates = rates
        self._draws: Counter[tuple[str, int]] = Counter()
        self._lock = threading.Lock()

    def passes(self, version: str, case: int, number: int) -> bool:
        """Whether the answer with this number, counted from 0, is right."""
        draw = random.Random(f"{self._seed}/{version}/{case}/{number}").random()
        return draw < self._rates[version][case]

    def answer(self, messages: Sequence[Mapping[str, Any]]) -> str:
        """The next answer to "version V" in the first message and "case N" in the last."""
        version = str(messages[0]["content"]).split()[1]
        case = int(str(messages[-1]["content"]).split()[1])
        with self._lock:
            number = self._draws[version, case]
            self._draws[version, case] += 1
            self.asked[version] += 1
        return RIGHT if self.passes(version, case, number) else WRONG


_now = Chances("", {})


def set_chances(chances: Chances) -> None:
    """What is answered from now on."""
    global _now  # noqa: PLW0603  # a project's function is found by name: there is no other way in
    _now = chances


def answer(messages: Sequence[Mapping[str, Any]]) -> str:
    """For `python:` providers."""
    return _now.answer(messages)


def reply(body: Mapping[str, Any]) -> str:
    """For a model server."""
    return _now.answer(body["messages"])
