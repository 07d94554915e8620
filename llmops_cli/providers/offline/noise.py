"""Answers that differ from trial to trial, as a sampled model's do: seeded, so that a run can be repeated."""

import hashlib
import random

from llmops_cli.providers.offline.writing import Draft, Piece, text_of

_PREFACES = (
    "Sure! Here is my answer:\n",
    "Of course. I had a look at it:\n",
    "Thank you for the question. Let me think.\n",
)


def trial_random(fingerprint: str, trial: int) -> random.Random:
    """A generator that depends on the request and the trial alone (SHA-256 of both)."""
    digest = hashlib.sha256(f"{fingerprint}:{trial}".encode()).digest()
    return random.Random(digest)  # noqa: S311 - simulates a model's whims, guards nothing


def disturbed(draft: Draft, noise: float, source: random.Random) -> str:
    """The answer; with probability `noise` it loses its form, takes another option or begins with chat."""
    if source.random() >= noise:
        return text_of(draft)
    ways = [_with_preface]
    if len(draft) > 1 and draft[0].kind == "fixed":
        ways.append(_without_prefix)
    if any(_others(piece) for piece in draft):
        ways.append(_with_other_choice)
    return source.choice(ways)(draft, source)


def _with_preface(draft: Draft, source: random.Random) -> str:
    return source.choice(_PREFACES) + text_of(draft)


def _without_prefix(draft: Draft, source: random.Random) -> str:  # noqa: ARG001 - all ways have one signature
    return text_of(draft[1:])


def _with_other_choice(draft: Draft, source: random.Random) -> str:
    at = next(number for number, piece in enumerate(draft) if _others(piece))
    return text_of((*draft[:at], Piece(source.choice(_others(draft[at])), "choice"), *draft[at + 1 :]))


def _others(piece: Piece) -> list[str]:
    return [option for option in piece.options if option != piece.text]
