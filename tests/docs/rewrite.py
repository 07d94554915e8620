"""`python -m tests.docs.rewrite`: what the tool prints today, into the pages. Then read the diff."""

import os
import re
import tempfile
from pathlib import Path

from tests.docs.markdown import README, ROOT
from tests.docs.picture import picture
from tests.docs.walking import follow

HISTORY = ROOT / "docs" / "history.md"


def rewrite() -> None:
    """README's picture, and every output of docs/history.md that is no longer true."""
    with tempfile.TemporaryDirectory() as folder:
        _replace(README, "picture", [picture(Path(folder))])
    with tempfile.TemporaryDirectory() as folder:
        _, told = follow(HISTORY, Path(folder))
    _replace(HISTORY, "output", [part.page if part.same and part.page else part.real for part in told])


def _replace(page: Path, mark: str, bodies: list[str]) -> None:
    todo = iter(bodies)
    block = re.compile(rf"(<!-- {mark} -->\n```text\n).*?^(```)$", re.DOTALL | re.MULTILINE)
    text = page.read_text(encoding="utf-8")
    page.write_text(block.sub(lambda m: f"{m[1]}{next(todo).strip(chr(10))}\n{m[2]}", text), encoding="utf-8")


if __name__ == "__main__":
    os.environ.update(GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_NOSYSTEM="1", NO_COLOR="1")
    rewrite()
