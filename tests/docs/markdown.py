"""The Markdown pages of this repository, and the pieces of them that tests run or compare."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
_ELSEWHERE = {".venv", "node_modules", ".git", ".hypothesis", "build", "dist", ".llmops", "__pycache__"}
_BLOCK = re.compile(
    r"<!-- (?P<mark>[\w-]+)(?:: (?P<argument>[^ ]+))? -->\n```(?P<language>\w+)\n(?P<body>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_EXIT = re.compile(r"#.*\bexit code (\d+)")


@dataclass(frozen=True)
class Command:
    """One line of a shell block and the exit code that the page gives it (0 where it says nothing)."""

    line: str
    exit_code: int


def pages() -> list[Path]:
    """Every Markdown file of the repository."""
    found = [path for path in ROOT.rglob("*.md") if not _ELSEWHERE & set(path.relative_to(ROOT).parts)]
    return sorted(found)


def blocks(mark: str, page: Path = README) -> list[tuple[str, str]]:
    """(argument, body) of the fenced blocks under an HTML comment of that name."""
    text = page.read_text(encoding="utf-8")
    return [(m["argument"] or "", m["body"]) for m in _BLOCK.finditer(text) if m["mark"] == mark]


def commands(*marks: str, page: Path = README) -> list[Command]:
    """The lines of the shell blocks that are marked with one of these, in the order of the page."""
    return [command for mark, body in story(page) if mark in marks for command in commands_of(body)]


def commands_of(body: str) -> list[Command]:
    """The lines of one shell block."""
    lines = [line for line in body.splitlines() if line.strip()]
    return [Command(line.partition(" #")[0].strip(), _code(line)) for line in lines]


def story(page: Path) -> list[tuple[str, str]]:
    """(mark, body) of all marked blocks of a page, in order."""
    return [(m["mark"], m["body"]) for m in _BLOCK.finditer(page.read_text(encoding="utf-8"))]


def _code(line: str) -> int:
    found = _EXIT.search(line)
    return int(found[1]) if found else 0


def table(heading: str, page: Path = README) -> list[list[str]]:
    """The rows of the table whose first heading is this, each cell as text without its code marks."""
    lines = page.read_text(encoding="utf-8").splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    rows: list[list[str]] = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        cells = re.split(r"(?<!\\)\|", line.strip().strip("|"))
        rows.append([cell.strip().strip("`").replace("\\|", "|") for cell in cells])
    return rows
