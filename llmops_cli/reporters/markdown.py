"""A result as one comment on a pull request: the verdict first, then what broke and why, then what to do.

It is read on a phone, so nothing is wider than it must be, and it keeps below GitHub's limit: the least important
sections go first, and a line says which.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from llmops_cli.domain.changes import PromptChange
from llmops_cli.domain.comparison import Comparison, Delta, Result, Status, Totals
from llmops_cli.domain.prompt import short_digest
from llmops_cli.reporters import diff_lines, figures, judges, summary
from llmops_cli.reporters.cases import LISTED, heading, listed, shown_whole
from llmops_cli.reporters.commands import commands
from llmops_cli.reporters.inert import shorten
from llmops_cli.reporters.markdown_case import Links, case_section
from llmops_cli.reporters.markdown_text import cell, fence, folded, prose, row, span
from llmops_cli.reporters.warned import warnings
from llmops_cli.reporters.wrapped_diff import wrapped_diff

LIMIT = 65_000
"""Characters. GitHub takes 65,536; whoever sends the comment adds a mark by which to find it again."""
PROMPT_ROOM = 12_000
"""Characters for the diffs of prompts that go before the cases: what was done is worth more than the last of them."""
MAX_ROWS = 60
MAX_NAMED = 50
_SYMBOLS = {
    Status.PASS: "✅",
    Status.UNAFFECTED: "✅",
    Status.REGRESSION: "❌",
    Status.INCONCLUSIVE: "⚪",
}


@dataclass(frozen=True, slots=True)
class _Section:
    """A piece of the comment; of those that do not fit, the ones with the highest rank go first."""

    rank: int
    text: str | Callable[[], str]
    """Called only where there is room: thousands of cases may have broken."""
    name: str = ""


def format_markdown(result: Result) -> str:
    """The whole comment, at most `LIMIT` characters."""
    return _fitted(list(_sections(result))) + "\n"


def _fitted(sections: list[_Section]) -> str:
    """In the order of the page, as many as fit, the most important ones first."""
    kept: dict[int, str] = {}
    dropped: dict[str, int] = {}
    room = LIMIT - 400  # for the line that says what was left out
    for place in sorted(range(len(sections)), key=lambda n: (sections[n].rank, n)):
        section = sections[place]
        if section.name not in dropped:
            text = section.text if isinstance(section.text, str) else section.text()
            if len(text) + 2 <= room:
                kept[place] = text
                room -= len(text) + 2
                continue
        dropped[section.name] = dropped.get(section.name, 0) + 1
    texts = [text for _, text in sorted(kept.items())]
    if dropped:
        what = ", ".join(f"{name} ({count})" if count > 1 else name for name, count in dropped.items())
        texts.append(f"Left out for length: {what}. The run's own report holds everything.")
    return "\n\n".join(texts)


def _sections(result: Result) -> Iterator[_Section]:
    links = Links.of(result.run.provenance)
    verdict = result.verdict
    yield _Section(0, f"## {_SYMBOLS[verdict.status]} {_headline(result)}")
    reasons = [
        reason.text for reason in verdict.reasons if reason.status not in (Status.PASS, Status.UNAFFECTED)
    ]
    yield from _bullets(0, reasons, "reasons")
    if result.comparisons:
        yield _Section(1, _table(result))
    notes = [*_warnings(result), *judges.lines(result), *(f"note: {note}" for note in verdict.notes)]
    yield from _bullets(3, notes, "notes")
    yield from _broken(result, links)
    yield from _accepted(result, links)
    yield from _named(result)
    yield from _prompts(result)
    yield from _statistics(result)
    yield from _commands(result)
    yield _Section(2, _footer(result))


def _bullets(rank: int, texts: list[str], name: str) -> Iterator[_Section]:
    if texts:
        more = [f"- and {len(texts) - MAX_NAMED} more"] if len(texts) > MAX_NAMED else []
        lines = [f"- {prose(text)}" for text in texts[:MAX_NAMED]]
        yield _Section(rank, "\n".join([*lines, *more]), name)


def _headline(result: Result) -> str:
    """`REGRESSION: 2 cases got worse · escalation −9.5 pts, at most 18 pts worse (95 %)`."""
    said = prose(summary.headline(result).rstrip(":"))
    return " · ".join([f"{result.verdict.status.value}: {said}", *_difference(result)])


def _warnings(result: Result) -> Iterator[str]:
    several = len(result.comparisons) > 1
    for comparison in result.comparisons:
        for line in warnings(comparison):
            yield f"{comparison.title}: {line}" if several else line


def _difference(result: Result) -> Iterator[str]:
    """The set that fell most, with its interval where answers vary."""
    falls: list[tuple[float, str]] = []
    for comparison in result.comparisons:
        title = f"{prose(comparison.title)} " if len(result.comparisons) > 1 else ""
        before, now = comparison.base, comparison.candidate
        if comparison.statistics is not None and comparison.statistics.tests:
            test = comparison.statistics.tests[0]
            points = figures.signed(round(-test.drop * 100, 1), " pts")
            name = comparison.rate_of(test.metric)
            falls.append((test.drop, f"{title}{name} {points}{summary.bound_of(test)}"))
        elif before is not None and before.pass_rate is not None and now.pass_rate is not None:
            drop = before.pass_rate - now.pass_rate
            name = "case pass rate" if comparison.several_trials else "pass rate"
            falls.append((drop, f"{title}{name} {figures.signed(round(-drop * 100, 1), ' pts')}"))
    if falls:
        yield max(falls)[1]


def _table(result: Result) -> str:
    """Of several trials a case both rates: that of trials is tested, that of cases is what most gates look at."""
    several = any(comparison.several_trials for comparison in result.comparisons)
    head = ["evalset", "cases", *(["trials"] if several else []), "$/1k", "tokens", "p95"]
    rows = [row(*head), row("---", *["---:"] * (len(head) - 1))]
    rows += [row(cell(c.title), *_cells(c.base, c.candidate, several)) for c in result.comparisons[:MAX_ROWS]]
    if len(result.comparisons) > MAX_ROWS:
        rows.append(row(f"and {len(result.comparisons) - MAX_ROWS} more", *[""] * (len(head) - 1)))
    return "\n".join(rows)


def _cells(before: Totals | None, now: Totals, several: bool) -> Iterator[str]:
    yield _rates(before.pass_rate if before else None, now.pass_rate)
    if several:
        yield _rates(before.trial_pass_rate if before else None, now.trial_pass_rate)
    costs = (None if side is None or side.cost is None else side.cost * 1000 for side in (before, now))
    yield _both(*(figures.dollars(cost) for cost in costs))
    yield _both(*(figures.count(side.tokens if side else None) for side in (before, now)))
    yield _both(*(figures.seconds(side.latency_p95 if side else None) for side in (before, now)))


def _rates(before: float | None, now: float | None) -> str:
    """Both sides, also where they are the same: one figure would look as if there were no base."""
    shown = figures.percent(now)
    return shown if before is None else f"{figures.percent(before)} → {shown}"


def _both(before: str, now: str) -> str:
    """`95% → 86%`, or one figure where there is no other or both are the same."""
    return now if before in (now, figures.NONE) else f"{before} → {now}"


def _broken(result: Result, links: Links) -> Iterator[_Section]:
    """Cases shown whole, the gravest first, each a section of its own, so that those stay where not all fit."""
    word = "broke" if result.verdict.status is Status.REGRESSION else "fails"
    above = f"### What {word}\n\n"
    for comparison, delta in shown_whole(result.comparisons):
        if not delta.excused:
            yield _Section(5, partial(_case, above, comparison, delta, links), "broken cases")
            above = ""


def _case(above: str, comparison: Comparison, delta: Delta, links: Links) -> str:
    return above + case_section(comparison, delta, links)


def _accepted(result: Result, links: Links) -> Iterator[_Section]:
    found = [(one, delta) for one in result.comparisons for delta in one.accepted if delta.excused]
    if not found:
        return
    body = "\n\n".join(case_section(comparison, delta, links) for comparison, delta in found[:MAX_NAMED])
    title = f"{figures.plural(len(found), 'case')} worse, and accepted by this branch's own baseline"
    yield _Section(6, folded(title, body), "accepted cases")


def _named(result: Result) -> Iterator[_Section]:
    """The other kinds by name, each only where there are any."""
    for rank, (kind, label) in enumerate(LISTED, start=7):
        found = [(c, delta) for c in result.comparisons for delta in listed(c, kind) if not delta.accepted]
        if not found:
            continue
        lines = [f"- {_name(result, *one)}" for one in found[:MAX_NAMED]]
        if len(found) > MAX_NAMED:
            lines.append(f"- and {len(found) - MAX_NAMED} more")
        title = f"{figures.plural(len(found), 'case')} {heading(kind, label, found)}"
        yield _Section(rank, folded(title, "\n".join(lines)), f"the list of cases {label}")


def _name(result: Result, comparison: Comparison, delta: Delta) -> str:
    where = f" in {span(comparison.title)}" if len(result.comparisons) > 1 else ""
    return f"{span(delta.case_id)}{where}" + (f": {prose(delta.reason)}" if delta.reason else "")


def _prompts(result: Result) -> Iterator[_Section]:
    """What was done to each prompt, once, however many sets use it."""
    changes = {
        (change.digest_before, change.digest_after): change
        for change in (comparison.prompt_change for comparison in result.comparisons)
        if change is not None
    }
    room = PROMPT_ROOM
    for change in changes.values():
        section = folded("What changed in the prompt", _change(change), name=shorten(change.name, 200))
        room -= len(section)
        yield _Section(4 if room >= 0 else 20, section, "the diff of the prompt")


def _change(change: PromptChange) -> str:
    digests = f"{span(short_digest(change.digest_before))} → {span(short_digest(change.digest_after))}"
    renamed = f", renamed from {span(change.before_name)}" if change.before_name else ""
    parts = [f"{digests}{renamed}"]
    if change.settings:
        parts.append("\n".join(f"- {span(diff_lines.setting(setting))}" for setting in change.settings))
    for text in change.texts:
        parts += [span(text.title), fence(wrapped_diff(text.before, text.after), "diff")]
    return "\n\n".join(parts)


def _statistics(result: Result) -> Iterator[_Section]:
    lines = [
        f"- {prose(f'{comparison.title}: {line}' if len(result.comparisons) > 1 else line)}"
        for comparison in result.comparisons
        for line in summary.statistics(comparison)
    ]
    if lines:
        yield _Section(
            15, folded("What this set would have seen", "\n".join(lines[:MAX_ROWS])), "the statistics"
        )


def _commands(result: Result) -> Iterator[_Section]:
    """How to see it on one's own machine."""
    lines = commands(result)
    if lines:
        yield _Section(3, "### On your machine\n\n" + fence("\n".join(lines), "sh"), "the commands")


def _footer(result: Result) -> str:
    provenance = result.run.provenance
    commit = f" at {span(provenance.commit[:10])}" if provenance.commit else ""
    dirty = " with uncommitted changes" if provenance.dirty else ""
    return f"<sub>run {span(result.run.id)}{commit}{dirty}; {prose(summary.effort(result))}</sub>"
