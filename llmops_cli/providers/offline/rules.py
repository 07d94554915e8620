"""When to choose what: rules such as "yes when the ticket mentions a, b or c", and closed lists of labels."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_BULLET = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+(.+)$")
_NAMED = re.compile(
    r"^(?:(?:say|(?:answer|reply)(?: with)?|write|choose|pick|use|label it)\s+)?"
    r"[`\"'“]?([^\W_][\w-]*)[`\"'”]?,?\s+"
    r"(?:only\s+)?(?:when|if|where)\b(.*)$",
    re.IGNORECASE,
)
_MENTIONS = re.compile(
    r"\b(?:mentions?|contains?|names?|says?|has the words?|speaks? of|talks? (?:of|about)|is about|"
    r"asks? (?:for|about))\b"
    r"(?:\s+(?:one of|any of|the words?))*\s*:?\s*(.+)$",
    re.IGNORECASE,
)
_DEFAULT = re.compile(
    r"\b(?:otherwise|in any other case|in all other cases|if none (?:of these )?fits)\b[,:]?\s+"
    r"(?:it is\s+|say\s+|answer(?: with)?\s+|write\s+|choose\s+|use\s+)?"
    r"[`\"'“]?([^\W_][\w-]*)[`\"'”]?\s*(?:[.;,]|$)",
    re.IGNORECASE,
)
_NEGATED = re.compile(r"\b(?:not|never|don't|do not)\b", re.IGNORECASE)
_ONE_OF = re.compile(r"(?<!least )(?<!any )\b(?:one of|one label of|one word of)\b", re.IGNORECASE)
_ARTICLE = re.compile(r"^(?:a|an|the|some)\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rule:
    """Words that decide for a choice.

    `choice` names it as the prompt does; it may be a verb ("Escalate when …"), which is no choice by name:
    then the rule speaks for the first choice, or with `negated` for the second. `reason` is the rule in
    words.
    """

    choice: str
    words: tuple[str, ...]
    reason: str = ""
    negated: bool = False


def word_list(text: str) -> tuple[str, ...]:
    """The items of "a, b or c", without quotes, articles and the full stop."""
    items = re.split(r"\s*[,;、]\s*(?:or\s+|and\s+)?|\s+or\s+|\s+and/or\s+", text.strip())
    bare = (_ARTICLE.sub("", item.strip(" \t`\"'“”").rstrip(".").strip("`\"'“” ")) for item in items)
    return tuple(item for item in bare if item)


def read_rules(lines: Sequence[str]) -> tuple[tuple[Rule, ...], set[int]]:
    """All rules of a text, and the numbers of their lines."""
    found: list[Rule] = []
    used: set[int] = set()
    head: tuple[str, bool] | None = None
    for number, line in enumerate(lines):
        bullet = _BULLET.match(line)
        if bullet is not None and head is not None:
            rule = _bulleted(bullet[1], *head)
            found.append(rule)
            used.add(number)
            continue
        if line.strip():
            head = None
        for clause in re.split(r"(?<=[.;])\s+", bullet[1] if bullet else line.strip()):
            named = _NAMED.match(clause)
            if named is None:
                continue
            negated = bool(_NEGATED.search(clause[: named.start(2)]))
            if clause.endswith(":"):
                head = named[1], negated
                used.add(number)
            else:
                words = _listed(named[2])
                if words:
                    found.append(Rule(named[1], words, reason=f"it mentions {words[0]}", negated=negated))
                    used.add(number)
        if head is None:
            head = _negative_head(line)
    return tuple(found), used


def _negative_head(line: str) -> tuple[str, bool] | None:
    """ "Do not escalate when …:" opens a list of rules against it."""
    match = re.match(r"\s*(?:do not|don't|never)\s+(\w+)\s+(?:when|if)\b.*:\s*$", line, re.IGNORECASE)
    return (match[1], True) if match else None


def _bulleted(text: str, choice: str, negated: bool) -> Rule:
    reason, colon, listed = text.partition(":")
    words = word_list(listed) if colon else _listed(text) or word_list(text)
    return Rule(choice, words, reason=reason.strip().rstrip("."), negated=negated)


def _listed(text: str) -> tuple[str, ...]:
    """The words behind "mentions", or behind a colon."""
    text = re.split(r"[,;]?\s+\b(?:otherwise|else)\b", text)[0]
    match = _MENTIONS.search(text)
    if match is not None:
        return word_list(match[1])
    _, colon, listed = text.partition(":")
    return word_list(listed) if colon else ()


def read_default(lines: Sequence[str], skip: set[int]) -> str | None:
    """What is chosen when no rule fits: "otherwise no"."""
    for number, line in enumerate(lines):
        match = None if number in skip else _DEFAULT.search(line)
        if match is not None:
            return match[1]
    return None


def read_labels(lines: Sequence[str]) -> tuple[tuple[str, ...], tuple[Rule, ...], set[int]]:
    """A closed list of labels, on one line or as bullets; what a bullet says of its label becomes a rule."""
    for number, line in enumerate(lines):
        match = _ONE_OF.search(line)
        if match is None:
            continue
        rest = line[match.end() :]
        listed = rest.partition(":")[2] if ":" in rest else rest
        if listed.strip():
            labels = word_list(re.split(r"\.(?:\s|$)", listed)[0].replace("/", ","))
            if len(labels) > 1 and all(len(label.split()) <= 3 for label in labels):
                return labels, (), {number}
            continue
        bullets: list[tuple[int, str]] = []
        for at in range(number + 1, len(lines)):
            bullet = _BULLET.match(lines[at])
            if bullet is None:
                break
            bullets.append((at, bullet[1]))
        if bullets:
            parts = [re.split(r"\s*(?::|–|—|\s-\s)\s*", text, maxsplit=1) for _, text in bullets]
            labels = tuple(part[0].strip("`\"'*“” .") for part in parts)
            rules = tuple(
                Rule(label, word_list(part[1]), reason=f"it is about {label}")
                for label, part in zip(labels, parts, strict=True)
                if len(part) > 1
            )
            return labels, rules, {number, *(at for at, _ in bullets)}
    return (), (), set()
