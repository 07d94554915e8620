"""What every reporter promises, whoever wrote it: it shows any run, changes nothing, and what it shows is inert."""

import json
import re
import subprocess
import sys
import time
from functools import cache
from itertools import islice

import pytest
from hypothesis import Phase, given, settings

from llmops_cli import plugins
from llmops_cli.domain.comparison import Result
from llmops_cli.domain.run_json import result_from_dict, result_to_dict
from llmops_cli.reporters.workflow_commands import neutral
from tests.support import results
from tests.unit.domain.test_run_json import _results as any_results

NAMES = plugins.names("reporters")
COMMANDING = {"github"}
SAFE_IN_A_LOG = {"json", "sarif", "junit", "terminal"}
"""Their texts are guarded on the way into a log without a change of meaning, or need no guard."""
_OBEYED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]|[\ud800-\udfff]|\r(?!\n)"
)
EACH = [pytest.param(name, kind, id=f"{name}-{kind}") for name in NAMES for kind in results.ALL]


@cache
def made(kind: str) -> Result:
    return results.ALL[kind]()


@cache
def rendered(name: str, kind: str) -> tuple[str, float]:
    """What is shown, and the processor's seconds it took; once for all tests, as the huge run is huge."""
    reporter = plugins.load("reporters", name)
    began = time.process_time()
    text: str = reporter(made(kind))
    return text, time.process_time() - began


def shown(name: str, kind: str) -> str:
    return rendered(name, kind)[0]


@pytest.mark.parametrize(("name", "kind"), EACH)
def test_it_shows_any_run(name: str, kind: str) -> None:
    text = shown(name, kind)

    assert text.endswith("\n")
    assert text.strip("\ufeff\n")
    text.encode("utf-8", "backslashreplace")


@pytest.mark.parametrize(("name", "kind"), EACH)
def test_it_does_so_in_time(name: str, kind: str) -> None:
    assert rendered(name, kind)[1] < 20


@pytest.mark.parametrize(("name", "kind"), EACH)
def test_nothing_of_it_is_obeyed_by_a_terminal(name: str, kind: str) -> None:
    text = shown(name, kind).removeprefix("\ufeff") if name == "csv" else shown(name, kind)

    if name == "json":  # a lone surrogate stays itself until it is written, where it becomes an escape
        text = text.encode("utf-8", "backslashreplace").decode()
    found = [text[max(m.start() - 40, 0) : m.end() + 20] for m in islice(_OBEYED.finditer(text), 5)]
    assert found == []


@pytest.mark.parametrize("name", NAMES)
def test_a_run_read_from_its_file_is_shown_alike(name: str) -> None:
    for kind in ("unaffected", "everything", "passing", "first run", "interrupted", "hostile"):
        document = json.loads(json.dumps(result_to_dict(made(kind))))

        alike = plugins.load("reporters", name)(result_from_dict(document)) == shown(name, kind)
        assert alike, kind


@pytest.mark.parametrize("name", NAMES)
def test_the_verdict_is_in_it(name: str) -> None:
    if name == "csv":
        pytest.skip("a table of cases")
    for kind in ("everything", "interrupted", "unaffected", "passing"):
        assert made(kind).verdict.status.value in shown(name, kind), kind


@pytest.mark.parametrize("name", [name for name in NAMES if name not in COMMANDING])
def test_in_a_log_it_commands_nothing_and_says_the_same(name: str) -> None:
    guarded = neutral(shown(name, "hostile"))

    assert re.findall(r"^[^\S\n]*::.{20}|##\w*\[", guarded, re.MULTILINE) == []
    if name in ("json", "sarif"):
        assert json.loads(guarded) == json.loads(shown(name, "hostile"))
    if name == "junit":
        assert guarded == shown(name, "hostile")


@pytest.mark.parametrize("name", COMMANDING)
def test_commands_are_ours_alone(name: str) -> None:
    for kind in results.ALL:
        lines = shown(name, kind).splitlines()
        assert all(re.match(r"::(error|warning|notice) ", line) for line in lines)
        assert "\n".join(lines) + "\n" == shown(name, kind)


# to make a run takes longer than to show it, and to shrink a whole one takes minutes
@settings(max_examples=15, deadline=None, phases=[Phase.generate])
@given(result=any_results())
def test_no_run_that_hypothesis_finds_makes_one_break(result: Result) -> None:
    for name in NAMES:
        reporter = plugins.load("reporters", name)
        alike = reporter(result) == reporter(result)
        assert alike, name


def test_reporters_load_no_heavy_library() -> None:
    program = (
        "import sys\n"
        "from llmops_cli import plugins\n"
        "for name in plugins.names('reporters'): plugins.load('reporters', name)\n"
        "print(*sorted({'litellm', 'git', 'jinja2', 'rich', 'jsonschema', 'yaml', 'xmlschema'} & sys.modules.keys()))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
