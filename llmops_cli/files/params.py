"""`params:` of prompts and aliases: which there are, and what they may hold.

Types and signs are what every vendor agrees on. How large a temperature may be, vendors see differently: that
is left to them.
"""

from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass
from typing import Any

from llmops_cli.domain.settings import FORBIDDEN_EXTRA, PARAMS
from llmops_cli.errors import Problems, did_you_mean
from llmops_cli.files.binding import describe, fits
from llmops_cli.files.fields import Fields
from llmops_cli.files.yaml_source import Mapping, Node, Scalar, given_as, plain


@dataclass(frozen=True, slots=True)
class ParamKind:
    """What a param may hold; null stands for the vendor's default where it is `nullable`."""

    type: Any
    minimum: float | None = None
    maximum: float | None = None
    nullable: bool = True


_COUNT = ParamKind(int, minimum=1)
_AMOUNT = ParamKind(float, minimum=0)
PARAM_KINDS: AbstractMapping[str, ParamKind] = {
    "temperature": _AMOUNT,
    "top_p": _AMOUNT,
    "top_k": ParamKind(int),  # some servers take -1 for all
    "min_p": _AMOUNT,
    "frequency_penalty": ParamKind(float),
    "presence_penalty": ParamKind(float),
    "repetition_penalty": _AMOUNT,
    "max_tokens": _COUNT,
    "max_completion_tokens": _COUNT,
    "stop": ParamKind(str | list[str]),
    "seed": ParamKind(int),
    "reasoning_effort": ParamKind(str | dict[str, Any]),
    "thinking": ParamKind(dict[str, Any]),
    "verbosity": ParamKind(str),
    "tool_choice": ParamKind(str | dict[str, Any]),
    "parallel_tool_calls": ParamKind(bool),
    "logprobs": ParamKind(bool | int, minimum=0),
    "top_logprobs": ParamKind(int, minimum=0),
    "logit_bias": ParamKind(dict[str, Any]),
    "noise": ParamKind(float, minimum=0, maximum=1, nullable=False),
    "extra": ParamKind(dict[str, Any], nullable=False),
}
assert PARAM_KINDS.keys() == PARAMS


def read_params(fields: Fields, problems: Problems) -> dict[str, Any]:
    """`params:` by the allow-list; what redirects, authenticates, falls back or fakes is refused."""
    entries = fields.entries("params")
    for name, node in entries.items():
        if name in FORBIDDEN_EXTRA:
            hint = "models and where they are reached are set in llmops.yaml"
            problems.add(f"{name!r} may not be set in a prompt", node.where, hint)
        elif name not in PARAMS:
            hint = did_you_mean(name, sorted(PARAMS)) or "vendor's own parameters go under `extra:`"
            problems.add(f"unknown param {name!r}", node.where, hint)
        else:
            _check(name, node, PARAM_KINDS[name], problems)
    extra = entries.get("extra")
    for name, node in extra.entries.items() if isinstance(extra, Mapping) else ():
        if name in FORBIDDEN_EXTRA:
            problems.add(f"{name!r} may not be set under `extra:`", node.where)
    return {name: plain(node) for name, node in entries.items()}


def _check(name: str, node: Node, kind: ParamKind, problems: Problems) -> None:
    value = plain(node)
    if value is None and kind.nullable:
        return
    if not fits(value, kind.type):
        got = "a list of other things" if isinstance(value, list) else given_as(node)
        if kind.type is int and isinstance(value, float):
            got = f"{value:g}"
        elif isinstance(node, Scalar) and isinstance(value, str):
            got = f"the text {value[:40]!r}"
        problems.add(f"{name!r} must be {describe(kind.type)}, not {got}", node.where)
    elif kind.minimum is not None and value < kind.minimum:
        problems.add(f"{name!r} must be at least {kind.minimum:g}", node.where)
    elif kind.maximum is not None and value > kind.maximum:
        problems.add(f"{name!r} must be at most {kind.maximum:g}", node.where)
