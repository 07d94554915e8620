"""Commands in the log of a CI service: written for annotations, made inert everywhere else.

A runner of GitHub Actions obeys `::name key=value::data` where it begins a line, after any white space, and
`##[name]data` anywhere in one (github.com/actions/runner, src/Runner.Common/ActionCommand.cs: TryParseV2 and
TryParse); Azure Pipelines obeys `##vso[...]`, TeamCity `##teamcity[...]`. A model that may print into such a log
could mask, fold or annotate what it likes.
"""

import re
from collections.abc import Mapping, Sequence

SERVICES = ("GITHUB_ACTIONS", "TF_BUILD", "TEAMCITY_VERSION")
"""Variables that say: standard output is read by somebody who obeys it."""

_BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
# what shows nothing may stand before or between the colons: .NET's StartsWith skips some of it, as it asks a culture
_UNSEEN = (
    r"\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    r"\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
)
_BLANK = rf"(?:[{_UNSEEN}]|[^\S{_BREAKS}])*"
_COLONS = re.compile(rf"(?:(?<=[{_BREAKS}])|\A)({_BLANK}:[{_UNSEEN}]*):")
_BRACKET = re.compile(r"(##\w{0,16})\[")
_AT_START = re.compile(rf"{_BLANK}(:?)[{_UNSEEN}]*\Z")
_HASHES = re.compile(r"#{1,2}\w{0,16}\Z")


class Neutraliser:
    """Takes a text in pieces and gives it back unable to command, however it was cut.

    `::` at the beginning of a line becomes `:\\u003a`, `##[` becomes `##\\u005b`: visible, and inside a JSON text
    the same value.
    """

    def __init__(self, colon: str = r"\u003a", bracket: str = r"\u005b") -> None:
        self._colon, self._bracket = colon, bracket
        self._line = ""
        """Stands for what the line holds so far: only as much of it as may matter to the next piece."""

    def __call__(self, text: str) -> str:
        """One piece."""
        whole = self._line + text
        safe = _COLONS.sub(lambda found: found[1] + self._colon, whole)
        safe = _BRACKET.sub(lambda found: found[1] + self._bracket, safe)
        # nothing of the stand-in itself is ever changed, so that it can be cut off again
        result = safe[len(self._line) :]
        self._line = _tail(whole)
        return result


def _tail(text: str) -> str:
    line = text[max(text.rfind(mark) for mark in _BREAKS) + 1 :]
    start = _AT_START.match(line)
    if start is not None:
        return start[1]
    hashes = _HASHES.search(line)
    return "x" + (hashes[0] if hashes else "")


def neutral(text: str, colon: str = r"\u003a", bracket: str = r"\u005b") -> str:
    """A whole text, unable to command; a format that has escapes of its own names them."""
    return Neutraliser(colon, bracket)(text)


def command(name: str, message: str, properties: Mapping[str, str | int | None]) -> str:
    """One line that is a command, escaped as actions/toolkit does (packages/core/src/command.ts)."""
    given = ",".join(
        f"{key}={_property(str(value))}" for key, value in properties.items() if value not in (None, "")
    )
    # a line that holds `##[` further on is a command of the second kind for nobody: the first form is tried first
    return f"::{name}{' ' if given else ''}{given}::{_data(message)}\n"


def _data(text: str) -> str:
    return _escaped(text, (("%", "%25"), ("\r", "%0D"), ("\n", "%0A")))


def _property(text: str) -> str:
    pairs = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"), (":", "%3A"), (",", "%2C"))
    return _escaped(text, pairs)


def _escaped(text: str, pairs: Sequence[tuple[str, str]]) -> str:
    for token, replacement in pairs:
        text = text.replace(token, replacement)
    return text
