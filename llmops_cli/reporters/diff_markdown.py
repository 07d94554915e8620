"""A diff as Markdown for a pull request. Whatever a user or a model wrote stands in fences or code spans."""

from collections.abc import Iterator

from llmops_cli.domain.changes import TextChange
from llmops_cli.domain.diff import AnswersDiff, Diff, Effect, PromptDiff
from llmops_cli.reporters import diff_lines as lines
from llmops_cli.reporters.figures import plural
from llmops_cli.reporters.markdown_text import cell, fence, row, span
from llmops_cli.reporters.wrapped_diff import wrapped_diff

MAX_PAIRS = 10


def format_diff(diff: Diff) -> str:
    """The whole diff; sections by prompt, then shared templates, then golden sets."""
    return "\n".join(_document(diff)) + "\n"


def format_stat(diff: Diff) -> str:
    """One table with a row a prompt and a golden set."""
    if not diff.differs:
        return _nothing(diff) + "\n"
    rows = ["| name | | lines | settings | changed |", "|---|---|---|---|---|"]
    for prompt in diff.prompts:
        name, word, _ = lines.heading(prompt).split("  ", 2)
        added, removed = prompt.lines
        settings = str(len(prompt.settings) or "")
        rows.append(row(cell(name), word, f"+{added} −{removed}", settings, lines.request_counts(prompt)))
    for evalset in diff.evalsets:
        name, word, *_ = lines.evalset_heading(evalset).split("  ")
        rows.append(row(cell(name), f"golden set {word}", "", "", ""))
    return "\n".join(rows) + "\n"


def _nothing(diff: Diff) -> str:
    return f"Nothing differs between {span(diff.before.title)} and {span(diff.after.title)}."


def _document(diff: Diff) -> Iterator[str]:
    if not diff.differs:
        yield _nothing(diff)
    else:
        yield f"Prompts between {span(diff.before.title)} and {span(diff.after.title)}"
    for prompt in diff.prompts:
        yield from _prompt(prompt, diff)
    if diff.partials:
        yield from ("", "### Shared templates")
    for partial in diff.partials:
        yield from _text(partial.text)
        yield from ("", f"Used by {', '.join(map(span, partial.used_by))}.")
    if diff.evalsets:
        yield from ("", "### Golden sets", "", "The ruler changed here, not a prompt.")
    for evalset in diff.evalsets:
        name, word, *rest = lines.evalset_heading(evalset).split("  ")
        yield from ("", f"**{span(name)}** {' '.join([word, *rest])}", "")
        yield from (f"- {span(text)}" for text in lines.evalset_lines(evalset))
    if diff.notes:
        yield ""
    yield from (f"> note: {span(note)}  " for note in diff.notes)


def _prompt(prompt: PromptDiff, diff: Diff) -> Iterator[str]:
    name, word, digests = lines.heading(prompt).split("  ", 2)
    yield from ("", f"### {span(name)}", "", f"{word}, {span(digests)}", "")
    yield from (f"- {span(remark)}" for remark in lines.remarks(prompt))
    yield from (f"- {span(lines.setting(change))}" for change in prompt.settings)
    if prompt.kind.value == "changed":
        for text in prompt.texts:
            yield from _text(text)
    answers = {(found.evalset, found.variant): found for found in prompt.answers}
    for effect in prompt.effects:
        yield from _effect(effect)
        found = answers.get((effect.evalset, effect.variant))
        if found is not None:
            yield from _answers(found, diff)
    if prompt.digest_before and prompt.digest_after and not prompt.effects and not prompt.renamed:
        yield from ("", "No evalset uses it.")


def _text(text: TextChange) -> Iterator[str]:
    yield from ("", span(text.title), "", fence(wrapped_diff(text.before, text.after), "diff"))


def _effect(effect: Effect) -> Iterator[str]:
    title, counts = lines.effect(effect).removeprefix(effect.title), span(effect.title)
    yield from ("", f"**{counts}**{title}")
    reasons = list(lines.unrendered(effect))
    if reasons:
        yield from ("", *(f"- {span(reason)}" for reason in reasons))
    if effect.example is not None:
        example = effect.example
        yield from ("", "<details><summary>A rendered example</summary>", "")
        yield f"{span(example.case_id)} at {span(str(example.where))}"
        for message in example.messages:
            yield from _text(message)
        yield from ("", "</details>")


def _answers(answers: AnswersDiff, diff: Diff) -> Iterator[str]:
    rows = lines.figure_rows(answers)
    if rows:
        header = ("answers", *lines.FIGURES[1:])
        yield from ("", row(*header), row("---", *["---:"] * (len(header) - 1)))
        yield from (row(*cells) for cells in rows)
    unknown = lines.unknown(answers, diff)
    if unknown or answers.notes:
        yield ""
    if unknown:
        yield f"- {unknown.replace('--run', '`--run`')}"
    yield from (f"- not answered: {span(note)}" for note in answers.notes)
    pairs = lines.ordered_pairs(answers)
    for pair in pairs[:MAX_PAIRS]:
        yield from ("", f"{span(pair.case_id)} {lines.verdicts(pair)}", "")
        yield fence(lines.unified(pair.before or "(empty)", pair.after or "(empty)"), "diff")
        changes = list(lines.score_changes(pair))
        if changes:
            yield from ("", *(f"- {span(change)}" for change in changes))
    if len(pairs) > MAX_PAIRS:
        yield from ("", f"and {plural(len(pairs) - MAX_PAIRS, 'more answer')} that differ.")
    same = len(answers.pairs) - len(pairs)
    if same:
        yield from ("", f"{lines.same_answers(same)}.")
