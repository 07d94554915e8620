"""What can go wrong, said once: exit codes, places in files, and the errors a user can act on.

Everything a user can mend is a `UserError`; whatever else reaches the console entry is a bug in llmops
and leaves with `ExitCode.BUG`, so that a crash never looks like a verdict.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of every command; `REGRESSION` is the verdict of `eval` and `merge`, or a kappa too low."""

    PASS = 0
    REGRESSION = 1
    USAGE = 2
    INCONCLUSIVE = 3
    BUG = 4
    NOTHING_SELECTED = 5
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True, order=True)
class SourceLocation:
    """A place in a file of the user's; `line` and `column` count from 1."""

    path: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        parts = [self.path, self.line, self.column]
        return ":".join(str(part) for part in parts if part is not None)


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: what is wrong, where, and what to try."""

    message: str
    where: SourceLocation | None = None
    hint: str | None = None

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{place}{self.message}{hint}"


class UserError(Exception):
    """Something the user can mend. Carries every problem found, not only the first."""

    exit_code = ExitCode.USAGE

    def __init__(
        self,
        message: str,
        *,
        where: SourceLocation | None = None,
        hint: str | None = None,
        problems: Sequence[Problem] | None = None,
    ) -> None:
        self.problems = tuple(problems) if problems is not None else (Problem(message, where, hint),)
        super().__init__(message)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class FileError(UserError):
    """A file of the user's is wrong: schema, template, id, reference.

    `partial` is what could be read of it all the same, so that its further mistakes can be looked for.
    """

    partial: object = None


class RenderError(UserError):
    """A template could not be rendered with the variables at hand, or broke a limit."""


class NothingSelectedError(UserError):
    """A selection (a path, a case, a tag, a text) matches nothing."""

    exit_code = ExitCode.NOTHING_SELECTED


class NoVerdictError(UserError):
    """The command cannot reach a verdict: no key, no model, no disk."""

    exit_code = ExitCode.INCONCLUSIVE


class MissingHistoryError(UserError):
    """The history at hand does not reach what is asked for: a shallow clone, a commit that was not fetched."""


class CodeRefusedError(NoVerdictError):
    """Code of the project is needed and may not run here: elsewhere it may, so it is no mistake in a file."""


class Problems:
    """Collects every mistake of every file, so that one run reports them all."""

    def __init__(self) -> None:
        self._found: dict[Problem, None] = {}
        self._refused: list[Problem] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.sorted())

    def add(self, message: str, where: SourceLocation | None = None, hint: str | None = None) -> None:
        """Note one mistake; the same mistake at the same place is noted once."""
        self._found.setdefault(Problem(message, where, hint))

    def take(self, error: UserError) -> None:
        """Take over what an exception carries."""
        for problem in error.problems:
            self.add(problem.message, problem.where, problem.hint)
        if isinstance(error, CodeRefusedError):
            self._refused += error.problems

    def sorted(self) -> list[Problem]:
        """By file, line and column; problems without a place come first."""

        def place(problem: Problem) -> tuple[str, int, int]:
            where = problem.where or SourceLocation("")
            return where.path, where.line or 0, where.column or 0

        return sorted(self._found, key=place)

    def raise_if_any(self, partial: object = None) -> None:
        """Raises FileError when anything was noted; `partial` is what could be read.

        Where nothing is wrong but code that may not run here, CodeRefusedError, said once.
        """
        if self._found:
            found = self.sorted()
            if all(problem in self._refused for problem in found):
                raise CodeRefusedError("", problems=_said_once(found))
            error = FileError(found[0].message, problems=found)
            error.partial = partial
            raise error


def _said_once(found: Sequence[Problem]) -> list[Problem]:
    """One problem for each text, at its first place, with the number of the other places."""
    first: dict[tuple[str, str | None], list[Problem]] = {}
    for problem in found:
        first.setdefault((problem.message, problem.hint), []).append(problem)
    return [
        Problem(f"{message} (and in {len(same) - 1} more)" if len(same) > 1 else message, same[0].where, hint)
        for (message, hint), same in first.items()
    ]


def did_you_mean(word: str, known: Sequence[str]) -> str | None:
    """A hint that names the nearest known word, or lists the known words when they are few."""
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    if 0 < len(known) <= 12:
        return "known: " + ", ".join(sorted(known))
    return None
