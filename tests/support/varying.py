"""Models whose answers vary from call to call, and are the same in every run of the tests.

    varying.accepted(project, varying.BY_CHANCE, evalset, "--trials", "2")
    project.edit("prompts/p.yaml", "be chance 0.99", "be chance 0.5")

What the n-th call of a question gets hangs on nothing but its text, whatever else is asked at the same time; how often
it is right, or how good, stands in the messages.
"""

from collections.abc import Mapping

from llmops_cli.errors import ExitCode
from tests.support.project import Project

MODEL = '''
import collections, hashlib, pathlib, re, threading
COUNTS, LOCK = collections.Counter(), threading.Lock()
UNLUCKY = pathlib.Path(__file__).with_name("unlucky.txt")


def number(key):
    """Which call of this text it is: 1, 2, 3."""
    with LOCK:
        COUNTS[key] += 1
        return COUNTS[key]


def draw(key):
    """Anything from 0 to 1."""
    return int(hashlib.sha256(f"{key}{number(key) - 1}".encode()).hexdigest()[:8], 16) / 2**32


def figure(word, text):
    return float(re.search(rf"{word} ([0-9.]+)", text)[1])


def by_chance(messages):
    """Right with "chance 0.9", drawn anew at each call; a question that stands in unlucky.txt has none."""
    system, text = messages[0]["content"], messages[-1]["content"]
    if UNLUCKY.exists() and text.strip() in UNLUCKY.read_text().splitlines():
        return "wrong"
    right = draw(f"{system} {text}") < figure("chance", system + text)
    return "right" if right else "wrong, ask ada@example.org"


def in_turn(messages):
    """Each question is answered wrong once "in 7" calls; who is told to go down does so after three."""
    text = messages[0]["content"] + messages[1]["content"]
    call, every, question = number(text), int(figure("in", text)), int(figure("question", text))
    if "go down" in text and call > 3:
        raise RuntimeError("down")
    return "wrong" if (call + question) % every == 0 else "right"


def wavering(messages):
    """A good answer that says how good it is: "worth 0.85", give or take a tenth."""
    worth = figure("worth", messages[0]["content"])
    return f"an answer of {worth + (draw(str(messages)) - 0.5) / 5:.3f}"
'''
BY_CHANCE = """\
model: python:varying:by_chance
inputs: {q: {}}
messages:
  - role: system
    content: be chance 0.99
  - role: user
    content: |
      {{ q }}
"""
IN_TURN = """\
model: python:varying:in_turn
inputs: {q: {}}
messages:
  - {role: system, content: be wrong once in 1000}
  - {role: user, content: "{{ q }}"}
"""
WAVERING = """\
model: python:varying:wavering
inputs: {q: {}}
messages:
  - {role: system, content: be worth 0.85}
  - {role: user, content: "{{ q }}"}
"""


def files(prompt: str, evalset: str) -> dict[str, str]:
    """A project with this prompt and this set, both named p."""
    settings = "allow_python: true\n"
    return {
        "varying.py": MODEL,
        "llmops.yaml": settings,
        "prompts/p.yaml": prompt,
        "evalsets/p.yaml": evalset,
    }


def accepted(
    project: Project, prompt: str, evalset: str, *options: str, more: Mapping[str, str] | None = None
) -> Project:
    """Commit that project, run it with these options of `eval`, and accept what was answered."""
    project.commit("p", {**files(prompt, evalset), **(more or {})})
    first = project.llmops("eval", *options)
    assert first.exit_code in (ExitCode.PASS, ExitCode.INCONCLUSIVE), first.both  # a proof may want more
    assert project.llmops("accept").exit_code == ExitCode.PASS
    project.commit("accept")
    return project
