"""Commands to be copied from a comment: what was sent, the sets that count once more, and how to accept."""

import shlex
from collections.abc import Iterable, Iterator, Sequence

from llmops_cli.domain.comparison import Comparison, Result, Status
from llmops_cli.domain.comparison_json import reference_of
from llmops_cli.reporters.cases import shown_whole
from llmops_cli.reporters.grounds import critical_failures, missed

_MOST_NAME = 200
_MOST_SETS = 5
_NEXT = (Status.REGRESSION, Status.INCONCLUSIVE)


def commands(result: Result) -> list[str]:
    """The lines of a script for a shell in the repository; none where the verdict asks for nothing.

    Names come from files that anybody may have changed. In quotes they are words to a shell and no more; what
    quotes cannot hold on one line, or what would be read as an option, takes its command with it.
    """
    if result.verdict.status not in _NEXT:
        return []
    lines = [*_messages(result), *_whole_sets(result)]
    folder = result.run.provenance.folder
    if not lines or not folder:
        return lines
    return [f"cd {shlex.quote(folder)}", *lines] if _is_word(folder) else []


def _messages(result: Result) -> Iterator[str]:
    first = next(((one, d) for one, d in shown_whole(result.comparisons) if not d.excused), None)
    if first is None:
        return
    comparison, delta = first
    names = (comparison.variant.prompt, comparison.evalset, delta.case_id)
    if delta.case is not None and all(map(_is_word, names)):
        prompt, evalset, case = map(shlex.quote, names)
        yield "# what is sent for the first of them"
        yield f"llmops render {prompt} --evalset {evalset} --case {case}"


def _whole_sets(result: Result) -> Iterator[str]:
    concerned = [one for one in result.comparisons if _decides(one, result)] or list(result.comparisons)
    names = _named(concerned)
    if names:
        yield f"# the whole set again{_left_out(names)}"
        yield f"llmops eval {_quoted(names)}"
    recorded = _named(one for one in concerned if reference_of(one.against) is None)
    if recorded:
        yield "# if the new answers are right: accept them and commit the baseline"
        yield from _kept(result)
        yield f"llmops accept {_quoted(recorded)}"


def _decides(comparison: Comparison, result: Result) -> bool:
    """Whether a ground of the verdict lies in this set."""
    places = {comparison.where.path, *(d.case.where.path for d in comparison.deltas if d.case is not None)}
    return any(
        reason.status is result.verdict.status and reason.where is not None and reason.where.path in places
        for reason in result.verdict.reasons
    )


def _named(comparisons: Iterable[Comparison]) -> list[str]:
    return [name for name in dict.fromkeys(one.evalset for one in comparisons) if _is_word(name)]


def _quoted(names: Sequence[str]) -> str:
    return " ".join(map(shlex.quote, names[:_MOST_SETS]))


def _left_out(names: Sequence[str]) -> str:
    return f" ({len(names) - _MOST_SETS} more are not named here)" if len(names) > _MOST_SETS else ""


def _kept(result: Result) -> Iterator[str]:
    """What no acceptance mends."""
    hard = [
        name
        for name, there in (("critical cases", critical_failures(result)), ("bounds", missed(result)))
        if there
    ]
    if hard:
        yield f"# ({' and '.join(hard)} stay as they are)"


def _is_word(name: str) -> bool:
    """What quotes make one harmless word: nothing invisible, no line end, no option, nothing to be cut."""
    return name.isprintable() and not name.startswith("-") and 0 < len(name) <= _MOST_NAME
