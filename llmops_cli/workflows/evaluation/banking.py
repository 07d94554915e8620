"""`llmops accept --bank`: a run's trials beside those on record, for what is on record already and nothing else.

The record of one version must not hold trials of another, nor figures of them: what the run asked of another
version is left to `accept`, and is named.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from llmops_cli.domain.baseline import BaselineLine
from llmops_cli.domain.outcome import EvalsetRun, Outcome, VariantInfo
from llmops_cli.errors import Problem, SourceLocation

Key = tuple[str, str]
"""Case and variant."""

_HINT = "`llmops accept` without --bank makes the new version the baseline"
_NAMED = 5


@dataclass
class Banked:
    """What of a run fits the record of its evalset, and what of it was kept."""

    refused: Mapping[str, Problem] = field(default_factory=dict)
    """Variants whose version is not the recorded one, with the reason."""
    edited: Sequence[Key] = ()
    """Cases whose inputs are others than on record, of the same version of the prompt."""
    kept: list[Outcome] = field(default_factory=list)

    def fits(self, key: Key) -> bool:
        """Whether the run's trials of this case may be added."""
        return key[1] not in self.refused and key not in self.edited

    def take(
        self, before: Sequence[BaselineLine], after: Sequence[BaselineLine], trials: Sequence[Outcome]
    ) -> None:
        """Note which of the trials of a case stand on record now, and did not before."""
        old, new = _calls(before), _calls(after)
        grew = sum(line.count for line in after) > sum(line.count for line in before)
        for trial in trials:
            call = trial.response.call_id if trial.response else None
            if (call in new and call not in old) if call else grew:
                self.kept.append(trial)

    @property
    def notes(self) -> list[str]:
        """What was left out, in sentences."""
        found = [str(problem) for problem in self.refused.values()]
        if self.edited:
            names = ", ".join(case for case, _ in self.edited[:_NAMED])
            more = " …" if len(self.edited) > _NAMED else ""
            found.append(
                f"edited since they were recorded, so that no trial was added: {names}{more}; {_HINT}"
            )
        return found


def fitting(part: EvalsetRun, known: Mapping[Key, Sequence[BaselineLine]]) -> Banked:
    """Which trials of a run can be added to what is on record. A case that is new fits, too.

    Where a case's request is another although its inputs are the same, the prompt or the model is another.
    """
    others: Counter[str] = Counter()
    edited: list[Key] = []
    for key, outcomes in part.by_case().items():
        lines = known.get(key, ())
        if not lines or any(line.request == outcomes[0].fingerprint for line in lines):
            continue
        if _same_inputs(lines[-1].inputs, part.inputs.get(key, {})):
            others[key[1]] += 1
        else:
            edited.append(key)
    refused = {info.name: _refusal(part, info, known) for info in part.variants if info.name in others}
    return Banked(refused, [key for key in edited if key[1] not in refused])


def _same_inputs(recorded: Mapping[str, str | None], given: Mapping[str, str | None]) -> bool:
    return all(given[name] == digest for name, digest in recorded.items() if name in given)


def _refusal(part: EvalsetRun, variant: VariantInfo, known: Mapping[Key, Sequence[BaselineLine]]) -> Problem:
    recorded = {line.prompt for (_, name), lines in known.items() if name == variant.name for line in lines}
    what = "model or settings" if variant.prompt_digest in recorded else "version of the prompt"
    column = f", variant {variant.name}" if len(part.variants) > 1 else ""
    message = f"the run is of another {what} than the record ({variant.prompt}{column}): none of its trials was added"
    return Problem(message, SourceLocation(part.evalset.path), _HINT)


def _calls(lines: Sequence[BaselineLine]) -> set[str]:
    return {call for line in lines for call in line.calls}
