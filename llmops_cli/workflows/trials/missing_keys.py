"""Keys that a run needs and that are not there, said before its first call."""

import os
from collections.abc import Iterator, Sequence

from llmops_cli.domain.request import ResolvedModel
from llmops_cli.engine.runner import Trial
from llmops_cli.errors import NoVerdictError
from llmops_cli.workflows.trials.planning import EvalsetPlan
from llmops_cli.workflows.wiring import Parts

_CI = ("CI", "GITHUB_ACTIONS", "GITLAB_CI")


def require_keys(
    parts: Parts, plans: Sequence[EvalsetPlan], trials: Sequence[Trial], models: Sequence[ResolvedModel]
) -> None:
    """Raises NoVerdictError where a model that has to be asked, or a judge that decides, has no key.

    Answers on record and in the cache need none; so a run that asks nothing is never refused.
    """
    from llmops_cli.providers.litellm_keys import lacks_key, missing_keys

    doubtful = {model.key: model for model in models if model.provider == "litellm" and lacks_key(model)}
    if not doubtful:
        return
    missing: dict[str, list[str]] = {}
    for key in _needed(parts, plans, trials, set(doubtful)):
        names = missing_keys(doubtful[key])
        if names:
            missing[" or ".join(sorted(names))] = [
                *missing.get(" or ".join(sorted(names)), []),
                doubtful[key].name,
            ]
    if not missing:
        return
    asked = " and ".join(", ".join(dict.fromkeys(found)) for found in missing.values())
    where = (
        "; a pull request from a fork sees no secrets" if any(os.environ.get(name) for name in _CI) else ""
    )
    raise NoVerdictError(
        f"nothing was asked: no API key for {asked}", hint=f"set {' and '.join(missing)}{where}"
    )


def _needed(
    parts: Parts, plans: Sequence[EvalsetPlan], trials: Sequence[Trial], doubtful: set[str]
) -> Iterator[str]:
    """Those of the models that will be asked, each once; a judge will be where it gates a new answer."""
    evalsets = {plan.evalset.name: plan.evalset for plan in plans}
    waiting = set(doubtful)
    for trial in trials:
        if not waiting:
            return
        specs = [
            s
            for s in evalsets[trial.group].scorers_of(trial.case)
            if s.type == "judge" and s.severity == "fail"
        ]
        judges = {parts.judges.model(str(spec.arguments.get("prompt"))).key for spec in specs}
        if trial.known is not None or not waiting & {trial.model, *judges}:
            continue
        if parts.asker.cached(trial.model, trial.request, trial.number) is not None:
            continue
        for key in sorted(waiting & {trial.model, *judges}):
            waiting.discard(key)
            yield key
