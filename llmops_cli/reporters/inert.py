"""Model output is hostile text: what a terminal would obey is made visible instead."""

import re

_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|[\ud800-\udfff]"
)


def inert(text: str) -> str:
    """Control characters and direction marks as `\\x1b`, `\\u202e`; line ends and tabs stay."""
    return _CONTROL.sub(
        lambda found: found[0].encode("unicode_escape").decode("ascii"), text.replace("\r\n", "\n")
    )


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, saying how many more there were."""
    return text if len(text) <= limit else f"{text[:limit].rstrip()} … ({len(text) - limit} more characters)"
