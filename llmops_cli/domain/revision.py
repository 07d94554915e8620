"""`NAME[@REV]`: how a prompt at a revision is written, on the command line and in Python alike."""

from dataclasses import dataclass

from llmops_cli.errors import UserError


@dataclass(frozen=True, slots=True)
class Reference:
    """A prompt, and at most one of a revision of git's or a label."""

    name: str
    revision: str | None = None
    label: str | None = None


def parse_reference(text: str) -> Reference:
    """`support/escalation`, `…@main`, `…@HEAD~3`, `…@:production`. Raises UserError."""
    name, at, rest = text.partition("@")
    name = name.removeprefix("prompts/").removesuffix(".yaml").removesuffix(".yml")
    if not name or name.startswith("/") or ".." in name.split("/"):
        raise UserError(f"{text!r} is no name of a prompt", hint="write it as support/escalation@main")
    if not at:
        return Reference(name)
    if rest.startswith(":"):
        if not rest[1:]:
            raise UserError(f"{text!r} names no label", hint=f"write it as {name}@:production")
        return Reference(name, label=rest[1:])
    if not rest or rest.startswith("-"):
        raise UserError(f"{text!r} names no revision", hint=f"write it as {name}@main or {name}@:production")
    return Reference(name, revision=rest)


@dataclass(frozen=True, slots=True)
class CommitInfo:
    """A commit as people know it; times are seconds since 1970.

    `time` is when it was written, `committed` when it came to be in this form (a rebase moves it).
    """

    sha: str
    parents: tuple[str, ...]
    time: int
    committed: int
    author: str
    email: str
    subject: str

    @property
    def short(self) -> str:
        """The first ten digits."""
        return self.sha[:10]

    @property
    def date(self) -> str:
        """The author's date in UTC, as 2026-11-20."""
        from datetime import UTC, datetime

        return datetime.fromtimestamp(self.time, UTC).date().isoformat()


@dataclass(frozen=True, slots=True)
class Change:
    """What one commit did below a folder: the paths it touched, and those it renamed (new to old)."""

    commit: CommitInfo
    paths: frozenset[str]
    renames: tuple[tuple[str, str], ...] = ()

    def name_before(self, path: str) -> str:
        """What a path was called before this commit."""
        return dict(self.renames).get(path, path)
