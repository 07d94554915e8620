"""llmops: git-native versioning and regression testing of prompts.

For applications: `from llmops_cli import load` (see api.py).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmops_cli.api import (
        BundleError,
        LoadedPrompt,
        PromptVersion,
        ProviderError,
        RenderError,
        Response,
        UserError,
        load,
    )

__version__ = "0.1.0"
__all__ = [
    "BundleError",
    "LoadedPrompt",
    "PromptVersion",
    "ProviderError",
    "RenderError",
    "Response",
    "UserError",
    "load",
]


def __getattr__(name: str) -> Any:
    """The public names, when they are first used: importing the package alone costs nothing."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("llmops_cli.api"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
