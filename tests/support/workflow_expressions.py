"""The expressions `${{ }}` of GitHub's workflow files, as far as our own files use them; anything else fails.

https://docs.github.com/en/actions/reference/workflows-and-actions/expressions
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

Context = Mapping[str, Any]
Status = Callable[[str], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>\d+)|(?P<path>[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)"
    r"|(?P<sign>==|!=|&&|\|\||[!(),]))"
)
_WORDS = {"true": True, "false": False, "null": None}
_STATUS = ("always", "success", "failure", "cancelled")
_STRICT = ("inputs", "steps", "needs")
"""Contexts where a name that nobody declared is a mistake; GitHub reads it as nothing."""


class ExpressionError(AssertionError):
    """An expression that this reader does not know, or a name that nobody declared."""


def evaluate(text: str, context: Context, status: Status) -> Any:
    """The value of one expression, without its braces."""
    return _Reader(text, context, status).whole()


def fill(value: object, context: Context, status: Status) -> str:
    """A value of a workflow file as text, its expressions replaced."""
    text = as_text(value)
    return re.sub(r"\$\{\{(.*?)\}\}", lambda found: as_text(evaluate(found[1], context, status)), text)


def holds(condition: object, context: Context, status: Status) -> bool:
    """An `if:`. Without a word about the status it means `success() && (…)`."""
    if condition is None:
        return status("success")
    text = as_text(condition)
    whole = re.fullmatch(r"\s*\$\{\{(.*)\}\}\s*", text)
    inner = whole[1] if whole else text
    told = bool(evaluate(inner, context, status))
    asks = any(re.search(rf"\b{name}\(", inner) for name in _STATUS)
    return told if asks else told and status("success")


def as_text(value: object) -> str:
    """A value as GitHub writes it."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


class _Reader:
    def __init__(self, text: str, context: Context, status: Status) -> None:
        self._text = text
        self._context = context
        self._status = status
        self._tokens = self._split(text)
        self._at = 0

    def _split(self, text: str) -> list[tuple[str, str]]:
        found, at = [], 0
        while text[at:].strip():
            token = _TOKEN.match(text, at)
            if token is None:
                raise ExpressionError(f"cannot read {text!r} from {text[at:]!r}")
            kind = token.lastgroup or ""
            found.append((kind, token[kind]))
            at = token.end()
        return found

    def whole(self) -> Any:
        value = self._or()
        if self._at != len(self._tokens):
            raise ExpressionError(f"cannot read all of {self._text!r}")
        return value

    def _take(self, *signs: str) -> str | None:
        if self._at < len(self._tokens):
            kind, text = self._tokens[self._at]
            if kind == "sign" and text in signs:
                self._at += 1
                return text
        return None

    def _or(self) -> Any:
        value = self._and()
        while self._take("||"):
            other = self._and()
            value = value or other
        return value

    def _and(self) -> Any:
        value = self._compared()
        while self._take("&&"):
            other = self._compared()
            value = other if value else value
        return value

    def _compared(self) -> Any:
        value = self._single()
        while sign := self._take("==", "!="):
            value = _same(value, self._single()) == (sign == "==")
        return value

    def _single(self) -> Any:
        if self._take("!"):
            return not self._single()
        if self._take("("):
            value = self._or()
            if not self._take(")"):
                raise ExpressionError(f"a bracket stays open in {self._text!r}")
            return value
        if self._at == len(self._tokens):
            raise ExpressionError(f"{self._text!r} ends too early")
        kind, text = self._tokens[self._at]
        self._at += 1
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if kind == "number":
            return int(text)
        if kind != "path":
            raise ExpressionError(f"{text!r} is out of place in {self._text!r}")
        if self._take("("):
            return self._call(text)
        return _WORDS[text] if text in _WORDS else self._look_up(text)

    def _call(self, name: str) -> Any:
        if name == "format":
            return self._format()
        if name not in _STATUS or not self._take(")"):
            raise ExpressionError(f"{name}(…) is not known here, in {self._text!r}")
        return True if name == "always" else self._status(name)

    def _format(self) -> str:
        given = [self._or()]
        while self._take(","):
            given.append(self._or())
        if not self._take(")"):
            raise ExpressionError(f"a bracket stays open in {self._text!r}")
        pattern, *values = map(as_text, given)
        return pattern.format(*values)

    def _look_up(self, path: str) -> Any:
        first, *rest = path.split(".")
        if first not in self._context:
            raise ExpressionError(f"there is no {first!r} here, in {self._text!r}")
        value = self._context[first]
        for depth, name in enumerate(rest):
            if isinstance(value, Mapping) and name in value:
                value = value[name]
            elif depth == 0 and first in _STRICT:
                raise ExpressionError(f"{first} has no {name!r}, in {self._text!r}")
            else:
                return None
        return value


def _same(one: Any, other: Any) -> bool:
    """Texts are compared without regard to case; what has not the same type, as numbers."""
    if isinstance(one, str) and isinstance(other, str):
        return one.casefold() == other.casefold()
    if type(one) is type(other):
        return bool(one == other)
    return _number(one) == _number(other)


def _number(value: Any) -> float:
    try:
        return float(value or 0)
    except (TypeError, ValueError):
        return float("nan")
