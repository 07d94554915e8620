"""Which secrets a workflow must hand over: the keys that the project's models ask for, as far as files tell."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from llmops_cli.domain.settings import ModelAlias
from llmops_cli.errors import UserError
from llmops_cli.workflows.project import Project

VENDORS: dict[str, tuple[str, ...]] = {
    "anthropic": ("ANTHROPIC_API_KEY",),
    "azure": ("AZURE_API_KEY", "AZURE_API_BASE", "AZURE_API_VERSION"),
    "cerebras": ("CEREBRAS_API_KEY",),
    "cohere": ("COHERE_API_KEY",),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "fireworks_ai": ("FIREWORKS_AI_API_KEY",),
    "gemini": ("GEMINI_API_KEY",),
    "groq": ("GROQ_API_KEY",),
    "mistral": ("MISTRAL_API_KEY",),
    "openai": ("OPENAI_API_KEY",),
    "openrouter": ("OPENROUTER_API_KEY",),
    "perplexity": ("PERPLEXITYAI_API_KEY",),
    "together_ai": ("TOGETHERAI_API_KEY",),
    "xai": ("XAI_API_KEY",),
}
"""The vendors whose keys are known by name; a test compares them with LiteLLM's own knowledge."""

_KEYLESS = ("echo", "offline", "ollama", "ollama_chat")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Keys:
    """Names of environment variables, and the models for which nobody could tell."""

    names: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()


def needed_keys(project: Project) -> Keys:
    """The keys of every model that a prompt, an evalset or the settings name. Files with mistakes are passed over."""
    names: set[str] = set()
    unclear: set[str] = set()
    for model in set(_models(project)):
        alias = project.settings.models.get(model)
        found = _keys_of(alias, alias.model if alias else model)
        if found is None:
            unclear.add(model)
        else:
            names.update(found)
    wrong = {name for name in names if not _NAME.fullmatch(name)}
    return Keys(tuple(sorted(names - wrong)), tuple(sorted(unclear | wrong)))


def _keys_of(alias: ModelAlias | None, target: str) -> tuple[str, ...] | None:
    if alias is not None and alias.api_key_env:
        return (alias.api_key_env,)
    if alias is not None and alias.api_base:
        return ()
    vendor = re.split(r"[/:]", target, maxsplit=1)[0]
    return () if vendor in _KEYLESS else VENDORS.get(vendor)


def _models(project: Project) -> Iterator[str]:
    settings = project.settings
    for name in (settings.model, settings.judge_model):
        if name:
            yield name
    for prompt in project.prompt_paths:
        with suppress(UserError):
            model = project.unchecked_prompt(prompt).model
            if model:
                yield model
    for evalset in project.evalset_paths:
        with suppress(UserError):
            yield from project.evalset(evalset).models
