"""What a change does to its own judges, seen from the base: deleted evalsets, lines that do not fit, who accepted."""

import json
import re
from pathlib import Path

import pytest

from llmops_cli.errors import ExitCode
from tests.support.project import GREET, TWO_CASES, Project, greeting_project, kinds_of

FILES = ("-c", "protocol.file.allow=always")
WORSE = ("prompts/greet.yaml", "Greet", "Insult")
SINCE = ("--changed-since", "main...", "--against", "main...")


def branch(project: Project) -> Project:
    greeting_project(project).git("switch", "--quiet", "--create", "change")
    return project


def remove(project: Project, *paths: str) -> Project:
    for path in paths:
        (project.root / path).unlink()
    return project


class TestDeletedEvalsets:
    """A change does not get rid of its judge in silence."""

    def test_with_a_changed_prompt_there_is_no_verdict(self, project: Project) -> None:
        remove(branch(project).edit(*WORSE), "evalsets/greet.yaml", "evalsets/greet.baseline.jsonl")
        project.commit("worse, and nobody looks")

        for options in (SINCE, SINCE[2:], SINCE[:2]):
            result = project.llmops("eval", *options, "--format", "json")

            assert result.exit_code == ExitCode.INCONCLUSIVE
            (reason,) = result.json()["verdict"]["reasons"]
            assert reason["status"] == "INCONCLUSIVE"
            assert (
                "evalsets/greet.yaml, which tests the prompt greet at main..., was deleted" in reason["text"]
            )
            assert "the prompt changed" in reason["text"]
            assert reason["where"] == "prompts/greet.yaml:1"

    def test_beside_other_sets_a_pass_does_not_hide_it(self, project: Project) -> None:
        other = TWO_CASES.replace("Ada", "Cleo").replace("Bob", "Dan")
        greeting_project(project).replies(
            ("Insult", "Hello, Cleo! Hello, Dan!"), ("", "Hello, Cleo! Hello, Dan!")
        )
        project.commit("other", {"evalsets/other.yaml": other})
        project.git("switch", "--quiet", "--create", "change")
        remove(project.edit(*WORSE), "evalsets/greet.yaml").commit("worse")

        result = project.llmops("eval", *SINCE)

        assert result.exit_code == ExitCode.INCONCLUSIVE
        assert "evalsets/greet.yaml, which tests the prompt greet at main..., was deleted" in result.stdout

    def test_a_regression_elsewhere_stays_one(self, project: Project) -> None:
        greeting_project(project).commit("other", {"evalsets/other.yaml": TWO_CASES.replace("Ada", "Bob")})
        project.llmops("eval", "other")
        project.llmops("accept")
        project.commit("accept other")
        project.git("switch", "--quiet", "--create", "change")
        remove(project.edit(*WORSE), "evalsets/greet.yaml").commit("worse")

        assert project.llmops("eval", *SINCE).exit_code == ExitCode.REGRESSION

    def test_of_a_prompt_that_did_not_change_it_is_a_note_that_leads(self, project: Project) -> None:
        branch(project).commit("other", {"prompts/o.yaml": GREET, "evalsets/o.yaml": TWO_CASES.replace("greet", "o")
                                         .replace("Ada", "Bea")})  # fmt: skip
        project.replies(("", "Hello, Bea! Hello, Bob!"))
        remove(project, "evalsets/greet.yaml").commit("one set less")

        result = project.llmops("eval", *SINCE, "--format", "json")

        assert result.exit_code == ExitCode.PASS
        assert (
            "evalsets/greet.yaml, which tests the prompt greet at main..., was deleted; the prompt did not change"
            in (result.json()["verdict"]["notes"][0])
        )

    def test_the_last_set_of_an_unchanged_prompt_leaves_the_change_unaffected_with_a_note(
        self, project: Project
    ) -> None:
        remove(branch(project), "evalsets/greet.yaml").commit("no set left")

        result = project.llmops("eval", *SINCE)

        assert result.exit_code == ExitCode.PASS
        assert "UNAFFECTED" in result.stdout
        assert "was deleted; the prompt did not change" in result.both

    def test_together_with_its_prompt_it_is_a_note(self, project: Project) -> None:
        remove(branch(project), "evalsets/greet.yaml", "prompts/greet.yaml").commit("feature removed")

        result = project.llmops("eval", *SINCE)

        assert result.exit_code == ExitCode.PASS
        assert "was deleted; its prompt was deleted, too" in result.both

    def test_a_renamed_set_is_not_deleted_and_keeps_its_base(self, project: Project) -> None:
        branch(project).edit(*WORSE)
        project.git("mv", "evalsets/greet.yaml", "evalsets/hello.yaml")
        project.git("mv", "evalsets/greet.baseline.jsonl", "evalsets/hello.baseline.jsonl")
        project.edit("evalsets/hello.yaml", "tags: [first]", "tags: [one]").commit("renamed, and worse")

        result = project.llmops("eval", *SINCE, "--format", "json")

        assert kinds_of(result) == {"ada": "regressed", "bob": "regressed"}
        assert "deleted" not in result.stdout

    def test_a_set_whose_cases_moved_to_another_is_not_deleted(self, project: Project) -> None:
        greeting_project(project).replies(
            ("Ada", "Hello, Ada!"), ("Bob", "Hello, Bob!"), ("Cleo", "Hello, Cleo!")
        )
        one = TWO_CASES.partition("  - id: bob")[0].replace("Ada", "Cleo").replace("ada", "cleo")
        project.commit("another", {"evalsets/all.yaml": one})
        project.git("switch", "--quiet", "--create", "change")
        rest = TWO_CASES.partition("cases:\n")[2]
        remove(project.write({"evalsets/all.yaml": one + rest}), "evalsets/greet.yaml")
        project.edit("prompts/greet.yaml", "Greet", "Greet kindly").commit("one set for all")

        result = project.llmops("eval", *SINCE)

        assert result.exit_code == ExitCode.PASS
        assert "deleted" not in result.both

    def test_a_set_that_is_turned_to_another_prompt_leaves_the_old_one_unjudged(
        self, project: Project
    ) -> None:
        branch(project).edit(*WORSE)
        project.edit("evalsets/greet.yaml", "prompt: greet", "prompt: other")
        project.commit("turned away", {"prompts/other.yaml": GREET})

        result = project.llmops("eval", *SINCE)

        assert result.exit_code == ExitCode.INCONCLUSIVE
        assert "evalsets/greet.yaml tests the prompt greet at main... and no longer does" in result.both

    def test_only_what_was_selected_is_looked_at(self, project: Project) -> None:
        branch(project).commit(
            "other", {"prompts/o.yaml": GREET, "evalsets/o.yaml": TWO_CASES.replace("greet", "o")}
        )
        remove(project.edit(*WORSE), "evalsets/greet.yaml").commit("worse")

        assert "deleted" not in project.llmops("eval", "o", *SINCE).both
        assert "deleted" not in project.llmops("eval", "--prompt", "o", *SINCE).both
        assert "was deleted" in project.llmops("eval", "--prompt", "greet", *SINCE).both

    def test_failing_cases_that_are_removed_are_said_aloud(self, project: Project) -> None:
        project.replies(("Ada", "Hello, Ada!"), ("Bob", "No."))
        project.commit("greet", {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES})
        project.llmops("eval")
        project.llmops("accept")
        project.commit("accept")
        project.git("switch", "--quiet", "--create", "change")
        project.write({"evalsets/greet.yaml": TWO_CASES.partition("  - id: bob")[0]}).commit("fewer")

        assert "failing cases were removed: bob" in project.llmops("eval", *SINCE).both


class TestBase:
    """Where the base has little or nothing to compare with."""

    def test_a_base_without_llmops_files_is_all_new_and_passes_with_a_word(self, project: Project) -> None:
        project.commit("nothing", {"README.md": "soon\n"})
        project.git("switch", "--quiet", "--create", "change")
        project.replies(("Ada", "Hello, Ada!"), ("Bob", "No."))
        project.commit("all of it", {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES})

        result = project.llmops("eval", *SINCE, "--rerun-baseline", "--format", "json")

        assert result.exit_code == ExitCode.PASS
        assert kinds_of(result) == {"ada": "new", "bob": "new"}
        assert "no baseline for greet: only bounds and critical cases decided" in str(
            result.json()["verdict"]["notes"]
        )
        critical = project.edit("evalsets/greet.yaml", "tags: [second]", "critical: true").llmops(
            "eval", *SINCE
        )
        assert critical.exit_code == ExitCode.REGRESSION
        bound = project.write({"evalsets/greet.yaml": TWO_CASES + "gate: {min_pass_rate: 1}\n"})
        assert bound.llmops("eval", *SINCE).exit_code == ExitCode.REGRESSION

    def test_unrelated_histories_have_no_merge_base(self, project: Project) -> None:
        branch(project).git("checkout", "--quiet", "--orphan", "apart")
        project.commit("apart")

        result = project.llmops("eval", "--against", "main...")
        direct = project.llmops("eval", "--against", "main")

        assert (result.exit_code, result.calls) == (ExitCode.INCONCLUSIVE, 0)
        assert "their histories are unrelated: name a commit, such as main itself" in result.stderr
        assert (direct.exit_code, direct.calls) == (ExitCode.PASS, 0)

    def test_a_merge_base_beyond_a_shallow_clone_is_said_before_any_call(self, project: Project) -> None:
        branch(project).edit(*WORSE).commit("worse")
        target = project.root.parent / "shallow"
        clone = _clone(project, target)

        for options in (("--against", "origin/main..."), ("--changed-since", "origin/main..."),
                        ("--at", "HEAD~1"), ("--trust", "origin/main...")):  # fmt: skip
            result = clone.llmops("eval", *options)

            assert (result.exit_code, result.calls) == (ExitCode.INCONCLUSIVE, 0)
            assert len(result.stderr.splitlines()) == 1
            assert "this clone is shallow: `git fetch --unshallow" in result.stderr
        command = clone.llmops("eval", "--against", "origin/main...").stderr.split("`")[1].split()
        clone.git(*FILES, *command[1:])
        assert clone.llmops("eval", "--against", "origin/main...").exit_code == ExitCode.REGRESSION

    @pytest.mark.parametrize("depth", [["--depth=1"], ["--single-branch"]], ids=["shallow", "single branch"])
    def test_a_branch_that_this_kind_of_clone_lacks_is_fetched_by_the_command_that_is_named(
        self, project: Project, depth: list[str]
    ) -> None:
        branch(project).edit(*WORSE).commit("worse")
        target = project.root.parent / "clone"
        project.git(
            *FILES, "clone", "--quiet", *depth, "--branch=change", f"file://{project.root}", str(target)
        )
        clone = _answering(Project(target, target))
        since = ("--against", "origin/main...", "--changed-since", "origin/main...", "--rerun-baseline")

        lacking = clone.llmops("eval", *since)

        assert (lacking.exit_code, lacking.calls) == (ExitCode.INCONCLUSIVE, 0)
        assert len(lacking.stderr.splitlines()) == 1
        for name in ("refs/remotes/origin/main", "origin/main~1"):
            assert clone.llmops("eval", "--against", name).exit_code == ExitCode.INCONCLUSIVE
        assert clone.llmops("eval", "--against", "origin/main;ls").exit_code == ExitCode.USAGE
        command = lacking.stderr.split("`")[1].split()
        clone.git(*FILES, *command[1:])
        assert clone.llmops("eval", *since).exit_code == ExitCode.REGRESSION
        # now that history is whole, a branch that plain `git fetch` would have brought is none
        clone.git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
        assert clone.llmops("eval", "--against", "origin/mian").exit_code == ExitCode.USAGE

    def test_a_version_beyond_a_shallow_clone_is_said_beside_the_verdict(self, project: Project) -> None:
        greeting_project(project).edit("prompts/greet.yaml", "Greet", "Please greet")
        project.commit("another version, accepted later")
        project.git("switch", "--quiet", "--create", "change")
        project.edit(*("evalsets/greet.yaml", "{name: Bob}", "{name: Robert}")).commit("edited")
        clone = _clone(project, project.root.parent / "shallow")
        clone.replies(("Ada", "Hello, Ada!"), ("Robert", "Hello, Robert!"))

        result = clone.llmops("eval", "--against", "origin/main", "--rerun-baseline")

        assert "this clone is shallow and lacks accepted versions (greet p1:" in result.both
        assert "`git fetch --unshallow` brings them" in result.both

    def test_a_version_that_only_the_base_branch_holds_is_found_there(self, project: Project) -> None:
        branch(project).git("switch", "--quiet", "main")
        project.edit("prompts/greet.yaml", "Greet", "Please greet")
        project.llmops("eval")
        project.llmops("accept")
        project.commit("main moves on")
        project.git("switch", "--quiet", "change")
        project.edit("evalsets/greet.yaml", "{name: Bob}", "{name: Robert}").commit("edited")
        project.replies(("Ada", "Hello, Ada!"), ("Robert", "Hello, Robert!"))

        result = project.llmops("eval", "--against", "main", "--rerun-baseline", "--format", "json")

        assert kinds_of(result) == {"ada": "unchanged", "bob": "unchanged"}


def _clone(project: Project, target: Path) -> Project:
    """A clone of the last commit alone, and of main's, which knows of no history."""
    project.git("config", "uploadpack.allowAnySHA1InWant", "true")
    project.git(
        *FILES, "clone", "--quiet", "--depth=1", "--no-single-branch", f"file://{project.root}", str(target)
    )
    return _answering(Project(target, target))


def _answering(clone: Project) -> Project:
    return clone.replies(("Insult", "Go away!"), ("Ada", "Hello, Ada!"), ("Bob", "Hello, Bob!"))


class TestLinesThatDoNotFit:
    """A line of a baseline that contradicts its own prompt version: an accident, and said to be one."""

    def damage(self, project: Project, case: str = "ada") -> None:
        """The line says that its version rendered to what another version was asked."""
        project.llmops("eval")
        (run,) = sorted((project.root / ".llmops/runs").iterdir())[-1:]
        document = json.loads(run.read_text())
        cases = document["evalsets"][0]["comparisons"][0]["cases"]
        asked = next(c for c in cases if c["id"] == case)["candidate"]["outcomes"][0]["fingerprint"]
        path = "evalsets/greet.baseline.jsonl"
        lines = [
            re.sub(r'"request": "[^"]*"', f'"request": "{asked}"', line)
            if f'"id": "{case}"' in line
            else line
            for line in project.read(path).splitlines()
        ]
        lines = [line.replace('"Hello, Ada!"', '"Go away!"') for line in lines]
        project.write({path: "\n".join(lines) + "\n"})

    def test_the_branchs_own_is_called_out_and_accepts_nothing(self, project: Project) -> None:
        branch(project).edit(*WORSE)
        self.damage(project)
        project.commit("worse, and a line that was merged wrongly")

        result = project.llmops("eval", "--against", "main...", "--format", "json")

        assert result.exit_code == ExitCode.REGRESSION
        notes = str(result.json()["verdict"]["notes"][0])
        assert re.search(r"greet: the baseline's line for ada \(evalsets/greet.baseline.jsonl:\d+\)", notes)
        assert "does not fit what its prompt version renders to" in notes
        (comparison,) = result.json()["evalsets"][0]["comparisons"]
        assert not any(case.get("accepted") for case in comparison["cases"])

    def test_the_bases_is_called_out_with_its_commit_and_is_not_compared(self, project: Project) -> None:
        greeting_project(project)
        project.edit(*WORSE)
        self.damage(project)
        project.edit("prompts/greet.yaml", "Insult", "Greet")
        base = project.commit("a line that was merged wrongly")
        project.git("switch", "--quiet", "--create", "change")
        project.edit("prompts/greet.yaml", "Greet", "Please greet")
        project.llmops("eval")
        project.llmops("accept")
        project.commit("change")

        result = project.llmops("eval", "--against", "main...", "--format", "json")

        assert kinds_of(result)["ada"] == "incomparable"
        (note,) = [n for n in result.json()["verdict"]["notes"] if "does not fit" in n and "line for ada" in n
                   and base[:10] in n]  # fmt: skip
        assert "evalsets/greet.baseline.jsonl:" in note

    def test_at_the_desk_it_is_called_out_too(self, project: Project) -> None:
        greeting_project(project).edit(*WORSE)
        self.damage(project)
        project.edit("prompts/greet.yaml", "Insult", "Please greet")

        assert "the baseline's line for ada" in project.llmops("eval").both

    def test_a_line_that_fits_is_not(self, project: Project) -> None:
        branch(project).edit("prompts/greet.yaml", "Greet", "Please greet")
        project.edit("evalsets/greet.yaml", "{name: Bob}", "{name: Robert}").commit("change")

        assert "does not fit" not in project.llmops("eval", "--against", "main...").both


class TestAcceptedBy:
    """Whoever accepts a regression is named by the commit that wrote the line."""

    def accepted(self, project: Project, *options: str) -> dict[str, str]:
        result = project.llmops("eval", *(options or ("--against", "main...")), "--format", "json")
        assert result.exit_code == ExitCode.PASS, result.both
        (comparison,) = result.json()["evalsets"][0]["comparisons"]
        assert {case["kind"] for case in comparison["cases"]} == {"regressed"}
        assert all(
            case["base"] and case["candidate"] for case in comparison["cases"]
        )  # the old and the new answer
        return {case["id"]: case.get("accepted_by", "") for case in comparison["cases"]}

    def test_first_nobody_then_the_commit(self, project: Project) -> None:
        branch(project).edit(*WORSE)
        project.llmops("eval")
        project.llmops("accept")
        assert set(self.accepted(project).values()) == {"not committed yet"}

        commit = project.commit("worse, and accepted")
        project.commit("later", {"README.md": "more\n"})

        day = project.git("show", "--no-patch", "--date=format-local:%Y-%m-%d", "--format=%ad", commit)
        assert set(self.accepted(project).values()) == {f"{commit[:10]} Test, {day}"}
        note = project.llmops("eval", "--against", "main...").both
        assert f"accepted in this branch's baseline: ada, bob (by {commit[:10]} Test, {day})" in note
        again = project.llmops("report", "--format", "json").json()["evalsets"][0]["comparisons"][0]["cases"]
        assert {case["accepted_by"] for case in again} == {f"{commit[:10]} Test, {day}"}

    def test_each_line_has_its_own(self, project: Project) -> None:
        branch(project).edit(*WORSE)
        project.llmops("eval")
        project.llmops("accept")
        path = "evalsets/greet.baseline.jsonl"
        accepted, before = project.read(path), project.git("show", f"main:{path}") + "\n"
        bob = next(line for line in before.splitlines() if '"id": "bob"' in line)
        new = next(line for line in accepted.splitlines() if '"id": "bob"' in line)
        first = project.commit("ada", {path: accepted.replace(new, bob)})
        second = project.commit("bob", {path: accepted})

        found = self.accepted(project)

        assert found["ada"].startswith(first[:10])
        assert found["bob"].startswith(second[:10])

    def test_a_baseline_that_the_base_does_not_have_and_git_does_not_know_yet(self, project: Project) -> None:
        branch(project).edit(*WORSE)
        project.llmops("eval")
        project.llmops("accept")
        project.git("rm", "--quiet", "--cached", "evalsets/greet.baseline.jsonl")
        project.git("commit", "--quiet", "--message", "the baseline left git")

        assert set(self.accepted(project).values()) == {"not committed yet"}


def test_a_run_says_which_attempt_it_is_and_calmly_that_there_were_others(project: Project) -> None:
    greeting_project(project)

    first = project.llmops("eval", "--format", "json", env={"GITHUB_RUN_ATTEMPT": "1"}).json()
    third = project.llmops("eval", "--format", "json", env={"GITHUB_RUN_ATTEMPT": "3"}).json()
    odd = project.llmops("eval", "--format", "json", env={"GITHUB_RUN_ATTEMPT": "x"}).json()

    assert first["provenance"]["attempt"] == 1
    assert not any("attempt" in note for note in first["verdict"]["notes"])
    assert third["provenance"]["attempt"] == 3
    assert any(note.startswith("attempt 3 of this workflow run") for note in third["verdict"]["notes"])
    assert "attempt" not in odd["provenance"]
