"""A result as annotations of a workflow run: `::error file=…,line=…,title=…::message`, one a line.

GitHub shows ten errors and ten warnings of a step and drops the rest without a word (docs.github.com, "Workflow
commands"). So ten lines are written at most, the verdict first and then the most important ones; the last one says
how many there were. Only a verdict that is red writes errors: what is no verdict yet is a warning.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from llmops_cli.domain.comparison import Comparison, Delta, DeltaKind, Result, Status
from llmops_cli.domain.evalset import DEFAULT_VARIANT
from llmops_cli.errors import SourceLocation
from llmops_cli.reporters import figures, summary
from llmops_cli.reporters.cases import gravity, view_of
from llmops_cli.reporters.inert import inert, shorten
from llmops_cli.reporters.standing import Standing, beyond_cases, cases, failed_scores, place_of, telling
from llmops_cli.reporters.workflow_commands import command

MAX = 10
_TITLE_LIMIT = 120
_ANSWER_LIMIT = 300
_MESSAGE_LIMIT = 1500


@dataclass(frozen=True, slots=True)
class _Annotation:
    rank: int
    """The lower the more important."""
    level: str
    title: str
    message: str
    where: SourceLocation | None = None


def format_github(result: Result) -> str:
    """The commands; of a run that passed the verdict alone."""
    found = [_verdict(result)]
    if result.verdict.status in (Status.REGRESSION, Status.INCONCLUSIVE):
        found += sorted(_all(result), key=lambda one: one.rank)
    if len(found) > MAX:
        rest = len(found) - MAX + 1
        more = f"and {rest} more; the run's own report holds them all"
        found = [*found[: MAX - 1], _Annotation(9, "notice", f"llmops: {rest} more", more)]
    return "".join(_line(result, one) for one in found)


def _line(result: Result, one: _Annotation) -> str:
    place: dict[str, str | int | None] = {}
    if one.where is not None and one.where.path:
        place = {"file": result.run.provenance.from_repository(one.where.path), "line": one.where.line or 1}
    title = " ".join(inert(shorten(one.title, _TITLE_LIMIT)).split())
    return command(one.level, inert(shorten(one.message, _MESSAGE_LIMIT)), {**place, "title": title})


def _verdict(result: Result) -> _Annotation:
    status, verdict = result.verdict.status, result.verdict
    reasons = [f"- {reason.text}" for reason in verdict.reasons if reason.status is status]
    if status is Status.UNAFFECTED:
        reasons = []
    text = "\n".join([summary.headline(result), *(shorten(reason, _ANSWER_LIMIT) for reason in reasons)])
    return _Annotation(0, "notice", f"llmops: {status.value}", text)


def _all(result: Result) -> Iterator[_Annotation]:
    red = result.verdict.status is Status.REGRESSION
    level = "error" if red else "warning"
    broken = [(comparison, delta) for comparison, delta, found in cases(result) if found is Standing.BROKEN]
    broken.sort(key=lambda pair: gravity(pair[1], pair[0]))
    for comparison, delta in broken:
        yield _case(comparison, delta, level)
    for where, text in beyond_cases(result):
        yield _Annotation(2, "error", "llmops: the gate", text, where)
    yield from _prompts(broken, level)
    for reason in result.verdict.reasons:
        if reason.status is Status.INCONCLUSIVE:
            yield _Annotation(6, "warning", "llmops: no verdict", reason.text, reason.where)


def _case(comparison: Comparison, delta: Delta, level: str) -> _Annotation:
    critical = delta.case is not None and delta.case.critical
    view = view_of(delta)
    said = [
        f"{named.name}: {named.score.explanation}"
        for named in failed_scores(telling(delta))
        if named.score is not None and named.severity == "fail"
    ]
    lines = [shorten(text, _ANSWER_LIMIT) for text in said]
    if view.before is not None:
        lines.append(f"before: {shorten(view.before, _ANSWER_LIMIT)}")
    if view.after is not None:
        lines.append(f"after: {shorten(view.after, _ANSWER_LIMIT)}")
    lines += [f"trials: {view.trials}"] if view.trials else []
    lines += [f"{view.asked_again}: {view.fresh}"] if view.fresh else []
    lines += [view.void] if view.void else []
    word = "REGRESSED" if delta.kind is DeltaKind.REGRESSED else "FAILED"
    variant = "" if comparison.variant.name == DEFAULT_VARIANT else f" [{comparison.variant.name}]"
    rank = 1 if critical else 4 if delta.kind is DeltaKind.REGRESSED else 5
    title = f"{word}{' (critical)' if critical else ''} {delta.case_id}{variant} in {comparison.evalset}"
    return _Annotation(rank, level, title, "\n".join(lines) or title, place_of(delta, comparison))


def _prompts(broken: list[tuple[Comparison, Delta]], level: str) -> Iterator[_Annotation]:
    """Each text of a prompt that changed and broke something, once, at the first line that differs."""
    names: dict[tuple[SourceLocation, str], list[tuple[str, str]]] = {}
    worse = [(comparison, delta) for comparison, delta in broken if delta.kind is DeltaKind.REGRESSED]
    for comparison, delta in worse or broken:
        for text in comparison.prompt_change.texts if comparison.prompt_change else ():
            if text.first_change is not None:
                names.setdefault((text.first_change, comparison.variant.prompt), []).append(
                    (comparison.evalset, delta.case_id)
                )
    for (where, prompt), ids in names.items():
        named = list(dict.fromkeys(ids))
        others = f" and {len(named) - 5} more" if len(named) > 5 else ""
        listed = ", ".join(shorten(name, 100) for _, name in named[:5])
        what = f"{figures.plural(len(named), 'case')} {'got worse' if worse else 'failed'}"
        said = f"since this changed, {what}: {listed}{others}"
        yield _Annotation(3, level, f"llmops: prompt {prompt}", said, where)
