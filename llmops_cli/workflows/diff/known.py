"""Answers on record, by request fingerprint: baselines of both sides and of today, then the newest runs.

Whatever was answered to exactly this request counts, wherever it was recorded.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from llmops_cli.domain.baseline import Baseline, RecordedScore
from llmops_cli.domain.evalset import Case, Evalset
from llmops_cli.domain.request import Request, Response
from llmops_cli.domain.run_json import result_from_dict
from llmops_cli.domain.scoring import NamedScore
from llmops_cli.domain.tree import FileTree
from llmops_cli.errors import UserError
from llmops_cli.files.baseline_file import read_baseline
from llmops_cli.store.run_store import load_run, run_files
from llmops_cli.workflows.diff.effect import Compared
from llmops_cli.workflows.project import Project
from llmops_cli.workflows.trials.base_side import response_of

MAX_RUNS = 20
"""Newest run files that are searched for answers."""
TODAY = "today"


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """One answer on record, with the scores it was given then."""

    response: Response
    scores: Mapping[str, RecordedScore] = field(default_factory=dict)


class KnownAnswers:
    """Reads each baseline once; `trees` are the files of "before" and "after"."""

    def __init__(self, project: Project, trees: Mapping[str, FileTree]) -> None:
        self._project = project
        self._trees = {**trees, TODAY: project.tree}
        self._baselines: dict[tuple[str, str], Baseline | None] = {}
        self._from_runs: dict[str, list[KnownAnswer]] = {}
        self.notes: list[str] = []

    def of(self, compared: Compared, side: str, case: Case, request: Request) -> list[KnownAnswer]:
        """One entry a trial: of the side's own baseline, else of another one, else of a run."""
        for origin in dict.fromkeys((side, *self._trees)):
            baseline = self.baseline(origin, compared.evalset)
            lines = baseline.lines.get((case.id, compared.variant.name), ()) if baseline else ()
            found = [line for line in lines if line.request == request.fingerprint]
            if found:
                return [
                    KnownAnswer(response_of(line), line.scores) for line in found for _ in range(line.count)
                ]
        return self._from_runs.get(request.fingerprint, [])

    def baseline(self, origin: str, evalset: Evalset) -> Baseline | None:
        """An evalset's baseline on a side; None where there is none, or it is broken (which is noted)."""
        if origin == TODAY and self._trees["after"] is self._trees[TODAY]:
            origin = "after"
        key = (origin, evalset.name)
        if key not in self._baselines:
            try:
                self._baselines[key] = read_baseline(self._trees[origin], evalset.baseline_path)
            except UserError as error:
                note = f"a baseline is left out: {error.problems[0]}"
                if note not in self.notes:
                    self.notes.append(note)
                self._baselines[key] = None
        return self._baselines[key]

    def search_runs(self, comparisons: Sequence[Compared]) -> None:
        """Look for the requests that changed in the newest runs; the newest answers win."""
        wanted = {
            half.requests[case.id].fingerprint
            for compared in comparisons
            for case in compared.comparable
            if compared.is_changed(case)
            for half in (compared.before, compared.after)
        }
        for path in run_files(self._project.root)[:MAX_RUNS] if wanted else ():
            try:
                text = path.read_text(encoding="utf-8", errors="replace")
                if not any(fingerprint in text for fingerprint in wanted):
                    continue
                parts = result_from_dict(load_run(path)).run.evalsets
            except (OSError, UserError, KeyError, TypeError, ValueError):
                continue  # a broken run, or one of a newer llmops: other places may have the answer
            found: dict[str, list[KnownAnswer]] = {}
            for outcome in (outcome for part in parts for outcome in part.outcomes):
                if outcome.fingerprint in wanted and outcome.response is not None:
                    answer = KnownAnswer(outcome.response, _recorded(outcome.scores))
                    found.setdefault(outcome.fingerprint, []).append(answer)
            for fingerprint, answers in found.items():
                self._from_runs.setdefault(fingerprint, answers)


def _recorded(scores: Iterable[NamedScore]) -> dict[str, RecordedScore]:
    return {
        named.name: RecordedScore(
            named.digest, named.score.value, named.score.passed, named.score.explanation, named.severity
        )
        for named in scores
        if named.score is not None
    }
