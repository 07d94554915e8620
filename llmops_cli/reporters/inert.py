"""Model output is hostile text: what a terminal would obey is made visible instead."""

import re

# joiners (U+200C, U+200D) stay: scripts and emoji are written with them
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
    r"|[\ufffe\uffff\U000e0000-\U000e007f]|[\ud800-\udfff]"
)


def inert(text: str) -> str:
    """Control characters, direction marks and what nobody can see as `\\x1b`, `\\u202e`; line ends and tabs stay."""
    return _CONTROL.sub(
        lambda found: found[0].encode("unicode_escape").decode("ascii"), text.replace("\r\n", "\n")
    )


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, saying how many more there were."""
    return text if len(text) <= limit else f"{text[:limit].rstrip()} … ({len(text) - limit} more characters)"
