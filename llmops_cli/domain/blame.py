"""Which version brought which line of a prompt."""

from dataclasses import dataclass

from llmops_cli.domain.history import Version
from llmops_cli.errors import SourceLocation


@dataclass(frozen=True, slots=True)
class ExpandedLine:
    """One line of a prompt with its includes in place.

    `message` counts from 0. `opens` is set for the line that opens a message; its text is the role.
    `where` is where the line stands in that version's files; `included` is set for lines of a partial.
    """

    message: int
    text: str
    where: SourceLocation
    opens: bool = False
    included: bool = False


@dataclass(frozen=True)
class BlamedLine:
    """A line and the version that brought it, with that version's ordinal."""

    line: ExpandedLine
    version: Version
    ordinal: int


@dataclass(frozen=True)
class Blame:
    """Every line of one version; `skipped` are versions that were invalid and could not be read."""

    name: str
    digest: str
    lines: tuple[BlamedLine, ...]
    skipped: tuple[Version, ...] = ()
