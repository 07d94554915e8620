"""`python -m tests.workflow_files.rewrite`: this repository's actions and gate, from the package's templates."""

from pathlib import Path

from tests.workflow_files.own import own_files

ROOT = Path(__file__).parents[2]

if __name__ == "__main__":
    for name, text in own_files().items():
        (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / name).write_text(text, encoding="utf-8")
