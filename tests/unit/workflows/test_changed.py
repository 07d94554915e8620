"""Which evalsets a change can touch: the base is read only where it can differ, and the answer stays the same."""

from collections.abc import Mapping
from itertools import combinations

import pytest

from llmops_cli.vcs.repository import Repository
from llmops_cli.workflows.evaluation import changed
from llmops_cli.workflows.evaluation.changed import Choice, choose
from llmops_cli.workflows.project import open_project
from llmops_cli.workflows.versions.revisions import Revisions
from tests.support.project import Project

SET = "prompt: {}\nscorers: [{{contains: x}}]\n"
CASE = "cases: [{id: a}]\n"
FILES: Mapping[str, str | None] = {
    "llmops.yaml": "model: echo\nmodels: {fast: {model: echo}}\n",
    ".gitignore": "*.ignored.j2\n",
    "prompts/plain.yaml": "prompt: plain\n",
    "prompts/sub/uses.yaml": "prompt: \"{% include '_part.j2' %}\"\n",
    "prompts/_part.j2": "part {% include 'deep/_more.j2' %}",
    "prompts/deep/_more.j2": "more",
    "prompts/file.yaml": "messages: [{role: user, file: file.md}]\noutput: {schema: ../schemas/s.json}\n",
    "prompts/file.md": "text",
    "schemas/s.json": "{}",
    "prompts/linked.yaml": "prompt: \"{% include ['x.ignored.j2', '_part.j2'] ignore missing %}\"\n",
    "evalsets/plain.yaml": SET.format("plain") + CASE,
    "evalsets/uses.yaml": SET.format("sub/uses") + CASE,
    "evalsets/file.yaml": SET.format("file") + "cases_from: ['file.*.jsonl']\n",
    "evalsets/file.one.jsonl": '{"id": "a"}\n',
    "evalsets/file.two.jsonl": '{"id": "b"}\n',
    "evalsets/linked.yaml": SET.format("linked") + CASE,
    "evalsets/gone.yaml": SET.format("none") + CASE,
    "src/app.py": "1\n",
}
EDITS: Mapping[str, Mapping[str, str | None]] = {
    "code": {"src/app.py": "2\n"},
    "prompt": {"prompts/plain.yaml": "prompt: plainer\n"},
    "partial": {"prompts/_part.j2": "other"},
    "deep partial": {"prompts/deep/_more.j2": "other"},
    "partial that breaks": {"prompts/deep/_more.j2": "{{ unknown }}{% if %}"},
    "shadow": {"prompts/sub/_part.j2": "nearer"},
    "hidden": {"prompts/.notes.j2": "x"},
    "ignored": {"prompts/x.ignored.j2": "x"},
    "partial gone": {"prompts/deep/_more.j2": None},
    "include gone": {"prompts/sub/uses.yaml": "prompt: no part\n"},
    "template file": {"prompts/file.md": "other"},
    "schema": {"schemas/s.json": '{"type": "object"}'},
    "renamed to yml": {"prompts/plain.yaml": None, "prompts/plain.yml": "prompt: plain\n"},
    "prompt gone": {"prompts/plain.yaml": None},
    "prompt new": {"prompts/none.yaml": "prompt: new\n"},
    "case file": {"evalsets/file.one.jsonl": '{"id": "c"}\n'},
    "case file gone": {"evalsets/file.two.jsonl": None},
    "case file new": {"evalsets/file.three.jsonl": '{"id": "d"}\n'},
    "evalset": {"evalsets/uses.yaml": SET.format("sub/uses") + "cases: [{id: b}]\n"},
    "evalset new": {"evalsets/new.yaml": SET.format("plain") + CASE},
    "baseline": {"evalsets/plain.baseline.jsonl": "{}\n"},
    "settings": {"llmops.yaml": "model: echo\nmodels: {fast: {model: offline/assistant}}\n"},
    "model": {"llmops.yaml": "model: offline/assistant\n"},
    "broken prompt": {"prompts/sub/uses.yaml": "prompt: [\n"},
}
TOUCHED = {
    "code": set(), "hidden": set(), "prompt": {"plain"}, "partial": {"uses", "linked"},
    "deep partial": {"uses", "linked"}, "partial that breaks": {"uses", "linked"}, "shadow": {"uses"},
    "partial gone": {"uses", "linked"}, "include gone": {"uses"}, "template file": {"file"}, "schema": {"file"},
    "renamed to yml": {"plain"}, "prompt gone": {"plain"}, "prompt new": {"gone"}, "case file": {"file"},
    "case file gone": {"file"}, "case file new": {"file"}, "evalset": {"uses"}, "evalset new": {"new"},
    "baseline": {"plain"}, "broken prompt": {"uses"}, "settings": set(),
    "model": {"plain", "uses", "file", "linked", "gone"},
}  # fmt: skip


def edit(project: Project, files: Mapping[str, str | None]) -> None:
    for path, text in files.items():
        if text is None:
            (project.root / path).unlink(missing_ok=True)
        else:
            project.write({path: text})


def choices(project: Project, revision: str = "HEAD") -> list[Choice]:
    revisions = Revisions(open_project(project.root))
    try:
        return choose(revisions, list(revisions.project.evalset_paths), revision)
    finally:
        revisions.close()


@pytest.fixture
def started(project: Project) -> Project:
    edit(project, FILES)
    project.commit("start")
    return project


@pytest.mark.parametrize("name", TOUCHED)
def test_what_a_change_can_touch_is_chosen(started: Project, name: str) -> None:
    edit(started, EDITS[name])
    here = {choice.evalset for choice in choices(started) if choice.chosen}

    started.commit("change")
    committed = {choice.evalset for choice in choices(started, "HEAD~1") if choice.chosen}

    assert here == TOUCHED[name]
    assert committed == here


@pytest.mark.parametrize("first", EDITS)
def test_reading_all_of_the_base_would_choose_the_same(
    started: Project, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    pairs = [pair for pair in combinations(EDITS, 2) if pair[0] == first] or [(first, first)]
    for pair in pairs[::3]:
        for name in pair:
            edit(started, EDITS[name])
        quick = choices(started)
        with monkeypatch.context() as patched:
            patched.setattr(changed._Chooser, "_same", lambda *_: False)
            assert quick == choices(started), pair
        started.git("checkout", "--quiet", ".")
        started.git("clean", "--quiet", "--force", "-dx")


def test_what_did_not_change_is_not_read_at_the_base(
    started: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    blob = Repository.blob

    def noting(self: Repository, commit: str, path: str) -> bytes | None:
        read.append(path)
        return blob(self, commit, path)

    monkeypatch.setattr(Repository, "blob", noting)
    edit(started, EDITS["template file"])

    choices(started)

    # the prompt that changed, and whatever stands on a file outside the folders that are listed
    assert set(read) <= {"llmops.yaml", "prompts/file.yaml", "prompts/file.md", "schemas/s.json"}
