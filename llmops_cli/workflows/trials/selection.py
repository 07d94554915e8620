"""Which cases a run takes."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from llmops_cli.domain.evalset import Case, Evalset
from llmops_cli.domain.outcome import EvalsetRun
from llmops_cli.errors import NothingSelectedError, did_you_mean


@dataclass(frozen=True, slots=True)
class Selection:
    """Filters of `eval`; all of them must hold. `text` is looked for in ids, tags and variables."""

    cases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    text: str | None = None
    last_failed: bool = False
    sample: int | None = None
    seed: int = 0

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return not (self.cases or self.tags or self.text or self.last_failed or self.sample is not None)


def select_cases(
    evalsets: Sequence[Evalset], selection: Selection, last: Sequence[EvalsetRun]
) -> dict[str, list[Case]]:
    """Evalset name to its selected cases; evalsets without any are left out.

    Raises NothingSelectedError where a case or tag is named that does not exist, or nothing remains.
    """
    _check_names(evalsets, selection)
    failed = {(part.evalset.name, o.case_id) for part in last for o in part.outcomes if o.passed is not True}
    pool = [
        (evalset.name, case)
        for evalset in evalsets
        for case in evalset.cases
        if _wanted(evalset.name, case, selection, failed)
    ]
    if selection.sample is not None and len(pool) > selection.sample:
        kept = set(random.Random(selection.seed).sample(range(len(pool)), selection.sample))  # noqa: S311
        pool = [entry for place, entry in enumerate(pool) if place in kept]
    if not pool:
        hint = "the last run had no failing case" if selection.last_failed else "drop a filter"
        raise NothingSelectedError("no case matches the selection", hint=hint)
    selected: dict[str, list[Case]] = {}
    for name, case in pool:
        selected.setdefault(name, []).append(case)
    return selected


def _wanted(evalset: str, case: Case, selection: Selection, failed: set[tuple[str, str]]) -> bool:
    if selection.cases and case.id not in selection.cases:
        return False
    if selection.tags and not set(selection.tags) & set(case.tags):
        return False
    if selection.text and selection.text.casefold() not in _haystack(case):
        return False
    return not selection.last_failed or (evalset, case.id) in failed


def _haystack(case: Case) -> str:
    return " ".join([case.id, *case.tags, *(str(value) for value in case.vars.values())]).casefold()


def _check_names(evalsets: Sequence[Evalset], selection: Selection) -> None:
    ids = [case.id for evalset in evalsets for case in evalset.cases]
    tags = sorted({tag for evalset in evalsets for case in evalset.cases for tag in case.tags})
    for kind, wanted, known in (("case", selection.cases, ids), ("tag", selection.tags, tags)):
        for word in wanted:
            if word not in known:
                raise NothingSelectedError(f"there is no {kind} {word!r}", hint=did_you_mean(word, known))
