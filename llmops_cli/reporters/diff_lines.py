"""What the reports of a diff share: lines with their changed words, settings and figures as phrases."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from llmops_cli.domain.changes import Kind, SettingChange, line_matcher, split_lines
from llmops_cli.domain.diff import AnswerPair, AnswersDiff, CaseEdit, Diff, Effect, EvalsetDiff, PromptDiff
from llmops_cli.domain.prompt import short_digest
from llmops_cli.reporters import figures
from llmops_cli.reporters.inert import shorten
from llmops_cli.reporters.word_diff import Mark, word_diff

CONTEXT = 3
VALUE_LIMIT = 120
_RELATED = 0.3
"""Share of letters in common from which changed words are marked; below, the lines are simply others."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a unified diff; `pieces` are its text, those marked that the other side has not."""

    sign: Literal[" ", "-", "+"]
    pieces: tuple[tuple[Mark, str], ...]

    @property
    def text(self) -> str:
        """The line as it stands in the file."""
        return "".join(piece for _, piece in self.pieces)


def hunks(before: str | None, after: str | None, context: int = CONTEXT) -> Iterator[list[Line]]:
    """The changed places of a text, each with the lines around it."""
    old, new = split_lines(before, after)
    for group in line_matcher(old, new).get_grouped_opcodes(context):
        lines: list[Line] = []
        for operation, a, b, c, d in group:
            if operation == "equal":
                lines += [Line(" ", (("same", text),)) for text in old[a:b]]
            else:
                lines += _replaced(old[a:b], new[c:d])
        yield lines


def _replaced(old: Sequence[str], new: Sequence[str]) -> list[Line]:
    pieces = list(word_diff("\n".join(old), "\n".join(new))) if old and new else []
    common = sum(len(piece.strip()) for mark, piece in pieces if mark == "same")
    if common < _RELATED * max(len("".join(old)), len("".join(new)), 1):
        removed = [Line("-", (("same", text),)) for text in old]
        return removed + [Line("+", (("same", text),)) for text in new]
    return [*_lines("-", pieces, "removed"), *_lines("+", pieces, "added")]


def _lines(sign: Literal["-", "+"], pieces: Sequence[tuple[Mark, str]], own: Mark) -> Iterator[Line]:
    """The pieces of one side, cut where its lines end."""
    line: list[tuple[Mark, str]] = []
    for mark, piece in pieces:
        if mark not in ("same", own):
            continue
        first, *others = piece.split("\n")
        line.append((mark, first))
        for other in others:
            yield Line(sign, tuple(line))
            line = [(mark, other)]
    yield Line(sign, tuple(line))


def unified(before: str | None, after: str | None) -> str:
    """A unified diff without file names, as it stands in a `diff` fence or in JSON."""
    shown = ["\n".join(line.sign + line.text for line in lines) for lines in hunks(before, after)]
    return "\n@@\n".join(shown)


def value(found: Any) -> str:
    """A setting's value, short and on one line."""
    text = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
    return shorten(" ".join(text.split()) or '""', VALUE_LIMIT)


def setting(change: SettingChange) -> str:
    """`temperature 0 → 0.7`, `input tone added (string)`."""
    if change.kind is Kind.ADDED:
        return f"{change.name} added ({value(change.after)})"
    if change.kind is Kind.REMOVED:
        return f"{change.name} removed (was {value(change.before)})"
    return f"{change.name} {value(change.before)} → {value(change.after)}"


def heading(prompt: PromptDiff) -> str:
    """A prompt's name, what became of it, and both digests in short."""
    name = f"{prompt.before_name} → {prompt.name}" if prompt.renamed else prompt.name
    words = {Kind.ADDED: "added", Kind.REMOVED: "removed", Kind.MOVED: "renamed, same content"}
    word = words.get(prompt.kind, "renamed and changed" if prompt.renamed else "changed")
    return f"{name}  {word}  {_digests(prompt)}"


def _digests(prompt: PromptDiff) -> str:
    sides = []
    for digest, error in (
        (prompt.digest_before, prompt.error_before),
        (prompt.digest_after, prompt.error_after),
    ):
        if digest or error:
            sides.append(short_digest(digest) if digest else "invalid")
    return " → ".join(dict.fromkeys(sides))


def remarks(prompt: PromptDiff) -> Iterator[str]:
    """What stands below the heading: errors, partials, and why there is nothing else to see."""
    for side, error in (("before", prompt.error_before), ("after", prompt.error_after)):
        if error:
            yield f"invalid {side}: {error}"
    if prompt.partials:
        yield f"through {', '.join(text.title for text in prompt.partials)}"
    if prompt.kind in (Kind.ADDED, Kind.REMOVED) and prompt.texts:
        added, removed = prompt.lines
        lines = figures.plural(added + removed, "line")
        yield f"{figures.plural(len(prompt.texts), 'message')}, {lines}"
    nothing = not (prompt.texts or prompt.settings or prompt.partials)
    if prompt.kind is Kind.CHANGED and nothing and not (prompt.error_before or prompt.error_after):
        yield "the same text; what it includes stands elsewhere now, which makes another digest"


def effect(found: Effect) -> str:
    """How many requests really changed, and those that could not be compared."""
    text = f"{found.title}: {found.changed} of {figures.plural(found.compared, 'request')} changed"
    if found.compared < found.cases:
        text += f"; {found.cases - found.compared} of {figures.plural(found.cases, 'case')} not comparable"
    return text


def unrendered(found: Effect) -> Iterator[str]:
    """Why cases could not be compared, each reason once."""
    for one in found.unrendered:
        names = ", ".join(one.cases[:3]) + (f" and {len(one.cases) - 3} more" if len(one.cases) > 3 else "")
        yield f"cannot be rendered {one.reason} ({names})"


def request_counts(prompt: PromptDiff) -> str:
    """`3 of 12 requests`, over all evalsets; for `--stat`."""
    compared = sum(effect.compared for effect in prompt.effects)
    changed = sum(effect.changed for effect in prompt.effects)
    return f"{changed} of {figures.plural(compared, 'request')}" if prompt.effects else ""


FIGURES = ("", "pass", "rate", "score", "tokens", "$/1k", "length")


def figure_rows(answers: AnswersDiff) -> list[tuple[str, ...]]:
    """One row a side; empty where nothing is known on both."""
    rows: list[tuple[str, ...]] = []
    for name, side in (("before", answers.before), ("after", answers.after)):
        if side is None:
            continue
        totals = side.totals
        rows.append(
            (
                name,
                f"{totals.passed}/{totals.judged}",
                figures.percent(totals.pass_rate),
                figures.score(totals.mean_score),
                figures.count(totals.tokens),
                figures.dollars(None if totals.cost is None else totals.cost * 1000),
                figures.count(side.length),
            )
        )
    return rows


def unknown(answers: AnswersDiff, diff: Diff) -> str | None:
    """Which answers are missing, and what would bring them."""
    if not answers.unknown:
        return None
    count = figures.plural(answers.unknown, "changed request")
    text = f"{count}: the answer is not known on both sides"
    return text if diff.ran else f"{text}; --run asks"


def same_answers(count: int) -> str:
    """Requests that changed without a consequence."""
    return f"{figures.plural(count, 'changed request')} got the same answer before and after"


def mark_of(passed: bool | None) -> str:
    """What became of a case on one side."""
    return {True: "pass", False: "FAIL", None: "not judged"}[passed]


def verdicts(pair: AnswerPair) -> str:
    """`pass → FAIL`, with trials where there are several."""
    sides = []
    for passed, (passes, trials) in (
        (pair.passed_before, pair.trials_before),
        (pair.passed_after, pair.trials_after),
    ):
        sides.append(mark_of(passed) + (f" ({passes} of {trials} trials)" if trials > 1 else ""))
    return " → ".join(sides)


def score_changes(pair: AnswerPair) -> Iterator[str]:
    """Scorers that see the two answers differently."""
    for one in pair.scores:
        if one.before != one.after:
            why = f": {one.explanation}" if one.explanation else ""
            yield f"{one.name} {figures.score(one.before)} → {figures.score(one.after)}{why}"


def ordered_pairs(answers: AnswersDiff) -> list[AnswerPair]:
    """Pairs whose answers differ: those that broke first, then those that were mended, then the others."""
    ranks = {(True, False): 0, (False, True): 1}
    pairs = [pair for pair in answers.pairs if pair.before != pair.after]
    return sorted(pairs, key=lambda pair: ranks.get((pair.passed_before, pair.passed_after), 2))  # type: ignore[arg-type]


def evalset_heading(found: EvalsetDiff) -> str:
    """A golden set's name and what became of it."""
    name = f"{found.before_name} → {found.name}" if found.before_name else found.name
    if found.kind is Kind.CHANGED:
        return f"{name}  changed"
    if found.kind is Kind.MOVED:
        return f"{name}  renamed, same content"
    return f"{name}  {found.kind.value}  {figures.plural(found.cases_before or found.cases_after, 'case')}"


def evalset_lines(found: EvalsetDiff, limit: int = 20) -> Iterator[str]:
    """What differs in a golden set, a line each."""
    for side, error in (("before", found.error_before), ("after", found.error_after)):
        if error:
            yield f"invalid {side}: {error}"
    for word, cases in (("added", found.added), ("removed", found.removed)):
        if cases:
            yield f"{figures.plural(len(cases), 'case')} {word}: {_names(cases, limit)}"
    yield from _edits("edited", found.edited, limit)
    yield from _edits("expectations changed", found.expectations, limit)
    yield from (f"scorer {setting(change)}" for change in found.scorers)
    yield from (setting(change) for change in found.rules)


def _edits(word: str, edits: Sequence[CaseEdit], limit: int) -> Iterator[str]:
    for edit in edits[:limit]:
        yield f"case {edit.case_id} {word}: {'; '.join(setting(change) for change in edit.changes)}"
    if len(edits) > limit:
        yield f"and {len(edits) - limit} more cases {word}"


def _names(names: Sequence[str], limit: int) -> str:
    return ", ".join(names[:limit]) + (f" and {len(names) - limit} more" if len(names) > limit else "")
