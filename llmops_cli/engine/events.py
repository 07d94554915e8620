"""What happens during a run, for whoever watches: the progress bar, the run's counts."""

from dataclasses import dataclass
from typing import Protocol

from llmops_cli.domain.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Started:
    """So many trials will be answered; so many of them are known already."""

    trials: int
    known: int


@dataclass(frozen=True, slots=True)
class Finished:
    """One trial is done, answered or not."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Retried:
    """A call failed and is tried again after `delay` seconds."""

    reason: str
    delay: float


@dataclass(frozen=True, slots=True)
class Stopping:
    """The user asked to stop: calls in flight are finished, no new ones begun."""

    in_flight: int


@dataclass(frozen=True, slots=True)
class Confirming:
    """So many suspicious cases are asked again, with so many calls at most."""

    cases: int
    calls: int


@dataclass(frozen=True, slots=True)
class Proving:
    """So many calls at most bring every case of a set to so many trials, to prove that it is not worse."""

    title: str
    trials: int
    calls: int


Event = Started | Finished | Retried | Stopping | Confirming | Proving


class Observer(Protocol):
    """Is told every event, in order, from the event loop; must be quick."""

    def __call__(self, event: Event) -> None:
        """Take one event."""
        ...
