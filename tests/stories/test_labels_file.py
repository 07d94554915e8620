"""`prompts/labels.yaml` is a file that people write in, too: comments, line ends and everybody's labels stay."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from llmops_cli.errors import NoVerdictError, SourceLocation
from llmops_cli.files.labels_file import LABELS_FILE, LabelTarget, parse_labels, with_label, without_label
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


OTHER_WAYS = [
    'greet: {production: {digest: "p1:aa"}, staging: {digest: "p1:bb"}}\n',
    'greet:\n  {production: {digest: "p1:aa"},\n   staging: {digest: "p1:bb"}}\n',
    'greet: {production: {digest: "p1:aa"},\n  staging: {digest: "p1:bb"}}\nother: {x: {digest: "p1:cc"}}\n',
    '{greet: {production: {digest: "p1:aa"}, staging: {digest: "p1:bb"}}}\n',
    'greet:\n    production: {digest: "p1:aa"}\n    staging:\n        {digest: "p1:bb"}\n',
    '"greet":\n  "production":\n    digest: >-\n      p1:aa\n\n  staging: {digest: "p1:bb"}\n',
]


@pytest.mark.parametrize("text", OTHER_WAYS)
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


NEW = LabelTarget("p1:dd", "0127534e6119", SourceLocation(LABELS_FILE))


def test_a_label_that_is_set_again_keeps_its_style_and_comments() -> None:
    production = BLOCK.replace("digest: p1:aa", "digest: p1:dd").replace(
        "0123456789ab\n    # still", '"0127534e6119"\n    # still'
    )
    assert with_label(BLOCK, "greet", "production", NEW) == production
    flow = BLOCK.replace(
        '{digest: "p1:cc", commit: 0123456789ab}', '{digest: "p1:dd", commit: "0127534e6119"}'
    )
    assert with_label(BLOCK, "other", "production", NEW) == flow


def test_a_rollback_and_what_follows_it_touch_one_line_of_a_block() -> None:
    back = with_label(BLOCK, "greet", "production", replace(NEW, rolled_back="p1:aa"))

    at = back.index("    rolled_back: p1:aa\n")
    assert back[:at].endswith('    commit: "0127534e6119"\n')
    assert back.replace("    rolled_back: p1:aa\n", "") == with_label(BLOCK, "greet", "production", NEW)
    assert with_label(back, "greet", "production", NEW) == with_label(BLOCK, "greet", "production", NEW)
    flow = with_label(BLOCK, "other", "production", replace(NEW, rolled_back="p1:cc"))
    assert '{digest: "p1:dd", commit: "0127534e6119", rolled_back: p1:cc}' in flow
    assert with_label(flow, "other", "production", NEW) == with_label(BLOCK, "other", "production", NEW)


def test_a_new_label_is_written_as_its_neighbours_are() -> None:
    canary = '  canary:\n    digest: p1:dd\n    commit: "0127534e6119"\n'
    assert with_label(BLOCK, "greet", "canary", NEW) == BLOCK.replace(
        "\n# about the other", f"{canary}\n# about the other"
    )
    line = '  canary: {digest: p1:dd, commit: "0127534e6119"}\n'
    assert with_label(BLOCK, "other", "canary", NEW) == BLOCK.replace("# the end", f"{line}# the end")
    added = with_label(BLOCK, "a: new #1", "canary", NEW)
    assert added == BLOCK.replace("# the end", f'"a: new #1":\n{canary}# the end')
    wide = "greet:\n    production: {digest: p1:aa}"
    assert with_label(wide, "x", "live", NEW) == (
        f'{wide}\nx:\n    live: {{digest: p1:dd, commit: "0127534e6119"}}\n'
    )


def test_a_block_file_with_crlf_keeps_every_other_line_through_label_and_rollback(project: Project) -> None:
    greeting_project(project)
    project.llmops("label", "greet", "production", "HEAD")
    digest = parse_labels(project.read(LABELS_FILE))["greet"]["production"].digest
    text = f"# Ada\ngreet:\n    # the shop\n    production:\n        digest: '{digest}' # old\n        commit: abcd\n"
    project.commit("by hand", {LABELS_FILE: text.replace("\n", "\r\n")})
    project.edit("prompts/greet.yaml", "by name", "by first name").commit("first name")

    assert project.llmops("label", "greet", "production", "HEAD").exit_code == 0

    lines = project.read(LABELS_FILE).split("\r\n")
    assert [line for line in lines if "digest" not in line and "commit" not in line] == [
        line for line in text.split("\n") if "digest" not in line and "commit" not in line
    ]
    assert "        digest: 'p1:" in lines[4]
    assert lines[4].endswith("' # old")
    assert digest not in lines[4]
    project.commit("promote")
    assert project.llmops("rollback", "greet", "production").exit_code == 0
    back = project.read(LABELS_FILE)
    assert f"        digest: '{digest}' # old\r\n" in back
    assert back.count("\r\n") == back.count("\n") == 7


def test_labels_that_two_prompts_share_are_parted_by_a_change() -> None:
    text = "greet: &all\n  production: {digest: p1:aa}\n  staging: {digest: p1:bb}\nother: *all\n"

    left = parse_labels(without_label(text, "other", "production"))

    assert {name: {*targets} for name, targets in left.items()} == {
        "greet": {"production", "staging"},
        "other": {"staging"},
    }


@pytest.mark.parametrize("rolled_back", [None, "p1:ee"])
@pytest.mark.parametrize("label", ["production", "staging", "canary"])
@pytest.mark.parametrize("name", ["greet", "other", "new"])
@pytest.mark.parametrize(
    "text",
    [
        *OTHER_WAYS,
        BLOCK,
        "",
        "# nothing yet\n",
        "---\n" + BLOCK + "...\n",
        "greet: {}\n",
        "greet:\n  production:\n    rolled_back: p1:aa\n    digest: p1:bb\n",
        "greet:\n  production:\n    digest: p1:aa\n    commit: abcd # last line, no end",
        "greet: &all\n  production: {digest: p1:aa}\nother: *all\n",
        "greet:\n  production: &one {digest: p1:aa}\n  staging: *one\n",
        "greet:\n  production: {digest: !!str p1:aa}\n",
        "greet:\n  ? production\n  : digest: p1:aa\n",
    ],
)
def test_however_it_is_written_one_label_changes(
    text: str, name: str, label: str, rolled_back: str | None
) -> None:
    target = replace(NEW, rolled_back=rolled_back)
    expected = {(prompt, one): t.digest for prompt, ts in parse_labels(text).items() for one, t in ts.items()}

    after = parse_labels(with_label(text, name, label, target))

    found = {(prompt, one): t.digest for prompt, ts in after.items() for one, t in ts.items()}
    assert found == {**expected, (name, label): NEW.digest}
    assert after[name][label].commit == NEW.commit
    assert after[name][label].rolled_back == rolled_back
