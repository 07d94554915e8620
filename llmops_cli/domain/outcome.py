"""What happened: outcomes of trials, and the run that holds them with where they come from."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from llmops_cli.domain.evalset import Case, Evalset
from llmops_cli.domain.judge_figures import JudgeFigures
from llmops_cli.domain.request import Request, Response
from llmops_cli.domain.scoring import NamedScore
from llmops_cli.domain.spending import Purpose, Spent


class Source(StrEnum):
    """Which way an answer came; decides what counts as a call and as an independent trial."""

    CALLED = "called"
    CACHE = "cache"
    BASELINE = "baseline"
    RECORDING = "recording"
    """From a tape (`--replay`): nothing was asked or paid for now, whatever the answer once cost."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer. Never scored, never dropped."""

    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """One trial of one case in one variant: a Response with its scores, or a Failure."""

    case_id: str
    variant: str
    trial: int
    fingerprint: str
    source: Source
    response: Response | None = None
    failure: Failure | None = None
    scores: tuple[NamedScore, ...] = ()

    @property
    def passed(self) -> bool | None:
        """All `fail` scorers passed; None where that could not be found out.

        One failed score decides, even beside a scorer that could not judge.
        """
        if self.response is None:
            return None
        gating = [named for named in self.scores if named.severity == "fail"]
        if any(named.score is not None and not named.score.passed for named in gating):
            return False
        return None if any(named.score is None for named in gating) else True

    @property
    def mean_score(self) -> float | None:
        """Weighted mean over the scores there are; None without any."""
        scored = [(named.weight, named.score.value) for named in self.scores if named.score is not None]
        total = sum(weight for weight, _ in scored)
        return sum(weight * value for weight, value in scored) / total if total else None

    @property
    def unjudged(self) -> str | None:
        """Why `passed` is None, in words."""
        if self.failure is not None:
            return self.failure.message
        if self.passed is not None:
            return None
        return next(
            (f"{n.name}: {n.failure}" for n in self.scores if n.failure and n.severity == "fail"), None
        )


@dataclass(frozen=True, slots=True)
class VariantInfo:
    """A variant as it ran: the prompt's version and the settings of its requests."""

    name: str
    prompt: str
    prompt_digest: str
    settings: Mapping[str, Any]
    """Provider, model, endpoint, params, tools, output schema, as in `Request.settings`."""
    deterministic: bool = False
    model_name: str = ""
    """The model as the user wrote it: an alias or a full name."""


@dataclass(frozen=True)
class EvalsetRun:
    """All outcomes of one evalset in one run. `selected` tells a partial run from a whole one."""

    evalset: Evalset
    variants: tuple[VariantInfo, ...]
    cases: tuple[Case, ...]
    outcomes: tuple[Outcome, ...]
    trials: int
    inputs: Mapping[tuple[str, str], Mapping[str, str | None]] = field(default_factory=dict)
    """(case, variant) to the digests of the inputs the case gave; None for an input left to its default."""
    requests: Mapping[tuple[str, str], Request] = field(default_factory=dict)
    complete: bool = True
    asked: Mapping[str, int] = field(default_factory=dict)
    """How many trials of each case were wanted; the whole record may be more. Empty in runs read from files."""
    judges: tuple[JudgeFigures, ...] = ()
    """What is known of each judge of the set; empty in run files of before."""

    def by_case(self) -> Mapping[tuple[str, str], tuple[Outcome, ...]]:
        """(case, variant) to its outcomes in order of trial."""
        return group_by_case(self.outcomes)


def group_by_case(outcomes: Iterable[Outcome]) -> dict[tuple[str, str], tuple[Outcome, ...]]:
    """(case, variant) to outcomes in order of trial."""
    grouped: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        grouped[outcome.case_id, outcome.variant].append(outcome)
    return {key: tuple(sorted(found, key=lambda o: o.trial)) for key, found in grouped.items()}


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a run comes from; `commit` is None outside git or before the first commit."""

    commit: str | None = None
    branch: str | None = None
    dirty: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None
    command: tuple[str, ...] = ()
    folder: str = ""
    """The project's folder below the repository's root; empty where it is the root, or where there is no git."""
    repository_url: str | None = None
    """Where the repository is at home, as a web address without anybody's name or key; None where unknown."""
    attempt: int | None = None
    """How often the workflow was run on this commit, as GitHub counts; None elsewhere."""
    runs_before: int | None = None
    """How many runs here since the last `accept` had asked what this one asked anew; 0 where nothing was. None where
    nothing was run, and in run files of before."""

    def from_repository(self, path: str) -> str:
        """A path of the project as one from the repository's root, as other tools want it."""
        return f"{self.folder}/{path}" if self.folder else path


@dataclass(frozen=True)
class Run:
    """One `eval`: everything asked, answered and scored.

    `started` is ISO 8601 in UTC, `seconds` wall time, `judge_cost` USD (None where a price is unknown).
    """

    id: str
    started: str
    seconds: float
    provenance: Provenance
    evalsets: tuple[EvalsetRun, ...]
    interrupted: bool = False
    retries: int = 0
    judge_calls: int = 0
    judge_cost: float | None = 0.0
    spent: Mapping[Purpose, Spent] | None = None
    """Every call but those of judges, by what it was for; None in run files that did not hold it: then the
    answers say what they took, and nobody knows what confirming them did."""

    @property
    def calls(self) -> Mapping[Purpose, Spent]:
        """Every call that is known of, but those of judges."""
        if self.spent is not None:
            return self.spent
        found = Spent()
        for outcome in (outcome for part in self.evalsets for outcome in part.outcomes):
            if outcome.source is Source.CALLED and outcome.response is not None:
                found = found.with_call(outcome.response.cost)
        return {Purpose.ANSWER: found}
