"""What git said when it failed, as an error that a user can act on."""

import re
import shlex
from collections.abc import Callable, Sequence

from llmops_cli.errors import MissingHistoryError, UserError

_WHOLE_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_ANCESTOR = re.compile(r"[~^][~^0-9]*$")
_FOREIGN = re.compile(r"dubious ownership in repository at '([^']+)'")
_REFETCH = "a partial clone gets it with `git fetch --refetch --no-filter`"


def failure(command: str, error: Exception) -> UserError:
    """What git said, in one line. `error` is GitPython's GitCommandError."""
    refuse_foreign_owner(error)
    said = str(getattr(error, "stderr", ""))
    if "promisor" in said:
        return MissingHistoryError(f"git {command} needs what this clone lacks", hint=_REFETCH)
    lines = [line.removeprefix("stderr: ").strip("' ") for line in said.strip().strip("'").splitlines()]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))]
    why = (fatal or lines or ["no reason given"])[0]
    return UserError(f"git {command} failed: {why}")


def gave_up(said: str) -> UserError:
    """A git that was reading objects ended; `said` is all that it had to say."""
    if "promisor" in said:
        message = "git stopped reading: this clone lacks an object that it should have"
        return MissingHistoryError(message, hint=_REFETCH)
    lines = said.strip().splitlines()
    why = lines[-1].removeprefix("fatal: ") if lines else "its process was ended"
    return UserError(f"git stopped reading: {why}", hint="`git fsck` looks for what is broken")


def refuse_foreign_owner(error: Exception) -> None:
    """Git reads no repository of another owner (CVE-2022-24765): say so instead of finding nothing."""
    if "dubious ownership" in str(error):
        found = _FOREIGN.search(str(error))
        path = shlex.quote(found[1]) if found else "<the repository's path>"
        hint = f"git config --global --add safe.directory {path}"
        raise UserError(
            "the repository belongs to another user, so git refuses to read it", hint=hint
        ) from error


def no_such_revision(
    revision: str,
    *,
    born: bool,
    shallow: bool,
    known: Callable[[str], bool],
    fetch: Callable[[str], str | None],
    fetch_own: Callable[[str], str | None],
    tracked: Callable[[str], str | None],
    candidates: Callable[[], Sequence[str]],
) -> UserError:
    """What to say of a revision that names nothing here, and what would help.

    `born`: there is a commit at all; `known` and `candidates` ask git for another revision and for the commits
    that a short hash could mean; `tracked` for the name that a branch has as a remote's, `fetch` and `fetch_own` for
    the command that brings a branch named with its remote or without. A MissingHistoryError where another clone, or
    a longer history, would hold it.
    """
    message = f"git knows no revision {revision!r}"
    unshallow = "this clone is shallow: `git fetch --unshallow` brings the rest"
    if not born:
        return UserError(message, hint="this repository has no commit yet")
    if _WHOLE_HASH.fullmatch(revision):
        hint = f"`git fetch origin {revision}` brings it" + (f"; {unshallow}" if shallow else "")
        return MissingHistoryError(f"this clone lacks the commit {revision}", hint=hint)
    descendant = _ANCESTOR.sub("", revision)
    if not known(descendant) and (command := fetch(descendant)) is not None:
        message = f"this clone lacks the branch {descendant}"
        return MissingHistoryError(message, hint=f"`{command}` brings it if there is one")
    if not known(descendant) and (there := tracked(descendant)) is not None:
        ancestor = revision.removeprefix(descendant)
        return UserError(message, hint=f"{descendant} is no branch of this clone: write {there}{ancestor}")
    if re.fullmatch(r"v\d+", revision) and not shallow:
        hint = "the numbers that `llmops log` prints are no revisions; take the commit beside it"
        return UserError(message, hint=hint)
    if not known(descendant) and (command := fetch_own(descendant)) is not None:
        hint = f"if {descendant} is a branch or a tag there, `{command}` brings it"
        return UserError(f"{message}: this clone may lack it", hint=hint)
    if shallow:
        kind = MissingHistoryError if known(descendant) else UserError
        return kind(message, hint=unshallow)
    if len(found := candidates()) > 1:
        return UserError(message, hint=f"the short hash is ambiguous: {', '.join(found[:5])}")
    return UserError(message, hint="a commit, branch, tag, or HEAD~2")
