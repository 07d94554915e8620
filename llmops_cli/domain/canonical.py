"""Canonical JSON and the digests built on it: the ground of every identity in llmops."""

import hashlib
import json
from typing import Any

PROMPT_DIGEST_PREFIX = "p1:"
"""Version of the prompt digest's recipe; a changed recipe gets a new prefix, never a silent new digest."""


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, no white space and no ASCII escapes; NaN and infinity are refused.

    Near RFC 8785 (JSON Canonicalization Scheme); numbers are written as Python writes them.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256_hex(text: str) -> str:
    """SHA-256 of the text as UTF-8; lone surrogates survive, so that no input can crash a digest."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def digest_of(value: Any) -> str:
    """SHA-256 of the canonical JSON of a value."""
    return sha256_hex(canonical_json(value))


def lf(text: str) -> str:
    """Text with LF line ends, so that a checkout on Windows has the same digests."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
