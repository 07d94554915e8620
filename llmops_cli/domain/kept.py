"""A kept run in one line, for the list of them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeptRun:
    """`cases` counts a case once a variant; `calls` are all that the run made, those of confirmations, proofs and
    judges among them, `cost` is theirs in USD.

    Rates and costs are None where they are unknown; `error` says why a file could not be read.
    """

    id: str
    started: str = ""
    verdict: str = ""
    evalsets: tuple[str, ...] = ()
    cases: int = 0
    pass_rate: float | None = None
    calls: int = 0
    cost: float | None = None
    interrupted: bool = False
    error: str | None = None
