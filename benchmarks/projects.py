"""Projects to measure on: made of numbers, the same every time, in a git repository of their own."""

import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

PROMPT = """\
description: Answers one question about an order.
model: {model}
params: {{temperature: 0, max_tokens: 200}}
inputs:
  question: {{type: string}}
  tone: {{type: string, default: friendly}}
  history: {{type: list, default: []}}
messages:
  - role: system
    content: |
      You help the customers of a shop. Be {{{{ tone }}}} and brief.
      {{% for line in history %}}
      - {{{{ line }}}}
      {{% endfor %}}
  - role: assistant
    content: How can I help you?
  - role: user
    content: "{{{{ question }}}}"
"""
SCORERS = """\
scorers:
  - equals: "{{ expected }}"
  - contains: "{{ vars.question | words | first }}"
  - matches: "order [0-9]+"
"""


@contextmanager
def project(files: Mapping[str, str]) -> Iterator[Path]:
    """A temporary project with these files, committed."""
    with TemporaryDirectory(prefix="llmops-bench-") as folder:
        root = Path(folder)
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        _git(root, "init", "--quiet")
        commit(root, "a project")
        yield root


def commit(root: Path, message: str) -> None:
    """Commit everything."""
    _git(root, "add", ".")
    _git(root, "commit", "--quiet", "--message", message)


def question(number: int) -> str:
    """A question that no other number has."""
    return f"Where is order {number}, which I paid for {number % 28 + 1} days ago? It should be here by now."


def jsonl_set(cases: int) -> Mapping[str, str]:
    """The files of one evalset with its cases as JSONL; the right answer is the question itself."""
    lines = (
        json.dumps({"id": f"case-{n}", "vars": {"question": question(n)}, "expected": question(n)})
        for n in range(cases)
    )
    evalset = f'prompt: shop\n{SCORERS}cases_from: ["shop.cases.jsonl"]\n'
    return {"evalsets/shop.yaml": evalset, "evalsets/shop.cases.jsonl": "\n".join(lines) + "\n"}


def yaml_set(cases: Iterable[int]) -> str:
    """One evalset file with its cases in YAML."""
    rows = (
        f"  - id: case-{n}\n    vars: {{question: {json.dumps(question(n))}}}\n"
        f"    expected: {json.dumps(question(n))}\n    tags: [billing, order-{n % 7}]\n"
        for n in cases
    )
    return f"prompt: shop\n{SCORERS}cases:\n{''.join(rows)}"


def echo_project(cases: int) -> Mapping[str, str]:
    """A whole project whose model answers with what it was asked."""
    return {"prompts/shop.yaml": PROMPT.format(model="echo"), **jsonl_set(cases)}


def http_project(cases: int, url: str, concurrency: int = 16) -> Mapping[str, str]:
    """A whole project whose model is asked over HTTP through LiteLLM."""
    settings = (
        f"models:\n  bench: {{model: openai/bench, api_base: {url}, price: {{input: 0.1, output: 0.4}}}}\n"
        f"run: {{concurrency: {concurrency}}}\n"
    )
    return {"llmops.yaml": settings, "prompts/shop.yaml": PROMPT.format(model="bench"), **jsonl_set(cases)}


def _git(root: Path, *arguments: str) -> None:
    names = {"GIT_AUTHOR_NAME": "bench", "GIT_AUTHOR_EMAIL": "bench@example.org"}
    names |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in names.items()}
    nowhere = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(["git", *arguments], cwd=root, check=True, env={**os.environ, **names, **nowhere})
