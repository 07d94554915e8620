"""Taking a label out of the text of `prompts/labels.yaml`, with its own comments and nobody else's."""

from typing import Any


def cut_out(text: str, document: Any, name: str, label: str) -> str | None:
    """The text without a label in block style, the prompt with it where it was the last; None for other styles.

    `document` is what ruamel.yaml read from the text. A label's own comments are those on its lines, those
    indented deeper after it, and those right above it; what follows it at its own depth, or after an empty
    line, is about something else.
    """
    outer, inner = document, document[name]
    mapping, key = (outer, name) if len(inner) == 1 else (inner, label)
    lines = text.split("\n")
    starts = sorted([_line(outer, one) for one in outer] + [_line(inner, one) for one in inner])
    begin, depth = _line(mapping, key), mapping.lc.key(key)[1]
    if begin == _line(outer, name) and mapping is inner:
        return None  # {all: in, one: line}
    later = [start for start in starts if start > _line(inner, label)]
    end = later[0] if later else len(lines)
    if starts.count(begin) > 1 and mapping is inner:
        return None
    while end > begin + 1 and _is_about_something_else(lines[end - 1], depth):
        end -= 1
    while begin > 0 and _is_comment(lines[begin - 1]) and _depth(lines[begin - 1]) == depth:
        begin -= 1
    return "\n".join([*lines[:begin], *lines[end:]])


def _line(mapping: Any, key: str) -> int:
    return int(mapping.lc.key(key)[0])


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _is_about_something_else(line: str, depth: int) -> bool:
    return not line.strip() or (_is_comment(line) and _depth(line) <= depth)


def as_before(text: str, before: bytes) -> str:
    """A text with LF line ends in those of the file that it replaces, and with its byte order mark."""
    mark = "\ufeff" if before.startswith(b"\xef\xbb\xbf") else ""
    crlf = before.count(b"\r\n") * 2 > before.count(b"\n")
    return mark + (text.replace("\n", "\r\n") if crlf else text)
