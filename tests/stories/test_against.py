"""Another revision as the base: `--against`, `--rerun-baseline`, `--at`, `--changed-since`."""

from llmops_cli.errors import ExitCode
from tests.support.project import GREET, TWO_CASES, Project, greeting_project, kinds_of

WORSE = ("prompts/greet.yaml", "Greet", "Insult")


def branch(project: Project) -> Project:
    """A branch off main with nothing on it yet."""
    greeting_project(project).git("switch", "--quiet", "--create", "change")
    return project


def test_a_branch_is_compared_with_the_baseline_of_the_merge_base(project: Project) -> None:
    branch(project).edit(*WORSE)
    project.commit("worse")

    result = project.llmops("eval", "--against", "main...")

    assert result.exit_code == ExitCode.REGRESSION
    assert kinds_of(project.llmops("eval", "--against", "main...", "--format", "json")) == {
        "ada": "regressed",
        "bob": "regressed",
    }


def test_a_regression_that_the_branch_accepts_is_shown_and_does_not_block(project: Project) -> None:
    branch(project).edit(*WORSE)
    project.llmops("eval")
    project.llmops("accept")
    project.commit("worse, and accepted")

    result = project.llmops("eval", "--against", "main...")

    assert result.exit_code == ExitCode.PASS
    assert "accepted in this branch's baseline: ada, bob" in result.both
    (comparison,) = project.llmops("eval", "--against", "main", "--format", "json").json()["evalsets"][0][
        "comparisons"
    ]
    assert [case["accepted"] for case in comparison["cases"]] == [True, True]


def test_an_acceptance_of_other_words_does_not_count(project: Project) -> None:
    branch(project).edit(*WORSE)
    project.llmops("eval")
    project.llmops("accept")
    project.edit("prompts/greet.yaml", "Insult", "Insult at length")
    project.commit("worse, and worse again after accepting")

    assert project.llmops("eval", "--against", "main...").exit_code == ExitCode.REGRESSION


def test_a_critical_case_blocks_although_the_branch_accepts_it(project: Project) -> None:
    branch(project).edit(*WORSE)
    project.edit("evalsets/greet.yaml", "tags: [first]", "critical: true")
    project.llmops("eval")
    project.llmops("accept")
    project.commit("worse, and accepted")

    result = project.llmops("eval", "--against", "main...")

    assert result.exit_code == ExitCode.REGRESSION
    assert "critical case ada failed" in result.both


def test_a_new_case_is_asked_of_the_base_prompt_and_compared(project: Project) -> None:
    branch(project).edit(*WORSE)
    project.edit("evalsets/greet.yaml", "  - id: bob", "  - id: cleo\n    vars: {name: Cleo}\n  - id: bob")
    project.replies(("Insult", "Go away!"), ("Ada", "Hello, Ada!"), ("Cleo", "Hello, Cleo!"))
    project.commit("worse, with a new case")

    without = project.llmops("eval", "--against", "main...", "--format", "json")
    rerun = project.llmops("eval", "--against", "main...", "--rerun-baseline", "--format", "json")

    assert kinds_of(without)["cleo"] == "new"
    assert kinds_of(rerun)["cleo"] == "regressed"
    assert rerun.calls == without.calls + 1  # only the base answer to cleo
    assert "asked anew for 1 new or changed case" in str(rerun.json()["verdict"]["notes"])


def test_an_edited_case_is_asked_of_the_base_prompt_and_compared(project: Project) -> None:
    branch(project).edit("evalsets/greet.yaml", "{name: Bob}", "{name: Robert}")
    project.replies(("Ada", "Hello, Ada!"), ("Robert", "Hello, Robert!"))
    project.commit("another name")

    without = project.llmops("eval", "--against", "main...", "--format", "json")
    rerun = project.llmops("eval", "--against", "main...", "--rerun-baseline", "--format", "json")

    assert kinds_of(without)["bob"] == "incomparable"
    assert kinds_of(rerun)["bob"] == "unchanged"


def test_a_base_without_a_baseline_passes_with_a_word(project: Project) -> None:
    project.replies(("Ada", "Hello, Ada!"), ("Bob", "Hello, Bob!"))
    first = project.commit("nothing yet", {"README.md": "soon\n"})
    project.commit("greet", {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES})

    result = project.llmops("eval", "--against", first)

    assert result.exit_code == ExitCode.PASS
    assert "no baseline for greet" in result.both


def test_a_revision_that_is_none_is_one_clear_error(project: Project) -> None:
    greeting_project(project)

    for bad in ("nowhere", "--upload-pack=x", "main@{", "HEAD~99..."):
        result = project.llmops("eval", f"--against={bad}")
        assert result.exit_code == ExitCode.USAGE, bad
        assert result.stderr.startswith("error: "), bad
        assert len(result.stderr.splitlines()) == 1, bad


def test_prompts_of_an_older_revision_answer_todays_cases(project: Project) -> None:
    old = greeting_project(project).git("rev-parse", "HEAD")
    project.edit(*WORSE)
    project.commit("worse")

    assert project.llmops("eval").exit_code == ExitCode.REGRESSION
    then = project.llmops("eval", "--at", old)

    assert then.exit_code == ExitCode.PASS
    assert "Insult" in project.read("prompts/greet.yaml")
    assert project.llmops("accept").exit_code == ExitCode.USAGE  # the run was of another prompt


class TestChangedSince:
    """Each kind of file that an evalset depends on, and what it does not depend on."""

    def chosen(self, project: Project, revision: str = "main") -> bool:
        result = project.llmops("eval", "--changed-since", revision, "--format", "json")
        ran = bool(result.json()["evalsets"])
        assert result.json()["verdict"]["status"] == "UNAFFECTED" or ran
        return ran

    def test_documentation_touches_nothing_and_costs_nothing(self, project: Project) -> None:
        branch(project).commit("words", {"docs/notes.md": "hello\n"})

        result = project.llmops("eval", "--changed-since", "main...")

        assert (result.exit_code, result.calls) == (ExitCode.PASS, 0)
        assert "UNAFFECTED" in result.stdout
        assert "left out greet: nothing it depends on changed" in result.stderr

    def test_a_prompt_is_named_as_the_reason(self, project: Project) -> None:
        branch(project).edit(*WORSE)

        result = project.llmops("eval", "--changed-since", "main")

        assert result.exit_code == ExitCode.REGRESSION
        assert "run greet: prompts/greet.yaml changed" in result.stderr

    def test_a_partial_that_is_taken_away_counts(self, project: Project) -> None:
        greeting_project(project)
        project.edit("prompts/greet.yaml", "by name.", "by name. {% include '_tone.j2' ignore missing %}")
        project.commit("tone", {"prompts/_tone.j2": "Be kind. "})
        (project.root / "prompts/_tone.j2").unlink()

        assert self.chosen(project)

    def test_another_prompt_does_not_count(self, project: Project) -> None:
        branch(project).commit("other", {"prompts/other.yaml": "prompt: hi\n"})

        assert not self.chosen(project)

    def test_a_new_file_of_cases_counts(self, project: Project) -> None:
        greeting_project(project)
        project.commit("more", {"evalsets/greet.yaml": TWO_CASES + 'cases_from: ["greet.*.jsonl"]\n',
                                "evalsets/greet.a.jsonl": '{"id": "c", "vars": {"name": "Cy"}}\n'})  # fmt: skip
        project.write({"evalsets/greet.b.jsonl": '{"id": "d", "vars": {"name": "Di"}}\n'})

        assert self.chosen(project)

    def test_python_code_behind_the_model_counts(self, project: Project) -> None:
        branch(project).edit("scripted.py", "Answers by", "Still answers by")

        assert self.chosen(project)

    def test_settings_count_only_where_they_matter(self, project: Project) -> None:
        branch(project).edit("llmops.yaml", "allow_python: true", "allow_python: true\nrun: {concurrency: 2}")
        assert not self.chosen(project)
        project.edit("llmops.yaml", "allow_python: true", "allow_python: true\ngate: {min_pass_rate: 0.5}")
        assert self.chosen(project)


def test_an_older_prompt_that_lacks_an_input_is_run_without_it(project: Project) -> None:
    old = greeting_project(project).git("rev-parse", "HEAD")
    project.edit(
        "prompts/greet.yaml", "name: {type: string}", "name: {type: string}\n  tone: {default: warm}"
    )
    project.edit("prompts/greet.yaml", "by name.", "by name, {{ tone }}.")
    project.edit("evalsets/greet.yaml", "{name: Ada}", "{name: Ada, tone: cold}")
    project.commit("a new input")

    assert project.llmops("eval", "--at", old).exit_code == ExitCode.PASS


def test_a_model_that_was_replaced_behind_its_name_is_no_regression_of_the_prompt(project: Project) -> None:
    served = {"text": "Hello, Ada!", "served_model": "model-0101"}
    project.replies(("Ada", served), ("Bob", {**served, "text": "Hello, Bob!"}))
    project.commit("greet", {"prompts/greet.yaml": GREET, "evalsets/greet.yaml": TWO_CASES})
    project.llmops("eval")
    project.llmops("accept")
    project.commit("accept")
    project.edit("prompts/greet.yaml", "Greet", "Greet warmly")
    project.replies(("", {"text": "Good day.", "served_model": "model-0202"}))

    drifted = project.llmops("eval")
    rerun = project.llmops("eval", "--rerun-baseline")

    assert drifted.exit_code == ExitCode.INCONCLUSIVE
    assert "the model changed under the baseline" in drifted.both
    assert rerun.exit_code == ExitCode.PASS  # today's model answers the old prompt no better
    assert "asked anew for 2 new or changed cases" in rerun.both
