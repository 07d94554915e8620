"""Versions, labels and lists: what history says of prompts, through the command line."""

from llmops_cli.errors import ExitCode
from tests.support.project import GREET, TWO_CASES, Project, greeting_project

EDIT = ("prompts/greet.yaml", "by name", "by first name")


def ordinals(project: Project, name: str = "greet") -> list[tuple[int, str]]:
    log = project.llmops("log", name, "--format", "json").json()
    return [(entry["ordinal"], entry["changed"]) for entry in log]


class TestLog:
    def test_it_lists_contents_not_commits(self, project: Project) -> None:
        greeting_project(project)
        project.edit("prompts/greet.yaml", "inputs:", "# a comment\ninputs:")
        project.commit("comment only")
        project.commit(
            "line ends", {"prompts/greet.yaml": project.read("prompts/greet.yaml").replace("\n", "\r\n")}
        )
        project.write({"prompts/greet.yaml": GREET}).edit(*EDIT).commit("by first name")

        assert ordinals(project) == [(2, "system message"), (1, "first version")]

    def test_a_content_that_comes_back_has_its_old_number(self, project: Project) -> None:
        greeting_project(project).edit(*EDIT).commit("change")
        project.commit("revert", {"prompts/greet.yaml": GREET})

        assert [ordinal for ordinal, _ in ordinals(project)] == [1, 2, 1]

    def test_it_follows_a_rename_and_a_prompt_that_became_a_folder(self, project: Project) -> None:
        greeting_project(project).edit(*EDIT).commit("change")
        (project.root / "prompts/greet").mkdir()
        project.git("mv", "prompts/greet.yaml", "prompts/greet/formal.yaml")
        project.edit("evalsets/greet.yaml", "prompt: greet", "prompt: greet/formal").commit("a folder")
        project.edit("prompts/greet/formal.yaml", "first name", "surname").commit("surname")

        assert [ordinal for ordinal, _ in ordinals(project, "greet/formal")] == [3, 2, 1]

    def test_a_change_of_a_partial_is_a_version_of_each_prompt_that_uses_it(self, project: Project) -> None:
        text = "prompt: |\n  {% include '_tone.j2' %}\n  Hi\n"
        project.commit(
            "two", {"prompts/a.yaml": text, "prompts/b.yaml": text, "prompts/_tone.j2": "Kindly.\n"}
        )
        project.commit("tone", {"prompts/_tone.j2": "Curtly.\n"})

        assert (
            ordinals(project, "a")
            == ordinals(project, "b")
            == [(2, "partial _tone.j2"), (1, "first version")]
        )

    def test_a_version_that_is_invalid_is_shown_and_the_rest_goes_on(self, project: Project) -> None:
        greeting_project(project)
        project.commit("broken", {"prompts/greet.yaml": "promt: x\n"})
        project.write({"prompts/greet.yaml": GREET}).edit(*EDIT).commit("mended")

        changes = [changed for _, changed in ordinals(project)]

        assert changes[0] == "valid again"
        assert changes[1].startswith("invalid: ")
        assert changes[2] == "first version"

    def test_versions_on_both_sides_of_a_merge_are_found(self, project: Project) -> None:
        greeting_project(project).git("switch", "--quiet", "--create", "side")
        project.edit("prompts/greet.yaml", "inputs:", "params: {temperature: 1}\ninputs:").commit("hot")
        project.git("switch", "--quiet", "main")
        project.edit(*EDIT).commit("first name")
        project.git("merge", "--quiet", "--no-edit", "side")

        changes = dict(ordinals(project))

        assert len(changes) == 4  # the first, one on each side, and what the merge made of them

    def test_it_says_how_a_version_did_when_it_was_accepted(self, project: Project) -> None:
        greeting_project(project).edit("prompts/greet.yaml", "Greet", "Insult")
        project.llmops("eval")
        project.llmops("accept")
        project.commit("worse, accepted")

        log = project.llmops("log", "greet", "--format", "json").json()

        assert [entry["pass_rate"] for entry in log] == [0.0, 1.0]
        graph = project.llmops("log", "greet", "--graph").stdout
        assert graph.index("v1") < graph.index("v2")
        assert "100%" in graph

    def test_what_is_not_committed_stands_above_the_versions(self, project: Project) -> None:
        greeting_project(project).edit(*EDIT)

        first = project.llmops("log", "greet", "--format", "json").json()[0]

        assert (first["ordinal"], first["commit"]) == (2, None)

    def test_names_that_never_were_and_places_without_history(self, project: Project) -> None:
        greeting_project(project)
        assert project.llmops("log", "gret").exit_code == ExitCode.NOTHING_SELECTED
        assert "did you mean 'greet'?" in project.llmops("log", "gret").stderr
        (project.root / ".git").rename(project.root / "gone")
        result = project.llmops("log", "greet")
        assert result.exit_code == ExitCode.USAGE
        assert "is in no git repository" in result.stderr


class TestLabels:
    def labelled(self, project: Project) -> Project:
        greeting_project(project)
        assert project.llmops("label", "greet", "production").exit_code == 0
        project.commit("promote the first")
        return project

    def test_a_label_names_a_version_through_later_commits(self, project: Project) -> None:
        self.labelled(project).edit(*EDIT).commit("change")

        shown = project.llmops("show", "greet@:production", "--format", "json").json()

        assert "by name" in shown["messages"][0]["source"]
        rendered = project.llmops("render", "greet@:production", "--case", "ada").stdout
        assert "by name" in rendered
        assert "by first name" in project.llmops("render", "greet", "--case", "ada").stdout

    def test_a_label_survives_a_squash_because_the_digest_rules(self, project: Project) -> None:
        greeting_project(project).git("switch", "--quiet", "--create", "work")
        project.edit(*EDIT).commit("change")
        project.llmops("label", "greet", "production")
        project.commit("promote")
        project.git("switch", "--quiet", "main")
        project.git("merge", "--quiet", "--squash", "work")
        project.commit("squashed")
        project.git("branch", "--delete", "--force", "work")

        assert project.llmops("check").exit_code == 0
        assert "by first name" in project.llmops("show", "greet@:production").stdout

    def test_rollback_goes_to_the_target_before(self, project: Project) -> None:
        self.labelled(project).edit(*EDIT).commit("change")
        before = project.read("prompts/labels.yaml")
        project.llmops("label", "greet", "production")
        project.commit("promote the second")

        result = project.llmops("rollback", "greet", "production")

        assert result.exit_code == 0
        # a commit such as 04098d899af9 has quotes, as it would be a number without
        back, hint = (
            text.replace("'", "").replace('"', "")
            for text in (project.read("prompts/labels.yaml"), before.rstrip("}\n"))
        )
        assert back.startswith(hint)
        assert "rolled_back: p1:" in back[len(hint) :]

    def test_what_was_live_on_a_day_and_who_promoted_it(self, project: Project) -> None:
        self.labelled(project)

        now = project.llmops("show", "greet@:production", "--on", "2999-01-01")
        then = project.llmops("show", "greet@:production", "--on", "2001-01-01")

        assert "promoted" in now.stdout
        assert "by Test in" in now.stdout
        assert "promote the first" in now.stdout
        assert (then.exit_code, "had no label 'production' on 2001-01-01" in then.stderr) == (2, True)
        assert project.llmops("show", "greet@:production", "--on", "yesterday").exit_code == ExitCode.USAGE

    def test_comments_and_order_of_the_file_are_kept(self, project: Project) -> None:
        self.labelled(project)
        digest = (
            project.read("prompts/labels.yaml").split('"')[1]
            if '"' in project.read("prompts/labels.yaml")
            else ""
        )
        text = "# who may promote: see CODEOWNERS\nzeta: {}\n" + project.read("prompts/labels.yaml")
        project.write({"prompts/labels.yaml": text, "prompts/zeta.yaml": "prompt: z\n"}).commit("comment")

        project.llmops("label", "greet", "staging")
        changed = project.read("prompts/labels.yaml")

        assert changed.startswith("# who may promote: see CODEOWNERS\nzeta: {}\n")
        assert "staging:" in changed
        project.llmops("label", "greet", "staging", "--remove")
        assert project.read("prompts/labels.yaml") == text
        assert digest in text

    def test_check_refuses_a_label_to_a_version_that_history_does_not_hold(self, project: Project) -> None:
        self.labelled(project)
        text = project.read("prompts/labels.yaml")
        project.write({"prompts/labels.yaml": text.replace("p1:", "p1:0")})

        result = project.llmops("check")

        assert result.exit_code == ExitCode.USAGE
        assert "prompts/labels.yaml:" in result.stderr
        assert "which no commit here holds" in result.stderr

    def test_a_merge_conflict_in_the_labels_is_named_with_its_line(self, project: Project) -> None:
        self.labelled(project)
        text = project.read("prompts/labels.yaml")
        project.write({"prompts/labels.yaml": f"<<<<<<< HEAD\n{text}=======\n>>>>>>> other\n"})

        for command in (("show", "greet@:production"), ("label", "greet", "x"), ("check",)):
            result = project.llmops(*command)
            assert result.exit_code == ExitCode.USAGE
            assert "prompts/labels.yaml:1: the labels hold the marks of a merge conflict" in result.stderr

    def test_an_uncommitted_version_cannot_be_labelled(self, project: Project) -> None:
        greeting_project(project).edit(*EDIT)

        result = project.llmops("label", "greet", "production")

        assert result.exit_code == ExitCode.USAGE
        assert "is in no commit" in result.stderr
        assert not (project.root / "prompts/labels.yaml").exists()

    def test_an_unknown_label_names_the_nearest(self, project: Project) -> None:
        self.labelled(project)

        assert "did you mean 'production'?" in project.llmops("show", "greet@:prodution").stderr


class TestListAndShow:
    def test_the_list_says_version_label_and_baseline(self, project: Project) -> None:
        greeting_project(project)
        project.llmops("label", "greet", "production")
        listed = project.llmops("list", "--format", "json").json()

        assert listed["prompts"][0]["labels"] == ["production"]
        assert listed["evalsets"][0] | {"commit": None} == {
            "name": "greet", "prompts": ["greet"], "cases": 2, "baseline": "current", "commit": None, "error": None,
        }  # fmt: skip
        project.edit(*EDIT)
        assert (
            project.llmops("list", "--format", "json").json()["evalsets"][0]["baseline"]
            == "of an earlier version"
        )

    def test_a_broken_prompt_is_listed_with_its_error(self, project: Project) -> None:
        greeting_project(project).write({"prompts/bad.yaml": "promt: x\n"})

        result = project.llmops("list")

        assert result.exit_code == 0
        assert "bad     a prompt has either" in result.stdout

    def test_show_at_a_revision(self, project: Project) -> None:
        greeting_project(project).edit(*EDIT).commit("change")

        assert "by first name" in project.llmops("show", "greet").stdout
        assert "by first name" not in project.llmops("show", "greet@HEAD~1").stdout

    def test_names_that_lead_out_are_refused(self, project: Project) -> None:
        greeting_project(project)

        for bad in ("../greet@HEAD", "greet@-x", "greet@", "greet@:", "greet@a b", "/etc/passwd"):
            result = project.llmops("show", bad)
            assert result.exit_code == ExitCode.USAGE, bad
            assert len(result.stderr.splitlines()) == 1, bad


class TestPlaces:
    """Where a repository may stand."""

    def test_a_bare_clone_and_a_linked_worktree(self, project: Project) -> None:
        greeting_project(project).edit(*EDIT).commit("change")
        project.git("clone", "--quiet", "--bare", ".", "bare.git")
        project.git("worktree", "add", "--quiet", "linked", "HEAD~1")

        bare = project.llmops("log", "greet", "--repo", "bare.git", "--format", "json")
        linked = project.llmops("list", "-C", "linked", "--format", "json")

        assert [entry["ordinal"] for entry in bare.json()] == [2, 1]
        assert "by first name" in project.llmops("show", "greet", "--repo", "bare.git").stdout
        assert linked.json()["prompts"][0]["name"] == "greet"

    def test_a_shallow_clone_says_what_is_missing(self, project: Project) -> None:
        greeting_project(project).edit(*EDIT).commit("change")
        project.git("clone", "--quiet", "--depth=1", f"file://{project.root}", "shallow")

        log = project.llmops("log", "greet", "-C", "shallow")
        gone = project.llmops("show", "greet@HEAD~1", "-C", "shallow")

        assert log.exit_code == 0
        assert "git fetch --unshallow" in log.stderr
        assert gone.exit_code == ExitCode.USAGE
        assert "git fetch --unshallow" in gone.stderr

    def test_a_detached_head_in_a_subfolder(self, project: Project, tmp_path_factory: object) -> None:
        greeting_project(project).edit(*EDIT).commit("change")
        project.git("checkout", "--quiet", "--detach", "HEAD~1")

        assert len(project.llmops("log", "greet", "--format", "json").json()) == 1

    def test_a_repository_without_commits(self, project: Project) -> None:
        project.replies(("Ada", "Hello, Ada!"), ("Bob", "Hello, Bob!"))
        project.write({"prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES})

        assert project.llmops("list").exit_code == 0
        log = project.llmops("log", "greet", "--format", "json").json()
        assert [entry["commit"] for entry in log] == [None]
        assert "no commit yet" in project.llmops("show", "greet@HEAD").stderr


def test_a_label_is_found_although_the_worktree_is_broken(project: Project) -> None:
    greeting_project(project)
    project.llmops("label", "greet", "production")
    text = project.read("prompts/labels.yaml")
    project.write({"prompts/labels.yaml": text.split(", commit")[0] + "}\n"}).commit("no hint")
    project.write({"prompts/greet.yaml": "promt: x\n"})

    assert "by name" in project.llmops("show", "greet@:production").stdout


def test_rolling_back_twice_goes_back_twice_and_never_forward(project: Project) -> None:
    greeting_project(project)
    for number, (old, new) in enumerate((("by name", "by first name"), ("first name", "surname"))):
        project.llmops("label", "greet", "production")
        project.commit(f"promote {number}")
        project.edit("prompts/greet.yaml", old, new).commit("change")
    project.llmops("label", "greet", "production")
    project.commit("promote 2")

    for expected in ("by first name", "by name"):
        assert project.llmops("rollback", "greet", "production").exit_code == 0
        project.commit("roll back")
        assert expected in project.llmops("show", "greet@:production").stdout
    assert "no earlier target" in project.llmops("rollback", "greet", "production").stderr


def test_a_day_is_told_by_the_merge_and_not_by_the_branch(project: Project) -> None:
    greeting_project(project).git("switch", "--quiet", "--create", "promotion")
    project.llmops("label", "greet", "production")
    project.commit("promote on the branch")
    project.git("switch", "--quiet", "main")
    project.git("merge", "--quiet", "--no-ff", "--message", "Merge the promotion", "promotion")

    shown = project.llmops("show", "greet@:production", "--on", "2999-01-01")

    assert "Merge the promotion" in shown.stdout


def test_a_log_of_a_label_begins_where_it_points(project: Project) -> None:
    greeting_project(project)
    project.llmops("label", "greet", "production")
    project.commit("promote")
    project.edit(*EDIT).commit("change")

    assert ordinals(project, "greet@:production") == [(1, "first version")]
    assert "production → p1:" in project.llmops("list").stdout
    assert "there is no prompt 'gret'" in project.llmops("label", "gret").stderr
    assert project.llmops("eval", "-C", "nowhere").exit_code == ExitCode.USAGE
    assert "are no revisions" in project.llmops("show", "greet@v1").stderr
