"""Messages that a case brings: nothing in them makes this machine fetch an address."""

import json

from llmops_cli.errors import ExitCode
from tests.support.project import Project

PROMPT = """\
inputs: {history: {type: messages}}
messages:
  - insert: history
  - {role: user, content: Describe it.}
"""
CASES = """\
prompt: see
scorers: [contains: seen]
cases:
  - id: pixel
    vars:
      history: [{role: user, content: [{type: image_url, image_url: {url: URL}}]}]
"""
PIXEL = "'data:image/png;base64,QUJD'"


def seeing(project: Project, url: str) -> Project:
    return project.replies(("", "seen")).write(
        {"prompts/see.yaml": PROMPT, "evalsets/see.yaml": CASES.replace("URL", url)}
    )


def test_an_image_of_a_case_is_content_and_no_address(project: Project) -> None:
    seeing(project, "http://169.254.169.254/latest")

    for command in (["check"], ["eval"], ["render", "see", "--case", "pixel"]):
        result = project.llmops(*command)

        assert (result.exit_code, result.calls) == (ExitCode.USAGE, 0), command
        assert len(result.stderr.splitlines()) == 1
        assert "evalsets/see.yaml:4" in result.stderr
        assert (
            "'history' must be a list of messages; entry 1, part 1: an image must be a data:image/…;base64,… URI, "
            "not 'http://169.254.169.254/latest'" in result.stderr
        )
    seeing(project, PIXEL)
    assert project.llmops("check").exit_code == ExitCode.PASS
    assert project.llmops("eval").exit_code == ExitCode.PASS


def test_on_the_command_line_neither(project: Project) -> None:
    seeing(project, PIXEL)
    history = [{"role": "user", "content": [{"type": "file", "file": {"file_id": "http://10.0.0.1/"}}]}]
    project.write({"history.json": json.dumps(history)})

    result = project.llmops("run", "see", "--var", "history=@history.json")

    assert (result.exit_code, result.calls) == (ExitCode.USAGE, 0)
    assert "entry 1, part 1: a file must be given as file_data" in result.stderr
