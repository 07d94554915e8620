"""Whether a line of a baseline fits: what it says was asked is what its prompt version renders to.

Comparable is a case whose recorded request is what the version that answered it renders to with today's
variables. Where that version is not at hand (no git, a shallow clone, an uncommitted version) the digests
of the recorded inputs decide the same question.

A line that does not fit comes from a merge, or an edit by hand. It is called out, and accepts nothing. That
catches accidents: who forges a line can make it fit.
"""

from collections.abc import Sequence

from llmops_cli.domain.baseline import Baseline, BaselineLine
from llmops_cli.domain.evalset import Case
from llmops_cli.domain.prompt import Prompt
from llmops_cli.domain.request import Request
from llmops_cli.errors import UserError
from llmops_cli.templating.render import PromptRenderer, restrict
from llmops_cli.workflows.trials.planning import EvalsetPlan, input_digests
from llmops_cli.workflows.versions.versions import Versions

VARIABLES_CHANGED = "its variables changed since it was accepted"
_CANNOT_RENDER = "the accepted version of the prompt cannot be rendered with today's variables"
_MISFIT = "does not fit what its prompt version renders to; accept it anew"


class Fitting:
    """Holds baseline lines against the prompt versions that they name."""

    def __init__(self, versions: Versions) -> None:
        self._versions = versions
        self._renderers: dict[str, PromptRenderer] = {}
        self._found: dict[tuple[str, str, str, str], str | None] = {}

    def incomparable(self, line: BaselineLine, case: Case) -> str | None:
        """Why the line does not answer today's case, None where it does."""
        key = (str(line.where), line.raw, line.variant, case.id)
        if key not in self._found:
            self._found[key] = self._look(line, case)
        return self._found[key]

    def misfits(self, baseline: Baseline | None, plan: EvalsetPlan) -> list[BaselineLine]:
        """The lines to cases of a run that contradict themselves, as they stand in the file.

        Only what a line says of a request of today or of unchanged variables can be told to be wrong.
        """
        found: list[BaselineLine] = []
        cases = {case.id: case for case in plan.cases}
        variants = {variant.variant.name: variant for variant in plan.variants}
        for (case_id, name), lines in (baseline.lines if baseline else {}).items():
            case, variant = cases.get(case_id), variants.get(name)
            if case is None or variant is None:
                continue
            request = variant.requests[case_id].fingerprint
            for line in lines:
                if line.request == request and line.prompt == variant.prompt.digest:
                    continue
                if (self.incomparable(line, case) or "").endswith(_MISFIT):
                    found.append(line)
        return sorted(found, key=lambda line: line.where.line or 0)

    def _look(self, line: BaselineLine, case: Case) -> str | None:
        version = self._versions.find(line.prompt_name, line.prompt)
        if version is None:
            today = input_digests(line.inputs, case.vars)
            return None if today == dict(line.inputs) else VARIABLES_CHANGED
        try:
            messages = self._renderer(version).render(restrict(case.vars, version), case.where)
        except UserError:
            return _CANNOT_RENDER
        settings = {**line.settings, "messages": messages}
        if Request(**settings).fingerprint != line.request:
            if input_digests(version.inputs, case.vars) == dict(line.inputs):
                return f"{line.where} {_MISFIT}"
            return VARIABLES_CHANGED
        return None

    def _renderer(self, version: Prompt) -> PromptRenderer:
        if version.digest not in self._renderers:
            self._renderers[version.digest] = PromptRenderer(version)
        return self._renderers[version.digest]


def misfit_notes(evalset: str, lines: Sequence[BaselineLine], at: str = "", most: int = 5) -> list[str]:
    """What is said of lines that do not fit: evalset, case and line of the file, and `at` which revision."""
    more = (
        [f"{evalset}: {len(lines) - most} further lines of its baseline do not fit"]
        if len(lines) > most
        else []
    )
    return [
        f"{evalset}: the baseline's line for {line.case_id} ({line.where}{at}) {_MISFIT}"
        for line in lines[:most]
    ] + more
