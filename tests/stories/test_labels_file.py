"""`prompts/labels.yaml` is a file that people write in, too: comments, line ends and everybody's labels stay."""

import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from llmops_cli.errors import NoVerdictError
from llmops_cli.files.labels_file import parse_labels, without_label
from llmops_cli.store.lock import locked
from tests.support.project import COMMAND, Project, greeting_project, process_environment

BLOCK = """\
# Who is live where. Ask Ada first.
greet:
  # about production
  production:
    digest: p1:aa  # since March
    # the winter sale
    commit: 0123456789ab
    # still production's
  # about staging
  staging:
    digest: p1:bb
    commit: 0123456789ab

# about the other prompt
other:
  # nothing else is live
  production: {digest: "p1:cc", commit: 0123456789ab}
# the end
"""


def without(text: str, *gone: str) -> str:
    for part in gone:
        assert part in text
        text = text.replace(part, "")
    return text


PRODUCTION = BLOCK[BLOCK.index("  # about production") : BLOCK.index("  # about staging")]
STAGING = BLOCK[BLOCK.index("  # about staging") : BLOCK.index("\n# about the other")]
OTHER = BLOCK[BLOCK.index("# about the other") : BLOCK.index("# the end")]


def test_a_label_goes_with_its_own_comments_and_no_others() -> None:
    assert without_label(BLOCK, "greet", "production") == without(BLOCK, PRODUCTION)
    assert without_label(BLOCK, "greet", "staging") == without(BLOCK, STAGING)
    assert without_label(BLOCK, "other", "production") == without(BLOCK, OTHER)


def test_the_last_label_of_a_prompt_takes_the_prompt_along() -> None:
    once = without_label(BLOCK, "greet", "production")

    twice = without_label(once, "greet", "staging")

    assert list(parse_labels(twice)) == ["other"]
    assert OTHER in twice
    assert "about staging" not in twice


@pytest.mark.parametrize(
    "text",
    [
        'greet: {production: {digest: "p1:aa"}, staging: {digest: "p1:bb"}}\n',
        'greet:\n  {production: {digest: "p1:aa"},\n   staging: {digest: "p1:bb"}}\n',
        'greet: {production: {digest: "p1:aa"},\n  staging: {digest: "p1:bb"}}\nother: {x: {digest: "p1:cc"}}\n',
        '{greet: {production: {digest: "p1:aa"}, staging: {digest: "p1:bb"}}}\n',
        'greet:\n    production: {digest: "p1:aa"}\n    staging:\n        {digest: "p1:bb"}\n',
        '"greet":\n  "production":\n    digest: >-\n      p1:aa\n\n  staging: {digest: "p1:bb"}\n',
    ],
)
@pytest.mark.parametrize("label", ["production", "staging"])
def test_other_ways_to_write_it_lose_that_label_only(text: str, label: str) -> None:
    before = parse_labels(text)

    after = parse_labels(without_label(text, "greet", label))

    expected = {name: {*targets} for name, targets in before.items()}
    expected["greet"].remove(label)
    assert {name: {*targets} for name, targets in after.items()} == expected


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_byte_order_mark_stay(project: Project, mark: bytes) -> None:
    greeting_project(project)
    project.write({"prompts/labels.yaml": mark + b"# Ask Ada first.\r\n"})

    project.llmops("label", "greet", "production", "HEAD")
    project.llmops("label", "greet", "staging", "HEAD")
    project.llmops("label", "greet", "production", "--remove")

    data = (project.root / "prompts/labels.yaml").read_bytes()
    assert data.startswith(mark + b"# Ask Ada first.\r\n")
    assert data.count(b"\r\n") == data.count(b"\n") == 3
    assert b"staging" in data
    assert b"production" not in data


def test_labels_that_are_set_at_the_same_time_are_all_kept(project: Project) -> None:
    greeting_project(project)
    names = [f"stage-{number}" for number in range(8)]

    def label(name: str) -> int:
        command = [*COMMAND, "label", "greet", name, "HEAD"]
        done = subprocess.run(
            command, check=False, cwd=project.root, env=process_environment(None), capture_output=True
        )
        return done.returncode

    with ThreadPoolExecutor(len(names)) as pool:
        codes = list(pool.map(label, names))

    assert codes == [0] * len(names)
    assert {*parse_labels(project.read("prompts/labels.yaml"))["greet"]} == {*names}


def test_a_lock_that_is_not_let_go_of_is_said(project: Project) -> None:
    lock = project.root / "labels.lock"

    with (
        locked(lock, "changing labels"),
        pytest.raises(NoVerdictError, match="another llmops has been changing"),
        locked(lock, "changing labels", patience=0.05),
    ):
        pytest.fail("two held it")

    with locked(lock, "changing labels", patience=0):
        pass
