"""`llmops list` shows of each prompt what `check` and `show` would say, without paying for Jinja where it can."""

import subprocess
import sys

import pytest

from llmops_cli.errors import ExitCode
from tests.support.project import GREET, Project, greeting_project, process_environment

_TELLS = """
import sys
from llmops_cli.cli.main import console
sys.argv = ["llmops", "list"]
try:
    console()
finally:
    print("jinja2" in sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('prompt: "{% if x }} hi"\n', "not a valid template: unexpected '}'"),
        ('prompt: "{{ unclosed"\n', "not a valid template: unexpected end of template"),
        ("prompt: \"{% include 'nope.j2' %}\"\n", "template 'nope.j2' is not there"),
        ("prompt: \"{% include '_broken.j2' %}\"\n", "not a valid template: unexpected end of template"),
        ("prompt: \"{% include '_asks.j2' %}\"\n", "unknown variable 'topic'"),
        ('prompt: "{{ name }}"\n', "unknown variable 'name'"),
        ('inputs: {x: {type: string}}\nprompt: "{{ x | shout }}"\n', "unknown filter 'shout'"),
        ("inputs: {x: {type: string}}\nmessages: [{insert: x}]\n", "insert needs a list of messages"),
        ("promt: x\n", "a prompt has either `messages:` or `prompt:`"),
    ],
)
def test_an_invalid_prompt_is_listed_with_what_check_and_show_say(
    project: Project, text: str, said: str
) -> None:
    greeting_project(project).write({"prompts/_broken.j2": "{{ x", "prompts/_asks.j2": "{{ topic }}"})
    project.commit("bad", {"prompts/bad.yaml": text})

    rows = {row["name"]: row for row in project.llmops("list", "--format", "json").json()["prompts"]}

    assert said in rows["bad"]["error"]
    assert rows["bad"]["digest"] is None
    assert rows["greet"]["error"] is None
    assert said in project.llmops("list").stdout
    for command in (("check",), ("show", "bad")):
        result = project.llmops(*command)
        assert result.exit_code == ExitCode.USAGE
        assert rows["bad"]["error"] in result.stderr


@pytest.mark.parametrize(
    ("text", "loads"), [(GREET, False), (GREET.replace("{{ name }}", "{{ name[0] }}"), True)]
)
def test_jinja_is_loaded_for_unusual_templates_only(project: Project, text: str, loads: bool) -> None:
    project.commit("start", {"prompts/greet.yaml": text})

    done = subprocess.run(
        [sys.executable, "-c", _TELLS], cwd=project.root, env=process_environment(None),
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert "greet   p1:" in done.stdout
    assert done.stderr.splitlines()[-1] == str(loads)
