"""Takes keys out of texts that people will see or that are written to a file."""

import os
import re

_SECRET_NAME = re.compile(r"(?:_|^)(?:KEY|TOKEN|SECRET|PASSWORD)$", re.IGNORECASE)
_SHORTEST = 8
"""A shorter value is no key, and would blank out ordinary words."""

_SHAPES = re.compile(
    r"""(?<![A-Za-z0-9])sk-[\w*.-]{6,}      # OpenAI, Anthropic and those that follow them
    | \bAIza[\w*-]{10,}                     # Google
    | \bBearer\s+[\w.~+/=*-]+
    | (?<=[?&]key=)[^&\s'"]+                # Google puts the key into the address
    | (?<=://)[^/@\s]+(?=@)                 # user and password in an address
    """,
    re.VERBOSE,
)
MASK = "[key]"


def scrub(text: str, *keys: str | None) -> str:
    """A text without the given keys, the keys of the environment, and whatever has the shape of a key."""
    return _SHAPES.sub(MASK, scrub_values(text, *keys))


def scrub_values(text: str, *keys: str | None) -> str:
    """A text without the given keys and those of the environment, and nothing else changed."""
    for key in {*keys, *_environment_keys()}:
        if key and len(key) >= _SHORTEST:
            text = text.replace(key, MASK)
    return text


def _environment_keys() -> list[str]:
    return [value for name, value in os.environ.items() if _SECRET_NAME.search(name)]
