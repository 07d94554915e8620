"""What git said when it failed, as an error that a user can act on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmops_cli.errors import UserError

if TYPE_CHECKING:
    from git.exc import GitCommandError


def failure(command: str, error: GitCommandError) -> UserError:
    """What git said, in one line."""
    refuse_foreign_owner(error)
    lines = str(error.stderr).strip().strip("'").splitlines()
    why = lines[0].removeprefix("stderr: ").strip("' ") if lines else "no reason given"
    lacking = "promisor" in str(error.stderr)
    hint = "a partial clone may lack it: `git fetch` brings it" if lacking else None
    return UserError(f"git {command} failed: {why}", hint=hint)


def refuse_foreign_owner(error: Exception) -> None:
    """Git reads no repository of another owner (CVE-2022-24765): say so instead of finding nothing."""
    if "dubious ownership" in str(error):
        hint = "git config --global --add safe.directory <the repository's path>"
        raise UserError(
            "the repository belongs to another user, so git refuses to read it", hint=hint
        ) from error
