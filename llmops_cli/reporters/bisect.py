"""What `llmops bisect` found, for a terminal and as JSON values."""

import io
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from llmops_cli.domain.bisect import Bisected, Border, BrokenCase, CaseKey, Effort, Estimate, Health, Tried
from llmops_cli.domain.prompt import short_digest
from llmops_cli.reporters import figures
from llmops_cli.reporters.history import commit_to_dict
from llmops_cli.reporters.inert import inert, shorten
from llmops_cli.reporters.prompt_text import prompt_diff
from llmops_cli.reporters.tables import make_console, trimmed

if TYPE_CHECKING:
    from rich.console import Console

MAX_SHOWN = 10
_ANSWER_LIMIT = 300
_STYLES = {Health.GOOD: "green", Health.BAD: "red", Health.UNJUDGED: "yellow"}
_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def format_bisect(result: Bisected, width: int | None = None, color: bool | None = None) -> str:
    """The guilty version with its diff and the cases it broke; or why there is none."""
    buffer = io.StringIO()
    _Report(make_console(buffer, width, color), result).write()
    return trimmed(buffer.getvalue())


class _Report:
    def __init__(self, console: "Console", result: Bisected) -> None:
        self.console = console
        self.result = result

    def write(self) -> None:
        result = self.result
        for tried in result.tried:
            self._tried(tried)
        self.line()
        if result.guilty is not None:
            self._guilty(result.guilty)
        elif result.candidates:
            self._candidates()
        else:
            good, bad = _short(result.good), _short(result.bad)
            self.line(f"{bad} is not worse than {good}: every case that passes there passes here", "green")
        for note in result.notes:
            self.line(f"note: {inert(note)}", "dim")
        self.line(effort_line(result.effort), "dim")

    def line(self, text: str = "", style: str = "", indent: int = 0) -> None:
        from rich.padding import Padding
        from rich.text import Text

        body = Text(text, style=style, overflow="fold")
        self.console.print(Padding(body, (0, 0, 0, indent), expand=False) if indent else body)

    def _tried(self, tried: Tried) -> None:
        from rich.table import Table
        from rich.text import Text

        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        health = Text(f"{tried.health.value:<8}", style=_STYLES[tried.health])
        reason = f": {inert(tried.reason)}" if tried.reason else ""
        grid.add_row(health, Text(_short(tried) + reason, overflow="fold"))
        self.console.print(grid)

    def _guilty(self, tried: Tried) -> None:
        result = self.result
        certain = result.border is None or result.border.certain
        if certain:
            self.line(f"{_short(tried)} is the first bad version of {result.name}", "bold red")
        else:
            self.line(
                f"not certain: {_short(tried)} may be the first bad version of {result.name}", "bold yellow"
            )
        commit = tried.version.commit
        if commit is None:
            self.line("it is not committed yet", indent=2)
        else:
            self.line(f"commit {commit.sha}", indent=2)
            self.line(f"{commit.date}  {inert(commit.author)}", indent=2)
            self.line(inert(commit.subject), indent=2)
        if result.border is not None:
            self._border(result.border)
        self.line()
        for case in result.broken[:MAX_SHOWN]:
            self._case(case)
        if len(result.broken) > MAX_SHOWN:
            self.line(f"and {len(result.broken) - MAX_SHOWN} more; `--format json` holds them all", "dim")
        if result.later:
            names = ", ".join(str(key) for key in result.later[:MAX_SHOWN])
            more = f" and {len(result.later) - MAX_SHOWN} more" if len(result.later) > MAX_SHOWN else ""
            self.line(f"broken by a later version (--case finds it): {names}{more}", "dim")
        self.line()
        for text in diff_of(result):
            self.line(inert(text), _DIFF_STYLES.get(text[:1], ""))
        self.line()

    def _border(self, border: Border) -> None:
        """Both sides' counts, as both were asked again."""
        self.line()
        self.line("answers vary, so both sides of the border were asked again:")
        for one in border.cases:
            before = f"{one.before_passes} of {one.before_trials} passed before it"
            self.line(f"{one.key}  {before}, {one.passes} of {one.trials} since", indent=2)
        if border.why_not:
            self.line(f"not asked as often as wanted: {inert(border.why_not)}", "yellow", indent=2)
        if not border.certain:
            chance = f"one version alone gives such counts with p = {border.p:.2g}"
            self.line(f"the two do not part clearly: {chance}", "yellow", indent=2)

    def _case(self, case: BrokenCase) -> None:
        trials = f"  {case.passes} of {case.trials} trials passed" if case.trials > 1 else ""
        self.line(f"✗ {case.key}  {case.where}{trials}")
        if case.explanation:
            self.line(shorten(inert(case.explanation), _ANSWER_LIMIT), "red", indent=4)
        answer = shorten(inert(case.answer).strip("\n"), _ANSWER_LIMIT) or "(empty)"
        self.line(f"answer: {answer}", "dim", indent=4)

    def _candidates(self) -> None:
        found = self.result.candidates
        self.line("the first bad version cannot be told; it is one of these:", "bold yellow")
        for tried in found:
            self.line(f"{_short(tried)}  {_who(tried)}", indent=2)
        if any(tried.health is Health.UNJUDGED for tried in found):
            self.line("those that could not be judged were passed over", "dim")
        self.line()


def diff_of(result: Bisected) -> list[str]:
    """The unified diff of the guilty version against what it replaced; empty without one."""
    if result.guilty is None or result.guilty.version.prompt is None:
        return []
    return prompt_diff(result.before, result.guilty.version.prompt)


def effort_line(effort: Effort) -> str:
    """What the search cost, in one line."""
    parts = [
        figures.plural(effort.evaluations, "evaluation"),
        figures.plural(effort.answers, "answer"),
        figures.plural(effort.calls, "call"),
    ]
    if effort.judge_calls:
        parts.append(figures.plural(effort.judge_calls, "judge call"))
    if effort.calls or effort.judge_calls:
        parts.append("price unknown" if effort.cost is None else figures.dollars(effort.cost))
    return ", ".join(parts)


def format_estimate(found: Estimate, width: int | None = None) -> str:
    """What a search would take, as text."""
    from rich.text import Text

    judges = f" and {figures.plural(found.judge_calls, 'judge call')}" if found.judge_calls else ""
    price = "price unknown" if found.cost is None else figures.dollars(found.cost)
    unfit = f", {found.unjudged} of which cannot be judged" if found.unjudged else ""
    versions = f"{figures.plural(found.versions, 'version')} after the good one{unfit}"
    buffer = io.StringIO()
    console = make_console(buffer, width, color=False)
    calls = f"{figures.plural(found.calls, 'call')}{judges} ({price}), what is on record not counted"
    repeats = f"{figures.plural(found.repeat_calls, 'call')} of these ask again where answers vary"
    for line in (
        f"{versions}; {figures.plural(found.cases, 'case')}",
        f"at most {figures.plural(found.evaluations, 'evaluation')} of versions: {calls}",
        *([repeats] if found.repeat_calls else []),
        "more only where versions cannot be judged or branches were merged; nothing was asked",
    ):
        console.print(Text(line))
    return buffer.getvalue()


def bisect_to_dict(result: Bisected) -> dict[str, Any]:
    """The result as JSON."""
    return {
        "prompt": result.name,
        "good": _tried_to_dict(result.good),
        "bad": _tried_to_dict(result.bad),
        "versions": result.between,
        "tried": [_tried_to_dict(tried) for tried in result.tried],
        "guilty": _tried_to_dict(result.guilty) if result.guilty else None,
        "candidates": [_tried_to_dict(tried) for tried in result.candidates],
        "border": _border_to_dict(result.border) if result.border else None,
        "broken": [_broken_to_dict(case) for case in result.broken],
        "later": [_key_to_dict(key) for key in result.later],
        "diff": "\n".join(diff_of(result)),
        "notes": list(result.notes),
        "effort": asdict(result.effort),
    }


def _tried_to_dict(tried: Tried) -> dict[str, Any]:
    version = tried.version
    found: dict[str, Any] = {
        "ordinal": tried.ordinal,
        "name": version.name,
        "digest": version.digest,
        "commit": commit_to_dict(version.commit),
        "health": tried.health.value,
    }
    return {**found, "reason": tried.reason} if tried.reason else found


def _border_to_dict(border: Border) -> dict[str, Any]:
    cases = [
        {
            **_key_to_dict(one.key),
            "before": {"passes": one.before_passes, "trials": one.before_trials},
            "since": {"passes": one.passes, "trials": one.trials},
        }
        for one in border.cases
    ]
    found = {"certain": border.certain, "p": border.p, "cases": cases}
    return {**found, "why_not": border.why_not} if border.why_not else found


def _broken_to_dict(case: BrokenCase) -> dict[str, Any]:
    return {
        **_key_to_dict(case.key),
        "where": str(case.where),
        "passes": case.passes,
        "trials": case.trials,
        "answer": case.answer,
        "explanation": case.explanation,
    }


def _key_to_dict(key: CaseKey) -> dict[str, Any]:
    return {"evalset": key.evalset, "variant": key.variant, "case": key.case_id}


def _short(tried: Tried) -> str:
    version = tried.version
    digest = short_digest(version.digest) if version.digest else "invalid"
    commit = version.commit
    return f"v{tried.ordinal} {digest} ({f'{commit.short} {commit.date}' if commit else 'not committed'})"


def _who(tried: Tried) -> str:
    commit = tried.version.commit
    return inert(f"{commit.author}: {commit.subject}") if commit else ""
