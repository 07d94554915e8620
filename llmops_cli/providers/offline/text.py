"""Words, stems and sentences of a text in any script, and how far two texts share them."""

import re
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")
"""Thai, Lao, Kana and Han: scripts written without spaces, compared by pairs of characters."""
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”»)]?\s+|(?<=[。！？])\s*|\n\s*\n")  # noqa: RUF001
_TITLE = re.compile(r"\b(?:Dr|Mr|Mrs|Ms|St|vs|e\.g|i\.e)\.$")
_NUMBERED = re.compile(r"\b(?:Art|Sec|No|Nr|Abs|p)\.$", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\ufeff\ud800-\udfff]")

_FUNCTION_WORDS = (
    "a about after all also am an and any are as at be because been before being but by can could did "
    "do does doing else ever every for from had has have he her here him his how i if in into is it its "
    "just may me might must my need no nor not of off on once only or other our out over own shall she "
    "should so some such than that the their them then there these they this those through to too under "
    "up us very was we were what when where which while who whom whose why will with would yes yet you "
    "your das der die den dem des ein eine ich ist sie und wie wir zu aux ce de du elle et il je la le "
    "les ma mon que qui sa se son sur un une vous el en es lo los las mi por su una y "
)
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())
"""Words that carry no subject. They are left out where texts are compared, and decide nothing else."""


def clean(text: str) -> str:
    """Text without control characters (line feed and tab stay), with LF line ends."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str) -> str:
    """Text with every run of white space as one space."""
    return " ".join(text.split())


def words(text: str) -> list[str]:
    """The words of a text in lower case, digits included."""
    return _WORD.findall(text.casefold())


_ENDINGS = (
    ("ies", "y"),
    ("ness", ""),
    ("ings", ""),
    ("ing", ""),
    ("ed", ""),
    ("en", ""),
    ("es", ""),
    ("s", ""),
)
_DOUBLING = {"ing", "ings", "ed", "en"}
"""Before these a final consonant may stand doubled ("stop", "stopped")."""


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """A word without its commonest English endings; other languages lose at most the same letters."""
    if len(word) < 4 or not word.isascii():
        return word
    for ending, put in _ENDINGS:
        if ending == "s" and word.endswith("ss"):
            break
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)] + put
            if ending in _DOUBLING and word[-1] == word[-2] and word[-1] not in "lsaeiou":
                word = word[:-1]
            break
    return word.removesuffix("e") if len(word) > 3 else word


def stems(text: str) -> list[str]:
    """The stems of all words, in order."""
    return [stem(word) for word in words(text)]


def terms(text: str) -> frozenset[str]:
    """What a text is about: stems without function words; pairs of characters in unspaced scripts."""
    found: set[str] = set()
    for word in words(text):
        if _UNSPACED.search(word):
            for run in _UNSPACED.findall(word):
                found.update(run[at : at + 2] for at in range(max(1, len(run) - 1)))
        elif word not in FUNCTION_WORDS and (len(word) > 2 or word.isdigit()):
            found.add(stem(word))
    return frozenset(found)


def haystack(text: str) -> str:
    """A text made ready for `mentions`: its stems between spaces."""
    return f" {' '.join(stems(text))} "


def mentions(prepared: str, phrase: str) -> bool:
    """Whether a `haystack` holds a phrase as whole words, whatever their endings.

    A phrase in an unspaced script is looked for anywhere, since nothing marks where its words begin.
    """
    needle = " ".join(stems(phrase))
    if not needle:
        return False
    return needle in prepared if _UNSPACED.search(needle) else f" {needle} " in prepared


def sentences(text: str) -> list[str]:
    """The sentences of a text, each on one line. "Art. 5" and the like do not end one."""
    found: list[str] = []
    for piece in _SENTENCE_END.split(text):
        sentence = one_line(piece)
        if found and sentence and _goes_on(found[-1][-8:], sentence):
            found[-1] = f"{found[-1]} {sentence}"
        elif sentence:
            found.append(sentence)
    return found


def _goes_on(end: str, sentence: str) -> bool:
    return bool(_TITLE.search(end) or (sentence[0].isdigit() and _NUMBERED.search(end)))


def limit_words(text: str, most: int) -> str:
    """At most so many words, white space kept; what was cut leaves a full stop."""
    for count, match in enumerate(re.finditer(r"\S+", text), start=1):
        if count == most and text[match.end() :].strip():
            return text[: match.end()].rstrip(" ,;:-–—(").rstrip(".") + "."
    return text


def coverage(of: frozenset[str], by: frozenset[str]) -> float:
    """Which share of one set of terms another one holds; 0 when there is nothing to hold."""
    return len(of & by) / len(of) if of else 0.0
