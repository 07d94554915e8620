"""Puts a model's output between marks that it cannot imitate, so that a judge reads it as data."""

from llmops_cli.domain.canonical import sha256_hex

_FIRST_SIZE = 12
_STEP = 4


def fence(text: str, *beside: str) -> str:
    """The text between `<answer-…>` and `</answer-…>`, with a mark that the text does not contain.

    Nor do the texts `beside` it, which stand in the same prompt. The mark is drawn from a hash of the text,
    not from chance: the same text makes the same judge request, so that the answer to it is found in the
    cache. It grows until no text contains it in any case of letters; nobody can close the fence from inside.
    """
    folded = "\0".join((text, *beside)).casefold()
    digits, size = sha256_hex(text), _FIRST_SIZE
    while digits[:size] in folded:
        size += _STEP
        if size > len(digits):
            digits += sha256_hex(digits)
    mark = f"answer-{digits[:size]}"
    return f"<{mark}>\n{text}\n</{mark}>"
