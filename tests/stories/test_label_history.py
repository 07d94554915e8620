"""Labels and versions over an odd history: cut, merged, rebased, renamed, moved, rolled back."""

import re
from pathlib import Path

import pytest

from llmops_cli.errors import ExitCode
from tests.support.project import GREET, Project

LABELS = "prompts/labels.yaml"
UNSHALLOW = "git fetch --unshallow"


def text_of(version: int) -> str:
    return GREET.replace("by name", f"in way {version}")


def versions(project: Project, number: int) -> Project:
    """That many commits of the prompt, tagged v1, v2 and on."""
    project.write({"llmops.yaml": "model: echo\n"})
    for version in range(1, number + 1):
        project.commit(f"way {version}", {"prompts/greet.yaml": text_of(version)})
        project.git("tag", f"way-{version}")
    return project


def promote(project: Project, *ways: int | None, name: str = "greet") -> Project:
    """A commit for each move of the label; None is `llmops rollback`."""
    for way in ways:
        move = (
            ("rollback", name, "production") if way is None else ("label", name, "production", f"way-{way}")
        )
        result = project.llmops(*move)
        assert result.exit_code == 0, result.both
        project.commit("roll back" if way is None else f"promote {way}")
    return project


def live(project: Project, name: str = "greet") -> str:
    shown = project.llmops("show", f"{name}@:production")
    assert shown.exit_code == 0, shown.both
    found = re.search(r"in way (\d)", shown.stdout)
    assert found is not None
    return found[1]


def shallow(project: Project, depth: int) -> Project:
    project.git("clone", "--quiet", f"--depth={depth}", f"file://{project.root}", "shallow")
    return Project(project.root / "shallow", project.root / "shallow")


class TestRollback:
    @pytest.mark.parametrize("depth", [1, 2, 3])
    def test_a_history_that_is_cut_is_not_believed(self, project: Project, depth: int) -> None:
        promote(versions(project, 3), 1, 2, 3, None)
        cut = shallow(project, depth)
        before = cut.read(LABELS)

        result = cut.llmops("rollback", "greet", "production")

        assert result.exit_code == ExitCode.USAGE
        assert UNSHALLOW in result.stderr
        assert cut.read(LABELS) == before
        cut.git("fetch", "--quiet", "--unshallow")
        assert cut.llmops("rollback", "greet", "production").exit_code == 0
        assert live(cut) == "1"

    def test_a_reverted_promotion_is_not_believed_behind_the_cut_either(self, project: Project) -> None:
        promote(versions(project, 2), 1, 2)
        project.git("revert", "--no-edit", "HEAD")

        assert UNSHALLOW in shallow(project, 2).llmops("rollback", "greet", "production").stderr
        assert "no earlier target" in project.llmops("rollback", "greet", "production").stderr

    def test_an_old_version_promoted_anew_has_what_stood_before_it(self, project: Project) -> None:
        promote(versions(project, 3), 1, 2, 3, 1)

        seen = [live(promote(project, None)) for _ in range(3)]

        assert seen == ["3", "2", "1"]
        assert "no earlier target" in project.llmops("rollback", "greet", "production").stderr

    def test_two_steps_back_in_one_commit_never_lead_forward(self, project: Project) -> None:
        promote(versions(project, 4), 1, 2, 3)
        project.llmops("rollback", "greet", "production")
        project.llmops("rollback", "greet", "production")
        project.commit("two steps back")

        assert live(project) == "1"
        assert "no earlier target" in project.llmops("rollback", "greet", "production").stderr
        assert live(promote(project, 4, None)) == "1"

    def test_a_new_promotion_is_no_rollback(self, project: Project) -> None:
        promote(versions(project, 4), 1, 2, None, 3, 4)

        assert [live(promote(project, None)) for _ in range(2)] == ["3", "1"]


class TestOnADay:
    def test_a_day_before_the_cut_is_not_told(
        self, project: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for day, way in ((1, 1), (3, 2), (5, 3)):
            monkeypatch.setenv("GIT_COMMITTER_DATE", f"2026-03-0{day}T12:00:00Z")
            project.commit(f"way {way}", {"prompts/greet.yaml": text_of(way), "llmops.yaml": "model: echo\n"})
            project.llmops("label", "greet", "production")
            project.commit(f"promote {way}")
        cut = shallow(project, 3)  # way 3 was promoted after the cut, way 2 at the cut itself

        for asked in ("2026-02-01", "2026-03-02", "2026-03-04"):
            result = cut.llmops("show", "greet@:production", "--on", asked)
            assert (result.exit_code, UNSHALLOW in result.stderr) == (ExitCode.USAGE, True), asked
        assert "in way 3" in cut.llmops("show", "greet@:production", "--on", "2026-03-05").stdout
        assert "in way 1" in project.llmops("show", "greet@:production", "--on", "2026-03-02").stdout


class TestOtherBranches:
    def elsewhere(self, project: Project) -> Project:
        versions(project, 1).git("switch", "--quiet", "--create", "side")
        project.commit("way 2", {"prompts/greet.yaml": text_of(2)})
        project.git("tag", "way-2")
        return project

    def test_check_refuses_a_version_that_only_another_branch_holds(self, project: Project) -> None:
        promote(self.elsewhere(project), 2)
        text = project.read(LABELS)
        project.git("switch", "--quiet", "main")
        project.commit("a label from elsewhere", {LABELS: text})

        result = project.llmops("check")

        assert result.exit_code == ExitCode.USAGE
        assert "which no commit here holds" in result.stderr
        assert project.llmops("show", "greet@:production").exit_code == ExitCode.USAGE
        project.git("merge", "--quiet", "--squash", "-X", "theirs", "side")
        project.commit("squashed")
        assert project.llmops("check").exit_code == 0

    def test_a_label_cannot_be_set_to_it(self, project: Project) -> None:
        self.elsewhere(project).git("switch", "--quiet", "main")

        refused = project.llmops("label", "greet", "production", "side")

        assert refused.exit_code == ExitCode.USAGE
        assert "is in no commit of this branch" in refused.stderr
        assert not (project.root / LABELS).exists()
        project.git("merge", "--quiet", "--squash", "side")
        squashed = project.commit("squashed")
        assert project.llmops("label", "greet", "production", "side").exit_code == 0
        assert squashed[:12] in project.read(LABELS)

    def test_what_a_merge_left_behind_is_found(self, project: Project) -> None:
        self.elsewhere(project).git("switch", "--quiet", "main")
        project.commit("way 3", {"prompts/greet.yaml": text_of(3)})
        project.git("tag", "way-3")
        promote(project, 3)
        labels = project.read(LABELS)
        project.write({LABELS: re.sub(", commit: [0-9a-f]+", "", labels)}).commit("without a hint")
        project.git("merge", "--quiet", "--no-commit", "--strategy", "ours", "side")
        project.git("checkout", "side", "--", "prompts/greet.yaml")
        project.commit("took the side's")

        assert project.llmops("check").exit_code == 0
        assert live(project) == "3"
        entries = project.llmops("log", "greet", "--format", "json").json()
        assert {entry["commit"]["subject"] for entry in entries} == {"way 1", "way 2", "way 3"}

    def test_a_rename_on_one_side_and_an_edit_on_the_other(self, project: Project) -> None:
        versions(project, 1).git("switch", "--quiet", "--create", "side")
        project.git("mv", "prompts/greet.yaml", "prompts/hello.yaml")
        project.commit("renamed")
        project.git("switch", "--quiet", "main")
        project.commit("way 2", {"prompts/greet.yaml": text_of(2)})
        project.git("merge", "--quiet", "--no-commit", "side")
        project.commit("merged, and more", {"prompts/hello.yaml": text_of(3)})

        entries = project.llmops("log", "hello", "--format", "json").json()

        subjects = [entry["commit"]["subject"] for entry in entries]
        assert subjects == ["merged, and more", "way 2", "way 1"]


class TestRenamed:
    def renamed(self, project: Project) -> Project:
        promote(versions(project, 2), 1, 2)
        project.git("mv", "prompts/greet.yaml", "prompts/hello.yaml")
        return project

    def test_a_labels_past_goes_on_under_the_new_name(self, project: Project) -> None:
        self.renamed(project).edit(LABELS, "greet:", "hello:").commit("renamed")

        day = project.llmops("show", "hello@:production", "--on", "2999-01-01")

        assert "promote 2" in day.stdout
        assert "in way 1" in project.llmops("show", "hello@way-1").stdout
        assert live(promote(project, None, name="hello"), "hello") == "1"
        assert project.llmops("label", "hello", "staging", "way-2").exit_code == 0
        assert project.llmops("check").exit_code == 0

    def test_check_names_the_prompts_new_name(self, project: Project) -> None:
        self.renamed(project).commit("renamed, the labels forgotten")

        result = project.llmops("check")

        assert result.exit_code == ExitCode.USAGE
        assert "prompts/labels.yaml:2" in result.stderr
        assert "the prompt 'greet' is called 'hello' now" in result.stderr

    def test_a_new_prompt_of_the_old_name_is_another_one(self, project: Project) -> None:
        self.renamed(project).edit(LABELS, "greet:", "hello:").commit("renamed")
        project.commit("another", {"prompts/greet.yaml": "prompt: Something else\n"})
        project.llmops("label", "greet", "production")
        project.commit("promote another")

        assert "promote 2" in project.llmops("show", "hello@:production", "--on", "2999-01-01").stdout
        assert live(promote(project, None, name="hello"), "hello") == "1"


class TestMoved:
    def test_the_whole_project_in_another_folder_keeps_its_history(self, tmp_path: Path) -> None:
        before = promote(versions(Project.create(tmp_path / "mono"), 2), 1, 2)
        (before.root / "services/bot").mkdir(parents=True)
        before.git("mv", "prompts", "llmops.yaml", "services/bot")
        before.commit("moved")
        project = Project(before.root / "services/bot", before.root)
        project.commit("way 3", {"prompts/greet.yaml": text_of(3)})
        project.git("tag", "way-3")

        entries = project.llmops("log", "greet", "--format", "json").json()

        assert [entry["commit"]["subject"] for entry in entries] == ["way 3", "way 2", "way 1"]
        assert project.llmops("check").exit_code == 0
        assert "promote 2" in project.llmops("show", "greet@:production", "--on", "2999-01-01").stdout
        assert "in way 1" in project.llmops("show", "greet@way-1").stdout
        assert [live(promote(project, way)) for way in (3, None, None)] == ["3", "2", "1"]

    def test_a_prompt_that_came_from_a_project_that_stays_begins_here(self, tmp_path: Path) -> None:
        one = versions(Project.create(tmp_path / "mono", "one"), 2)
        one.commit("another", {"prompts/other.yaml": "prompt: Something else\n"})
        two = Project(one.repository / "two", one.repository)  # type: ignore[operator]
        two.write({"llmops.yaml": "model: echo\n", "prompts/.keep": ""})
        two.git("mv", "one/prompts/greet.yaml", "two/prompts/greet.yaml")
        two.commit("split")

        entries = two.llmops("log", "greet", "--format", "json").json()

        assert [entry["commit"]["subject"] for entry in entries] == ["split"]


class TestWhatCannotBeRead:
    def test_the_log_and_the_list_go_on_without_labels_in_conflict(self, project: Project) -> None:
        promote(versions(project, 1), 1)
        project.write({LABELS: f"<<<<<<< HEAD\n{project.read(LABELS)}=======\n>>>>>>> other\n"})

        for command in (("log", "greet"), ("list",), ("show", "greet")):
            result = project.llmops(*command)
            assert result.exit_code == 0, command
            assert "without labels: prompts/labels.yaml:1: the labels hold the marks" in result.stderr
        assert project.llmops("check").exit_code == ExitCode.USAGE
        assert project.llmops("log", "greet@:production").exit_code == ExitCode.USAGE

    def test_an_invalid_prompt_that_is_committed_is_not_uncommitted_too(self, project: Project) -> None:
        versions(project, 1).commit("broken", {"prompts/greet.yaml": "promt: x\n"})

        entries = project.llmops("log", "greet", "--format", "json").json()
        assert [entry["commit"]["subject"] for entry in entries] == ["broken", "way 1"]

        project.write({"prompts/greet.yaml": "promt: y\n"})
        first = project.llmops("log", "greet", "--format", "json").json()[0]
        assert first["commit"] is None


class TestDigests:
    def digests(self, project: Project) -> list[str]:
        entries = versions(project, 3).llmops("log", "greet", "--format", "json").json()
        return [entry["digest"] for entry in reversed(entries)]

    def test_a_digest_names_a_version(self, project: Project) -> None:
        first, second, _ = self.digests(project)

        assert "in way 1" in project.llmops("show", f"greet@{first}").stdout
        assert "in way 2" in project.llmops("show", f"greet@{second[:11]}").stdout
        assert project.llmops("label", "greet", "production", first[:12]).exit_code == 0
        assert live(project) == "1"

    def test_a_short_or_unknown_one_is_refused(self, project: Project) -> None:
        first, *_ = self.digests(project)

        assert "at least" not in project.llmops("show", f"greet@{first[:11]}").stderr
        assert "8 characters" in project.llmops("show", f"greet@{first[:10]}").stderr
        assert "has no version p1:00000000" in project.llmops("show", "greet@p1:00000000").stderr
