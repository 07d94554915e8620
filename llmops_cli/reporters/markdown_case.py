"""One case in a comment: what was asked, what was answered before and now, which scorer says no and why."""

import textwrap
from dataclasses import dataclass

from llmops_cli.domain.comparison import Comparison, Delta, DeltaKind
from llmops_cli.domain.evalset import DEFAULT_VARIANT
from llmops_cli.domain.outcome import Provenance
from llmops_cli.errors import SourceLocation
from llmops_cli.reporters import diff_lines
from llmops_cli.reporters.cases import CaseView, view_of
from llmops_cli.reporters.inert import shorten
from llmops_cli.reporters.markdown_text import fence, link, prose, span

ANSWER_LIMIT = 1500
INPUT_LIMIT = 600
MAX_INPUTS = 8
_WRAPPER = textwrap.TextWrapper(
    80, expand_tabs=False, replace_whitespace=False, drop_whitespace=False, break_on_hyphens=False
)


@dataclass(frozen=True, slots=True)
class Links:
    """Where a file can be seen: below a commit of the repository's web page, or nowhere."""

    base: str | None = None
    folder: str = ""

    @classmethod
    def of(cls, provenance: Provenance) -> "Links":
        """Links to the commit that was run; none for a dirty worktree, whose lines stand elsewhere."""
        url, commit = provenance.repository_url, provenance.commit
        if url is None or commit is None or provenance.dirty:
            return cls()
        tree = "-/blob" if "gitlab" in url else "blob"
        return cls(f"{url}/{tree}/{commit}", provenance.folder)

    def to(self, where: SourceLocation) -> str:
        """`evalsets/x.yaml:14`, as a link where there is a place to link to."""
        if self.base is None:
            return span(str(SourceLocation(where.path, where.line)))
        path = f"{self.folder}/{where.path}" if self.folder else where.path
        return link(f"{where.path}:{where.line}" if where.line else where.path, self.base, path, where.line)


def case_section(comparison: Comparison, delta: Delta, links: Links) -> str:
    """A heading line, the input, the answers as a diff, the scorers' words."""
    view = view_of(delta)
    parts = [_heading(comparison, delta, links), *_inputs(view), *_answers(view)]
    lines = [
        f"- ✗ {span(name)} {prose(shorten(explanation, INPUT_LIMIT))}" for name, explanation in view.failed
    ]
    if view.trials is not None:
        lines.append(f"- trials: {view.trials}")
    if view.fresh is not None:
        lines.append(f"- {'confirmed' if view.confirmed else view.asked_again}: {prose(view.fresh)}")
    if view.void is not None:
        lines.append(f"- {prose(view.void)}")
    if lines:
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _heading(comparison: Comparison, delta: Delta, links: Links) -> str:
    word = "regressed" if delta.kind is DeltaKind.REGRESSED else "failed"
    if delta.case_id in comparison.fell_most and delta.kind is not DeltaKind.REGRESSED:
        word = "fell"
    if delta.excused:
        word = f"accepted by {prose(delta.accepted_by)}" if delta.accepted_by else "accepted"
    critical = ", critical" if delta.case and delta.case.critical else ""
    variant = f" {span(comparison.variant.name)}" if comparison.variant.name != DEFAULT_VARIANT else ""
    where = delta.case.where if delta.case else comparison.where
    return f"**{span(delta.case_id)}**{variant} ({word}{critical}) {links.to(where)}"


def _inputs(view: CaseView) -> list[str]:
    """Short values in code spans, which a phone wraps; texts of several lines in fences."""
    short, long = [], []
    for name, value in view.inputs.items():
        text = shorten(str(value).strip(), INPUT_LIMIT)
        if "\n" in text:
            long.append(f"{span(name)}\n\n{fence(_wrapped(text), 'text')}")
        else:
            short.append(f"- {span(name)}: {span(text)}")
    return ["\n".join(short[:MAX_INPUTS])] * bool(short) + long[:MAX_INPUTS]


def _answers(view: CaseView) -> list[str]:
    """Both answers as a diff; one alone where there is no other, or where they are the same."""
    if view.after is None:
        return []
    after = _wrapped(shorten(view.after, ANSWER_LIMIT))
    if view.before is None or view.before == view.after:
        return [fence(after, "text")]
    return [fence(diff_lines.unified(_wrapped(shorten(view.before, ANSWER_LIMIT)), after), "diff")]


def _wrapped(text: str) -> str:
    """Long lines broken between words: a code block does not wrap, and a diff shows the lines that changed."""
    return "\n".join(piece for line in text.split("\n") for piece in _WRAPPER.wrap(line) or [line])
