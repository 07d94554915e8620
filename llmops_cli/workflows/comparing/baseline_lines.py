"""The lines of the baselines behind a run: those that do not fit, and who wrote those that accept."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from llmops_cli.domain.baseline import Baseline, BaselineLine
from llmops_cli.domain.comparison import Comparison
from llmops_cli.workflows.comparing.accepted_by import name_acceptors
from llmops_cli.workflows.comparing.against import Against
from llmops_cli.workflows.trials.fitting import Fitting, misfit_notes
from llmops_cli.workflows.trials.preparing import Prepared
from llmops_cli.workflows.versions.revisions import Revisions


class BaselineLines:
    """`own` are the branch's baselines where the base is another revision's, without lines that do not fit."""

    def __init__(self, fitting: Fitting, prepared: Prepared, against: Against | None) -> None:
        self.fitting = fitting
        self._against = against
        self.notes: list[str] = []
        own: dict[str, Baseline | None] = {}
        for plan in prepared.plans:
            name = plan.evalset.name
            baseline = prepared.baselines.get(name)
            wrong = fitting.misfits(baseline, plan)
            own[name] = _without(baseline, wrong)
            self.notes += misfit_notes(name, wrong)
            if against is not None:
                known = {line.raw for line in wrong}
                there = fitting.misfits(against.baselines.get(name), plan)
                self.notes += misfit_notes(
                    name, [line for line in there if line.raw not in known], f" at {against.commit[:10]}"
                )
        self.own: Mapping[str, Baseline | None] | None = own if against is not None else None

    def with_acceptors(self, comparisons: Sequence[Comparison], revisions: Revisions) -> list[Comparison]:
        """The comparisons with the commit that accepted a regression."""
        if self.own is None or self._against is None:
            return list(comparisons)
        base, tip = self._against.commit, revisions.project.commit
        return name_acceptors(comparisons, self.own, revisions.repository, base, tip)


def _without(baseline: Baseline | None, wrong: Sequence[BaselineLine]) -> Baseline | None:
    if baseline is None or not wrong:
        return baseline
    places = {line.where for line in wrong}
    lines = {
        key: tuple(line for line in found if line.where not in places)
        for key, found in baseline.lines.items()
    }
    return replace(baseline, lines={key: found for key, found in lines.items() if found})
