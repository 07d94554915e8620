"""A diff for a person at a terminal; golden sets stand apart from the prompts."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from llmops_cli.domain.changes import TextChange
from llmops_cli.domain.diff import AnswerPair, AnswersDiff, Diff, Effect, PromptDiff
from llmops_cli.reporters import diff_lines as lines
from llmops_cli.reporters.figures import plural
from llmops_cli.reporters.inert import inert, shorten
from llmops_cli.reporters.tables import format_table, make_console, marked, trimmed
from llmops_cli.reporters.word_diff import word_diff

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

MAX_PAIRS = 5
"""Answers shown side by side for each evalset; `--format json` holds them all."""
_ANSWER_LIMIT = 2000


def format_diff(diff: Diff, width: int | None = None, color: bool | None = None) -> str:
    """The whole diff. Width and colour default to what standard output can do."""
    buffer = io.StringIO()
    console = make_console(buffer, width, color)
    _Writer(console, diff).write()
    return trimmed(buffer.getvalue())


def format_stat(diff: Diff, width: int | None = None) -> str:
    """One line a prompt, then one a golden set."""
    rows = []
    for prompt in diff.prompts:
        name, word, _ = lines.heading(prompt).split("  ", 2)
        added, removed = prompt.lines
        settings = plural(len(prompt.settings), "setting") if prompt.settings else ""
        rows.append((name, word, f"+{added} −{removed}", settings, lines.request_counts(prompt)))
    for evalset in diff.evalsets:
        name, word, *_ = lines.evalset_heading(evalset).split("  ")
        count = len([*lines.evalset_lines(evalset, limit=10**9)])
        rows.append((name, f"golden set {word}", "", plural(count, "change") if count else "", ""))
    if not rows:
        return _nothing(diff) + "\n"
    table = format_table(("name", "", "lines", "settings", "changed"), rows, right=(2,), width=width)
    return table + "".join(f"note: {inert(note)}\n" for note in diff.notes)


def _nothing(diff: Diff) -> str:
    return f"nothing differs between {inert(diff.before.title)} and {inert(diff.after.title)}"


class _Writer:
    def __init__(self, console: Console, diff: Diff) -> None:
        from rich.text import Text

        self.console = console
        self.diff = diff
        self.plain = console.color_system is None
        self._fitting = Text()

    def write(self) -> None:
        diff = self.diff
        if not diff.differs:
            self.line(_nothing(diff))
        else:
            self.line(f"{inert(diff.before.title)} → {inert(diff.after.title)}", "dim")
        for prompt in diff.prompts:
            self._prompt(prompt)
        if diff.partials:
            self._section("shared templates")
        for partial in diff.partials:
            self._text(partial.text)
            self.line(f"used by {inert(', '.join(partial.used_by))}", "dim", 2)
        if diff.evalsets:
            self._section("golden sets (the ruler, not the prompt)")
        for evalset in diff.evalsets:
            self.line(inert(lines.evalset_heading(evalset)), "bold", 2)
            for text in lines.evalset_lines(evalset):
                self._bullet(text, 4)
        if diff.notes:
            self.line()
        for note in diff.notes:
            self.line(f"note: {inert(note)}", "dim")
        self._flush()

    def line(self, text: str | Text = "", style: str = "", indent: int = 0) -> None:
        self._row("", text, indent, style)

    def _section(self, title: str) -> None:
        self.line()
        self.line(title, "bold")

    def _bullet(self, text: str, indent: int, style: str = "") -> None:
        self._row("•", inert(text), indent, style)

    def _row(self, sign: str, body: str | Text, indent: int, style: str = "") -> None:
        """A sign and a text whose further lines stand below its first."""
        from rich.table import Table
        from rich.text import Text

        text = Text(body, style=style, overflow="fold") if isinstance(body, str) else body
        head = " " * indent + (f"{sign} " if sign else "")
        if (
            "\n" not in text.plain
            and "\t" not in text.plain
            and len(head) + text.cell_len <= self.console.width
        ):
            # most lines fit, and a grid for each of them takes long
            self._fitting.append(head, style=style).append_text(text).append("\n")
            return
        self._flush()
        grid = Table.grid()
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(Text(head, style=style), text)
        self.console.print(grid)

    def _flush(self) -> None:
        """Print the lines that were gathered."""
        from rich.text import Text

        self.console.print(self._fitting, end="", no_wrap=True, crop=False)
        self._fitting = Text()

    # -- prompts

    def _prompt(self, prompt: PromptDiff) -> None:
        name, word, digests = lines.heading(prompt).split("  ", 2)
        from rich.text import Text

        head = Text()
        head.append(inert(name), style="bold")
        head.append(f"  {word}  ")
        head.append(digests, style="dim")
        self.line()
        self.line(head)
        for remark in lines.remarks(prompt):
            self.line(inert(remark), "dim", 2)
        for change in prompt.settings:
            self._bullet(lines.setting(change), 2, "yellow")
        for text in prompt.texts if prompt.digest_before and prompt.digest_after else self._raw(prompt):
            self._text(text)
        answers = {(found.evalset, found.variant): found for found in prompt.answers}
        for effect in prompt.effects:
            self._effect(effect)
            if found := answers.get((effect.evalset, effect.variant)):
                self._answers(found)
        if prompt.digest_before and prompt.digest_after and not prompt.effects and not prompt.renamed:
            self.line("no evalset uses it", "dim", 2)

    def _raw(self, prompt: PromptDiff) -> Sequence[TextChange]:
        """An added or removed prompt is named, not printed; an invalid one shows its YAML."""
        return prompt.texts if prompt.kind.value == "changed" else ()

    def _text(self, text: TextChange, indent: int = 2) -> None:
        self.line(inert(text.title), "cyan", indent)
        for number, hunk in enumerate(lines.hunks(text.before, text.after)):
            if number:
                self.line("⋮", "dim", indent + 2)
            for line in hunk:
                self._diff_line(line, indent + 2)

    def _diff_line(self, line: lines.Line, indent: int) -> None:
        from rich.text import Text

        style = {"-": "red", "+": "green", " ": ""}[line.sign]
        body = Text(style=style, overflow="fold")
        for mark, piece in line.pieces:
            body.append(inert(piece), style="" if mark == "same" else "bold reverse")
        self._row(line.sign, body, indent, style)

    def _effect(self, effect: Effect) -> None:
        self.line()
        self.line(inert(lines.effect(effect)), "bold", 2)
        for reason in lines.unrendered(effect):
            self._bullet(reason, 4)
        if effect.example is not None:
            example = effect.example
            self.line(f"for example {inert(example.case_id)}  {example.where}", "dim", 4)
            for message in example.messages:
                self._text(message, 4)

    # -- answers

    def _answers(self, answers: AnswersDiff) -> None:
        from rich.text import Text

        rows = lines.figure_rows(answers)
        if rows:
            self.line("answers, over the cases known on both sides", "", 4)
            width = max(self.console.width - 4, 20)
            right = range(1, len(lines.FIGURES))
            for row in format_table(lines.FIGURES, rows, right=right, width=width).splitlines():
                # the table has colours of its own: as plain text they would count as characters
                self.line(Text.from_ansi(row), indent=4)
        unknown = lines.unknown(answers, self.diff)
        if unknown:
            self._bullet(unknown, 4)
        for note in answers.notes:
            self._bullet(f"not answered: {note}", 4, "yellow")
        pairs = lines.ordered_pairs(answers)
        for pair in pairs[:MAX_PAIRS]:
            self._pair(pair)
        same = len(answers.pairs) - len(pairs)
        if same:
            self.line(lines.same_answers(same), "dim", 4)
        if len(pairs) > MAX_PAIRS:
            more = plural(len(pairs) - MAX_PAIRS, "more answer")
            self.line(f"and {more} that differ; --format json holds them all", "dim", 4)

    def _pair(self, pair: AnswerPair) -> None:
        broke = pair.passed_before is True and pair.passed_after is False
        self.line(f"{inert(pair.case_id)}  {lines.verdicts(pair)}", "red" if broke else "", 4)
        pieces = list(word_diff(_shown(pair.before), _shown(pair.after)))
        self._row("-", marked(pieces, "removed", plain=self.plain), 6)
        self._row("+", marked(pieces, "added", plain=self.plain), 6)
        for change in lines.score_changes(pair):
            self._bullet(change, 6, "dim")


def _shown(answer: str) -> str:
    return shorten(inert(answer).strip("\n"), _ANSWER_LIMIT) or "(empty)"
