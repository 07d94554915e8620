"""`eval --trust REV`: what may say where keys go is read from llmops.yaml at another revision, the base.

A pull request brings its own llmops.yaml. Where the job holds keys, it must not say to whom they are sent, in
which variable they are found, whether its code runs, or what a call costs (the budget is kept by that).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from llmops_cli.domain.request import Price, ResolvedModel
from llmops_cli.domain.settings import ModelAlias, Settings, normalise_endpoint
from llmops_cli.errors import NoVerdictError, Problem, UserError
from llmops_cli.files.settings_file import SETTINGS_FILE, read_settings
from llmops_cli.workflows.project import without_python
from llmops_cli.workflows.versions.revisions import Revisions

_MERGE_FIRST = f"merge the change of {SETTINGS_FILE} first"


@dataclass(frozen=True)
class Trusted:
    """The head's settings as far as they may be believed.

    `vouched` names what recorded answers may be asked of again. `notes` tell where the base's word stands
    instead of the head's. `refused` are aliases of the head that may not be asked, with the reason.
    """

    settings: Settings
    vouched: Settings
    notes: tuple[str, ...]
    refused: Mapping[str, Problem]

    def require(self, models: Sequence[ResolvedModel]) -> None:
        """Raises NoVerdictError where a run needs what the base does not vouch for."""
        names = [model.alias for model in models if model.alias]
        found = [self.refused[name] for name in names if name in self.refused]
        if found:
            raise NoVerdictError(found[0].message, problems=found)


def trusted_at(revisions: Revisions, revision: str) -> Trusted:
    """The project's settings under those at a revision; without a file there, under the defaults.

    Raises NoVerdictError where the base's settings cannot be read.
    """
    commit = revisions.find_commit(revision)
    named = revision if commit.startswith(revision) else f"{revision} ({commit[:10]})"
    label = f"{SETTINGS_FILE} at {named}"
    try:
        base = read_settings(revisions.repository.tree(commit))
    except UserError as error:
        message = f"{label} cannot be read, and it says where keys may go: {error.problems[0]}"
        raise NoVerdictError(message, hint="mend it there first") from error
    return trusted(revisions.project.settings, base, label)


def trusted(head: Settings, base: Settings, label: str) -> Trusted:
    """The head's settings with the base's word for endpoints, keys, code, prices and the budget."""
    notes: list[str] = []
    refused: dict[str, Problem] = {}
    aliases: dict[str, ModelAlias] = {}
    for name, alias in head.models.items():
        known = base.models.get(name)
        reason = _refusal(alias, known, label)
        if reason:
            refused[name] = Problem(reason, alias.where, _MERGE_FIRST)
        aliases[name] = _vouched(alias, None if reason else known)
        changed = _differing(alias, aliases[name])
        if changed and not reason:
            notes.append(f"the model {name}: {' and '.join(changed)} as in {label}, not as in this revision")
    settings = replace(head, models=aliases)
    limit = min((cost for cost in (head.run.max_cost, base.run.max_cost) if cost is not None), default=None)
    if head.run.max_cost != limit:
        settings = replace(settings, run=replace(head.run, max_cost=limit))
        notes.append(f"run.max_cost as in {label}, not as in this revision")
    if head.allow_python and not base.allow_python:
        settings = without_python(settings, f"{label} does not allow it; {_MERGE_FIRST}")
    return Trusted(settings, replace(settings, models=base.models), tuple(notes), refused)


def _refusal(alias: ModelAlias, known: ModelAlias | None, label: str) -> str | None:
    """Why an alias may not be asked, if so: nobody has vouched for where it leads, or for its key."""
    if known is None:
        if not alias.api_base and not alias.api_key_env:
            return None
        given = {"api_base": alias.api_base, "api_key_env": alias.api_key_env}
        what = " and ".join(name for name, value in given.items() if value)
        return f"the model {alias.name} brings its own {what}, and {label} does not name that model"
    if (known.api_base or known.api_key_env) and _vendor(known.model) != _vendor(alias.model):
        before, now = _vendor(known.model), _vendor(alias.model)
        return f"the model {alias.name} goes from {before} to {now} with the endpoint or key that {label} has"
    return None


def _vendor(model: str) -> str:
    return model.replace(":", "/", 1).partition("/")[0]


def _vouched(alias: ModelAlias, known: ModelAlias | None) -> ModelAlias:
    """The alias with the base's endpoint, key and price; a new one has neither endpoint nor key."""
    if known is None:
        return replace(alias, price=None)
    # a price belongs to a model: that of another one is left to the price list
    price: Price | None = known.price if known.model == alias.model or known.api_base else None
    return replace(alias, api_base=known.api_base, api_key_env=known.api_key_env, price=price)


def _differing(alias: ModelAlias, vouched: ModelAlias) -> list[str]:
    found = []
    if normalise_endpoint(alias.api_base) != normalise_endpoint(vouched.api_base):
        found.append("api_base")
    if alias.api_key_env != vouched.api_key_env:
        found.append("api_key_env")
    if alias.price != vouched.price:
        found.append("price")
    return found
