"""`llmops score` for a terminal, and as JSON values: the marks of then beside those of today."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from llmops_cli.domain.comparison import Side
from llmops_cli.domain.outcome import Outcome
from llmops_cli.domain.rescored import Rescored, RescoredCase, RescoredSet, ScoreChange, score_changes
from llmops_cli.domain.scoring import NamedScore
from llmops_cli.domain.serial import response_to_dict
from llmops_cli.reporters import figures
from llmops_cli.reporters.inert import inert, shorten
from llmops_cli.reporters.tables import format_table, make_console, trimmed

if TYPE_CHECKING:
    from rich.console import Console

HEADER = ("evalset", "then", "rate", "today", "rate", "score", "difference")
MAX_SHOWN = 20
"""Cases shown in full; the others are named."""
_ANSWER_LIMIT = 600
_WORDS = {True: "PASSES NOW", False: "FAILS NOW", None: "NO MARK NOW"}
_STYLES = {True: "bold green", False: "bold red", None: "bold yellow"}


def format_rescored(result: Rescored, width: int | None = None, color: bool | None = None) -> str:
    """The table, each case whose mark changed with what its scorers said and say, and what was left out."""
    buffer = io.StringIO()
    _Report(make_console(buffer, width, color), result, width).write()
    return trimmed(buffer.getvalue())


class _Report:
    def __init__(self, console: Console, result: Rescored, width: int | None) -> None:
        self.console = console
        self.result = result
        self.width = width

    def write(self) -> None:
        result = self.result
        self.line(f"{inert(result.source)}, scored by today's scorers", "dim")
        if result.sets:
            table = format_table(HEADER, [_row(part) for part in result.sets], right=(1, 2, 3, 4), fold=(6,),
                                 width=self.width)  # fmt: skip
            self.console.file.write(table)
        self._cases()
        self.line()
        for part in result.sets:
            for text in _lists(part):
                self.line(text)
        for name in result.missing:
            self.line(f"{name}: the evalset is gone, its answers were not scored")
        self.line(_effort(result), "dim")
        for note in result.notes:
            self.line(f"note: {inert(note)}", "dim")

    def line(self, text: str = "", style: str = "") -> None:
        from rich.text import Text

        self.console.print(Text(text, style=style, overflow="fold"))

    def _cases(self) -> None:
        changed = [(part, case) for part in self.result.sets for case in part.cases if case.changed]
        for part, case in changed[:MAX_SHOWN]:
            self._case(part, case)
        if len(changed) > MAX_SHOWN:
            self.line()
            names = ", ".join(inert(case.case.id) for _, case in changed[MAX_SHOWN : 2 * MAX_SHOWN])
            more = len(changed) - MAX_SHOWN
            self.line(f"and {more} more ({names}{' …' if more > MAX_SHOWN else ''}): `--format json`", "dim")

    def _case(self, part: RescoredSet, case: RescoredCase) -> None:
        from rich.table import Table
        from rich.text import Text

        head = Text(_WORDS[case.after.passed], style=_STYLES[case.after.passed])
        head.append(f"  {inert(case.case.id)}", style="bold")
        if part.title != part.evalset:
            head.append(f"  {inert(part.variant)}")
        head.append(f"  {case.case.where}", style="not bold dim")
        self.line()
        self.console.print(head)
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(overflow="fold")
        grid.add_column(overflow="fold")
        for name, text in _details(case, part.gated):
            grid.add_row(Text(f"  {inert(name)}", style="dim"), Text(inert(text), overflow="fold"))
        self.console.print(grid)


def _row(part: RescoredSet) -> tuple[str, ...]:
    before, after = part.before, part.after
    words = {True: "pass now", False: "fail now", None: "without a mark now"}
    counts = {mark: sum(case.changed and case.after.passed is mark for case in part.cases) for mark in _WORDS}
    said = [f"{count} {words[mark]}" for mark, count in counts.items() if count] or ["no mark changed"]
    if before.pass_rate is not None and after.pass_rate is not None:
        said.append(f"{figures.signed(round((after.pass_rate - before.pass_rate) * 100))} pts")
    return (
        part.title,
        f"{before.passed}/{before.judged}" + (f" of {before.cases}" if before.judged < before.cases else ""),
        figures.percent(before.pass_rate),
        f"{after.passed}/{after.judged}" + (f" of {after.cases}" if after.judged < after.cases else ""),
        figures.percent(after.pass_rate),
        f"{figures.score(before.mean_score)} → {figures.score(after.mean_score)}",
        ", ".join(said),
    )


def _details(case: RescoredCase, gated: Collection[str]) -> Iterator[tuple[str, str]]:
    """The answer whose marks changed, and each scorer that says otherwise."""
    pairs = list(case.trials())
    telling = [pair for pair in pairs if pair[0].passed is not pair[1].passed]
    otherwise = [pair for pair in pairs if any(change.differs for change in score_changes(*pair))]
    before, after = (telling or otherwise or pairs)[0]
    yield "answer", _answer(after)
    changes = [change for change in score_changes(before, after) if change.differs]
    for change in changes:
        yield f"{change.name}, then", _said(change.before, gated)
        yield f"{change.name}, now", _said(change.after, gated)
    if not changes:
        yield "why", "the set's `pass` rule is another one"
    if len(pairs) > 1:
        yield "trials", f"{_trials(case.before)} then, {_trials(case.after)} now"


def _said(named: NamedScore | None, gated: Collection[str]) -> str:
    if named is None:
        return "no scorer of this case"
    if named.score is None:
        return f"could not judge: {named.failure}"
    mark = "pass" if named.score.passed else "fail"
    explanation = named.score.explanation.removeprefix(f"{mark}: ")  # a judge says its verdict itself
    if named.severity == "warn":
        mark += " (gates over all cases)" if named.name in gated else " (warns)"
    return f"{mark}: {explanation}" if explanation else mark


def _answer(outcome: Outcome) -> str:
    response = outcome.response
    if response is None:
        return "(none)"
    calls = "".join(f"\n[calls {call.name}({call.arguments})]" for call in response.tool_calls)
    return shorten(inert(response.text + calls).strip("\n"), _ANSWER_LIMIT) or "(empty)"


def _trials(side: Side) -> str:
    return f"{side.passes} of {side.trials} passed"


def _lists(part: RescoredSet) -> Iterator[str]:
    causes: dict[str, list[str]] = {}
    for case in part.cases:
        if case.unscored is not None:
            causes.setdefault(case.unscored, []).append(case.case.id)
    for cause, ids in causes.items():
        yield f"{part.title}: {len(ids)} could not be scored ({_names(ids)}): {inert(cause)}"
    still = [case.case.id for case in part.cases if case.judged_otherwise and not case.changed]
    unanswered = [c.case.id for c in part.cases if any(o.response is None for o in c.before.outcomes)]
    found = (
        ("judged otherwise, with the same mark", still),
        ("no longer in the set", part.gone),
        ("asked with other variables then, not scored", part.otherwise),
        ("not answered then", unanswered),
        ("without a recorded answer", part.unasked),
    )
    for label, names in found:
        if names:
            yield f"{part.title}: {len(names)} {label}: {_names(names)}"


def _names(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - MAX_SHOWN} more" if len(ids) > MAX_SHOWN else ""
    return ", ".join(map(inert, ids[:MAX_SHOWN])) + more


def _effort(result: Rescored) -> str:
    kept = f"{figures.plural(result.kept, 'score')} {'stands' if result.kept == 1 else 'stand'}"
    parts = [f"{kept}, {result.anew} given anew"]
    if result.judge_calls:
        price = "price unknown" if result.judge_cost is None else figures.dollars(result.judge_cost)
        parts.append(f"{figures.plural(result.judge_calls, 'judge call')} ({price})")
    else:
        parts.append("no call")
    return "; ".join(parts)


def rescored_to_dict(result: Rescored) -> dict[str, Any]:
    """The result as JSON."""
    return {
        "source": result.source,
        "exit_code": int(result.exit_code),
        "evalsets": [_set(part) for part in result.sets],
        "missing_evalsets": list(result.missing),
        "scores": {"kept": result.kept, "anew": result.anew},
        "judge": {"calls": result.judge_calls, "cost": result.judge_cost},
        "notes": list(result.notes),
    }


def _set(part: RescoredSet) -> dict[str, Any]:
    return {
        "name": part.evalset,
        "path": part.path,
        "variant": part.variant,
        "then": asdict(part.before),
        "today": asdict(part.after),
        "gone": list(part.gone),
        "asked_otherwise": list(part.otherwise),
        "without_answer": list(part.unasked),
        "gated_over_all_cases": sorted(part.gated),
        "cases": [
            {
                "id": case.case.id,
                "where": str(case.case.where),
                "changed": case.changed,
                "then": _side(case.before),
                "today": _side(case.after),
                "trials": [_trial(before, after) for before, after in case.trials()],
            }
            for case in part.cases
        ],
    }


def _side(side: Side) -> dict[str, Any]:
    return {"passed": side.passed, "trials": side.trials, "passes": side.passes}


def _trial(before: Outcome, after: Outcome) -> dict[str, Any]:
    return {
        "trial": after.trial,
        "response": response_to_dict(after.response) if after.response else None,
        "scores": [_change(change) for change in score_changes(before, after)],
    }


def _change(change: ScoreChange) -> dict[str, Any]:
    return {"name": change.name, "then": _named(change.before), "today": _named(change.after)}


def _named(named: NamedScore | None) -> dict[str, Any] | None:
    if named is None:
        return None
    found: dict[str, Any] = {"scorer": named.digest, "severity": named.severity}
    if named.score is None:
        return found | {"failure": named.failure}
    score = named.score
    return found | {"value": score.value, "passed": score.passed, "explanation": score.explanation}
