"""The one place where the parts are put together."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from llmops_cli import plugins
from llmops_cli.domain.prompt import Prompt
from llmops_cli.domain.provider import Provider, ProviderContext, ProviderError
from llmops_cli.domain.request import Request, ResolvedModel
from llmops_cli.domain.stopping import Stop
from llmops_cli.engine.asking import Asker, AskOptions
from llmops_cli.engine.events import Observer, Retried
from llmops_cli.errors import UserError
from llmops_cli.providers.budgeted import Budget, Budgeted, estimate_cost
from llmops_cli.providers.limited import Limited
from llmops_cli.providers.prices import price_of
from llmops_cli.providers.recording import Recording
from llmops_cli.providers.retrying import Retrying
from llmops_cli.store.cache import ResponseCache
from llmops_cli.store.local_folder import local_folder
from llmops_cli.workflows.project import Project
from llmops_cli.workflows.trials.identity import ScorerIdentities
from llmops_cli.workflows.trials.planning import make_request
from llmops_cli.workflows.trials.scoring import CaseScoring
from llmops_cli.workflows.trials.tools import JudgePrompts, Tools

FREE = ("offline", "echo")
"""Providers that answer here, at no cost."""


@dataclass(frozen=True, slots=True)
class CallOptions:
    """How this run gets its answers; None leaves it to the settings. `tape` is a file of exchanges."""

    concurrency: int | None = None
    timeout: float | None = None
    max_cost: float | None = None
    retries: int | None = None
    use_cache: bool = True
    fresh: bool = False
    calls: bool = True
    tape: Path | None = None
    tape_mode: Literal["record", "replay"] = "replay"

    @property
    def recording(self) -> bool:
        """Exchanges are written down: then everything is asked, or the tape would have gaps."""
        return self.tape is not None and self.tape_mode == "record"

    @property
    def replaying(self) -> bool:
        """Answers come from a tape, and nothing is asked."""
        return self.tape is not None and self.tape_mode == "replay"


@dataclass
class Parts:
    """What one run works with; `close` lets go of it all."""

    asker: Asker
    scoring: CaseScoring
    tools: Tools
    judges: JudgePrompts
    budget: Budget
    workers: int
    providers: dict[str, Provider]
    cache: ResponseCache | None
    make_provider: Callable[[ResolvedModel], Provider]
    code_digest: Callable[[str], str | None]
    """The version of the project's code behind `module:function`."""
    recordings: list[Recording] = field(default_factory=list)

    def add_model(self, model: ResolvedModel) -> None:
        """Make a model askable that was not known when the run began."""
        if model.key not in self.providers:
            self.providers[model.key] = self.make_provider(model)

    def deterministic(self, model: ResolvedModel, prompt: Prompt) -> bool:
        """Whether the model's provider says that it always answers the prompt alike."""
        return self.asker.deterministic(model.key, make_request(prompt, model, ()).params)

    @property
    def notes(self) -> list[str]:
        """What the user should know of cache and recordings."""
        tapes = [warning for recording in self.recordings for warning in recording.warnings]
        return (self.cache.notes if self.cache else []) + tapes

    async def close(self) -> None:
        """Close providers and cache; an error on the way out does not hide the result."""
        for provider in self.providers.values():
            with suppress(OSError, ProviderError):
                await provider.aclose()
        if self.cache is not None:
            self.cache.close()


def build(
    project: Project, models: Iterable[ResolvedModel], options: CallOptions, observe: Observer
) -> Parts:
    """Providers for the models, the cache, scoring and its tools. Raises UserError."""
    run = project.settings.run
    use_cache = options.use_cache and project.writable  # nothing is put into a bare clone
    cache = ResponseCache(local_folder(project.root) / "cache.sqlite") if use_cache else None
    budget = Budget(options.max_cost if options.max_cost is not None else run.max_cost)
    recordings: list[Recording] = []
    stop = Stop()

    def make_provider(model: ResolvedModel) -> Provider:
        return _provider(project, model, options, budget, observe, recordings, stop)

    providers = {model.key: make_provider(model) for model in models}
    asking = AskOptions(
        read_cache=not (options.fresh or options.recording),
        calls=options.calls,
        timeout=options.timeout or run.timeout,
        replayed=options.replaying,
    )
    asker = Asker(providers, cache, asking, stop)
    judges = JudgePrompts(project)
    tools = Tools(asker, judges, project.root, allow_python=project.settings.allow_python)
    scoring = CaseScoring(tools, ScorerIdentities(project.tree, judges.identity))
    workers = options.concurrency or run.concurrency
    return Parts(
        asker, scoring, tools, judges, budget, workers, providers, cache, make_provider, project.code_digest,
        recordings,
    )  # fmt: skip


def _provider(
    project: Project,
    model: ResolvedModel,
    options: CallOptions,
    budget: Budget,
    observe: Observer,
    recordings: list[Recording],
    stop: Stop,
) -> Provider:
    """The provider behind its wrappers: budget, recording, retries and limits around the call itself."""
    run = project.settings.run
    context = ProviderContext(project.root, project.settings.allow_python)
    if options.tape is not None and options.replaying:
        recorded: Provider | None = None
        with suppress(UserError):  # a plugin that is not installed here is not needed for its tape
            recorded = plugins.load("providers", model.provider)(model, context)
        replay = Recording(recorded, options.tape, "replay")
        recordings.append(replay)
        return replay
    base: Provider = plugins.load("providers", model.provider)(model, context)
    retries = run.retries if options.retries is None else options.retries
    most = options.concurrency or run.concurrency
    limited = Limited(base, concurrency=most, rpm=model.rpm, stop=stop)
    provider: Provider = Retrying(limited, attempts=retries + 1, on_retry=_tell(observe), stop=stop)
    if options.tape is not None:
        recording = Recording(provider, options.tape, "record")
        recordings.append(recording)
        provider = recording
    if model.provider not in FREE:
        told = model.provider != "litellm"  # the project's own code, or a plugin
        provider = Budgeted(provider, budget, price_estimator(model), told=told)
    return provider


def _tell(observe: Observer) -> Callable[[ProviderError, float], None]:
    return lambda error, delay: observe(Retried(str(error), delay))


def price_estimator(model: ResolvedModel) -> Callable[[Request], float | None]:
    """A function that gives an upper bound of a request's price in USD, None where it is unknown.

    What answers here costs nothing; what the project's own code or a plugin costs is known where it is set.
    """
    if model.provider in FREE:
        return lambda _: 0.0

    def estimate(request: Request) -> float | None:
        price = model.price or (price_of(model.name) if model.provider == "litellm" else None)
        return None if price is None else estimate_cost(request, price)

    return estimate
