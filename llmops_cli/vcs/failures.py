"""What git said when it failed, as an error that a user can act on."""

from llmops_cli.errors import MissingHistoryError, UserError

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
        hint = "git config --global --add safe.directory <the repository's path>"
        raise UserError(
            "the repository belongs to another user, so git refuses to read it", hint=hint
        ) from error
