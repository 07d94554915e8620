"""When did it break: the guilty version is found among many, with few evaluations and no checkout."""

import signal
import time
from pathlib import Path

import pytest

from llmops_cli.errors import ExitCode
from tests.support.model_server import ModelServer
from tests.support.project import GREET, TWO_CASES, Project


def versions(project: Project, *texts: str) -> list[str]:
    """A commit for each system text of the prompt; the first one brings the evalset too."""
    project.write({"evalsets/greet.yaml": TWO_CASES})
    return [
        project.commit(f"say {text}", {"prompts/greet.yaml": GREET.replace("Greet the person", text)})
        for text in texts
    ]


def ten_versions(project: Project, bad_from: int, good: str = "Greet", bad: str = "Insult") -> list[str]:
    project.replies((bad, "Go away!"), ("Ada", "Hello, Ada!"), ("Bob", "Hello, Bob!"))
    return versions(project, *(f"{bad if n >= bad_from else good} {n}" for n in range(1, 11)))


@pytest.mark.parametrize("bad_from", range(2, 11))
def test_the_guilty_version_is_found_wherever_it_is(project: Project, bad_from: int) -> None:
    commits = ten_versions(project, bad_from)

    result = project.llmops("bisect", "greet", "--good", commits[0], "--case", "ada")

    assert result.exit_code == ExitCode.PASS
    assert f"v{bad_from} " in result.stdout
    assert f"commit {commits[bad_from - 1]}" in result.stdout
    assert "is the first bad version of greet" in result.stdout
    assert f"-Greet {bad_from - 1} by name." in result.stdout
    assert f"+Insult {bad_from} by name." in result.stdout
    assert result.calls <= 2 + 4


def test_what_broke_is_told_with_the_answer_and_what_the_scorer_said(project: Project) -> None:
    commits = ten_versions(project, 4)

    result = project.llmops("bisect", "greet", "--good", commits[0])

    assert "ada (greet)  evalsets/greet.yaml:5" in result.stdout
    assert "bob (greet)  evalsets/greet.yaml:8" in result.stdout
    assert "answer: Go away!" in result.stdout
    assert "say Insult 4" in result.stdout
    assert "Test" in result.stdout


def test_the_result_as_json(project: Project) -> None:
    commits = ten_versions(project, 4)

    document = project.llmops("bisect", "greet", "--good", commits[0], "--format", "json").json()

    assert document["guilty"]["commit"]["sha"] == commits[3]
    assert document["guilty"]["ordinal"] == 4
    assert [case["case"] for case in document["broken"]] == ["ada", "bob"]
    assert "+Insult 4 by name." in document["diff"]
    assert document["versions"] == 9
    health = {tried["ordinal"]: tried["health"] for tried in document["tried"]}
    assert (health[1], health[3], health[4], health[10]) == ("good", "good", "bad", "bad")
    assert document["effort"]["calls"] == 2 * document["effort"]["evaluations"]


def test_nothing_is_checked_out_and_a_dirty_worktree_is_left_alone(project: Project) -> None:
    commits = ten_versions(project, 4)
    project.write({"notes.txt": "mine", "evalsets/greet.yaml": TWO_CASES + "# mine\n"})
    head, status = project.git("rev-parse", "HEAD"), project.git("status", "--porcelain")

    result = project.llmops("bisect", "greet", "--good", commits[0])

    assert f"commit {commits[3]}" in result.stdout
    assert (project.git("rev-parse", "HEAD"), project.git("status", "--porcelain")) == (head, status)
    assert not (project.root / ".llmops/runs").exists()


def test_an_uncommitted_change_is_the_bad_end_by_default(project: Project) -> None:
    commits = ten_versions(project, 99)
    project.edit("prompts/greet.yaml", "Greet 10", "Insult 11")

    result = project.llmops("bisect", "greet", "--good", commits[0])

    assert result.exit_code == ExitCode.PASS
    assert "v11 " in result.stdout
    assert "it is not committed yet" in result.stdout
    assert "+Insult 11 by name." in result.stdout


def test_an_uncommitted_change_is_not_blamed_for_what_broke_before(project: Project) -> None:
    commits = ten_versions(project, 6)
    project.edit("prompts/greet.yaml", "Insult 10", "Insult 11")

    assert f"commit {commits[5]}" in project.llmops("bisect", "greet", "--good", commits[0]).stdout


def test_todays_cases_and_scorers_are_the_ruler(project: Project) -> None:
    commits = versions(project, "Greet one", "Greet two", "Greet three")
    project.replies(("three", "Hello, Ada!"), ("two", "Hello, Ada! Bye"), ("one", "Hello, Ada! Bye"))
    project.write({"evalsets/greet.yaml": TWO_CASES.replace('"Hello, {{ vars.name }}!"', "Bye")})

    result = project.llmops("bisect", "greet", "--good", commits[0])

    assert f"commit {commits[2]}" in result.stdout


def test_equal_versions_are_evaluated_once_and_answers_come_from_baseline_and_cache(project: Project) -> None:
    texts = ["Greet a", "Greet b", "Greet a", "Greet b", "Greet a", "Insult a", "Insult b", "Insult a"]
    project.replies(("Insult", "Go away!"), ("Ada", "Hello, Ada!"), ("Bob", "Hello, Bob!"))
    commits = versions(project, *texts)
    project.llmops("eval")
    project.llmops("accept")

    result = project.llmops("bisect", "greet", "--good", commits[0], "--case", "ada")

    assert f"commit {commits[5]}" in result.stdout
    assert result.calls <= 2, "good and at most one other; the bad end is on record in the baseline"


def test_where_nothing_got_worse_it_says_so(project: Project) -> None:
    commits = ten_versions(project, 99)

    result = project.llmops("bisect", "greet", "--good", commits[0])

    assert result.exit_code == ExitCode.PASS
    assert "is not worse than v1" in result.stdout
    assert result.calls == 4


def test_a_good_end_that_fails_is_a_mistake(project: Project) -> None:
    commits = ten_versions(project, 1)

    one = project.llmops("bisect", "greet", "--good", commits[0], "--case", "ada")
    every = project.llmops("bisect", "greet", "--good", commits[0])

    assert (one.exit_code, every.exit_code) == (ExitCode.USAGE, ExitCode.USAGE)
    assert f"ada (greet) fails at --good {commits[0]} already" in one.stderr
    assert "every case fails at --good" in every.stderr


def test_a_case_that_fails_at_the_good_end_does_not_count(project: Project) -> None:
    project.replies(("Insult", "Go away!"), ("Ada", "Hello, Ada!"), ("Bob", "No."))
    commits = versions(project, "Greet 1", "Greet 2", "Insult 3")

    document = project.llmops("bisect", "greet", "--good", commits[0], "--format", "json").json()

    assert document["guilty"]["commit"]["sha"] == commits[2]
    assert [case["case"] for case in document["broken"]] == ["ada"]


def test_what_another_version_broke_later_is_named_apart(project: Project) -> None:
    project.replies(("both", "Go!"), ("Bobless", "Hello, Ada!"), ("", "Hello, Ada! Hello, Bob!"))
    commits = versions(project, "Greet 1", "Greet 2", "Bobless", "Greet both")

    result = project.llmops("bisect", "greet", "--good", commits[0])

    assert f"commit {commits[2]}" in result.stdout
    assert "✗ bob (greet)" in result.stdout
    assert "✗ ada" not in result.stdout
    assert "broken by a later version (--case finds it): ada (greet)" in result.stdout


def test_a_flickering_case_is_decided_by_its_trials(project: Project) -> None:
    project.replies(("Insult", ["Go!", "Hello, Ada!", "Go!"]), ("", ["Hello, Ada!", "Go!", "Hello, Ada!"]))
    commits = versions(project, "Greet 1", "Insult 2")

    result = project.llmops("bisect", "greet", "--good", commits[0], "--case", "ada", "--trials", "3")

    assert f"commit {commits[1]}" in result.stdout
    assert "1 of 3 trials passed" in result.stdout
    assert result.calls == 6


def test_an_invalid_version_beside_the_guilty_one_leaves_candidates(project: Project) -> None:
    project.replies(("Insult", "Go away!"), ("", "Hello, Ada! Hello, Bob!"))
    commits = versions(project, "Greet 1", "Greet 2")
    broken = project.commit("oops", {"prompts/greet.yaml": "messages: [\n"})
    commits += versions(project, "Insult 3", "Insult 4")

    result = project.llmops("bisect", "greet", "--good", commits[0])

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "it is one of these:" in result.stdout
    assert broken[:10] in result.stdout
    assert commits[2][:10] in result.stdout
    assert "unjudged  v3 invalid" in result.stdout


def test_an_invalid_version_elsewhere_is_passed_over(project: Project) -> None:
    project.replies(("Insult", "Go away!"), ("", "Hello, Ada! Hello, Bob!"))
    commits = versions(project, "Greet 1")
    project.commit("oops", {"prompts/greet.yaml": "messages: [\n"})
    commits += versions(project, "Greet 2", "Insult 3")

    result = project.llmops("bisect", "greet", "--good", commits[0])

    assert result.exit_code == ExitCode.PASS
    assert f"commit {commits[2]}" in result.stdout


def test_a_version_that_needs_what_cases_no_longer_give_cannot_be_judged(project: Project) -> None:
    project.replies(("Insult", "Go away!"), ("", "Hello, Ada! Hello, Bob!"))
    commits = versions(project, "Greet 1")
    older = GREET.replace("inputs:\n", "inputs:\n  tone: {type: string}\n").replace("by name.", "{{ tone }}.")
    project.commit("tone", {"prompts/greet.yaml": older})
    commits += versions(project, "Greet 3", "Greet 4", "Insult 5")

    result = project.llmops("bisect", "greet", "--good", commits[0], "--format", "json").json()

    assert result["guilty"]["commit"]["sha"] == commits[3]
    states = {tried["ordinal"]: tried for tried in result["tried"]}
    assert states.get(2, {"health": "unjudged"})["health"] == "unjudged"


def test_an_outage_of_a_version_is_passed_over_and_said(project: Project) -> None:
    project.replies(("Greet 2", "!no line"), ("Insult", "Go away!"), ("", "Hello, Ada! Hello, Bob!"))
    commits = versions(project, "Greet 1", "Greet 2", "Insult 3")

    result = project.llmops("bisect", "greet", "--good", commits[0])

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "no line" in result.stdout
    assert commits[1][:10] in result.stdout
    assert commits[2][:10] in result.stdout


def test_an_end_that_cannot_be_judged_is_no_verdict(project: Project) -> None:
    project.replies(("Greet 1", "!no line"), ("", "Hello, Ada! Hello, Bob!"))
    commits = versions(project, "Greet 1", "Greet 2", "Greet 3")

    good = project.llmops("bisect", "greet", "--good", commits[0])
    bad = project.llmops("bisect", "greet", "--good", commits[1], "--no-calls")

    assert (good.exit_code, bad.exit_code) == (ExitCode.INCONCLUSIVE, ExitCode.INCONCLUSIVE)
    assert "cannot be judged" in good.stderr
    assert "no line" in good.stderr
    assert "--no-calls forbids asking" in bad.stderr


def test_the_estimate_asks_nothing_and_holds(project: Project) -> None:
    commits = ten_versions(project, 4)

    text = project.llmops("bisect", "greet", "--good", commits[0], "--trials", "2", "--estimate")
    found = project.llmops(
        "bisect", "greet", "--good", commits[0], "--trials", "2", "--estimate", "--format", "json"
    )
    real = project.llmops("bisect", "greet", "--good", commits[0], "--trials", "2")

    assert text.calls == found.calls == 0
    assert "9 versions after the good one; 2 cases" in text.stdout
    assert "at most 6 evaluations of versions: 24 calls" in text.stdout
    assert real.calls <= found.json()["calls"] == 24


def test_a_prompt_that_was_renamed_is_followed(project: Project) -> None:
    project.replies(("Insult", "Go away!"), ("", "Hello, Ada! Hello, Bob!"))
    project.write({"evalsets/greet.yaml": TWO_CASES})
    old = project.commit("one", {"prompts/hello.yaml": GREET})
    project.git("mv", "prompts/hello.yaml", "prompts/greet.yaml")
    project.commit("rename")
    guilty = project.commit("two", {"prompts/greet.yaml": GREET.replace("Greet", "Insult")})

    assert f"commit {guilty}" in project.llmops("bisect", "greet", "--good", old).stdout


def test_a_version_that_a_partial_brought_is_found_with_the_partial_in_the_diff(project: Project) -> None:
    project.replies(("Insult", "Go away!"), ("", "Hello, Ada! Hello, Bob!"))
    prompt = GREET.replace("Greet the person by name.", "'{% include \"_tone.j2\" %}'")
    good = project.commit(
        "one",
        {"prompts/greet.yaml": prompt, "prompts/_tone.j2": "Greet.\n", "evalsets/greet.yaml": TWO_CASES},
    )
    guilty = project.commit("two", {"prompts/_tone.j2": "Insult.\n"})

    result = project.llmops("bisect", "greet", "--good", good)

    assert f"commit {guilty}" in result.stdout
    assert "-Greet." in result.stdout
    assert "+Insult." in result.stdout


def test_a_label_may_be_the_good_end(project: Project) -> None:
    commits = ten_versions(project, 6)
    project.llmops("label", "greet", "production", commits[1])

    result = project.llmops("bisect", "greet", "--good", ":production")

    assert f"commit {commits[5]}" in result.stdout


def merged(project: Project, *, side: str, ours: bool) -> tuple[str, str]:
    """A branch with one version, merged into main with its own; returns its commit and the merge."""
    project.git("switch", "--quiet", "--create", "side", "HEAD~1")
    commit = versions(project, side)[0]
    project.git("switch", "--quiet", "main")
    strategy = "ours" if ours else "theirs"
    arguments = ["--strategy=ours"] if ours else ["--strategy-option=theirs"]
    project.git("merge", "--quiet", "--no-edit", *arguments, "side", "--message", f"merge {strategy}")
    return commit, project.git("rev-parse", "HEAD")


def test_a_branch_whose_content_was_merged_away_is_not_blamed(project: Project) -> None:
    project.replies(("Insult", "Go away!"), ("", "Hello, Ada! Hello, Bob!"))
    commits = versions(project, "Greet 1", "Greet 2")
    merged(project, side="Insult side", ours=True)
    last = versions(project, "Greet 3", "Insult 4")

    result = project.llmops("bisect", "greet", "--good", commits[0])

    assert f"commit {last[1]}" in result.stdout


def test_a_branch_that_was_merged_in_is_blamed(project: Project) -> None:
    project.replies(("Insult", "Go away!"), ("", "Hello, Ada! Hello, Bob!"))
    commits = versions(project, "Greet 1", "Greet 2")
    side, _ = merged(project, side="Insult side", ours=False)
    versions(project, "Insult 3", "Insult 4")

    result = project.llmops("bisect", "greet", "--good", commits[0])

    assert f"commit {side}" in result.stdout


def test_a_merge_that_breaks_it_by_itself_is_blamed(project: Project) -> None:
    project.replies(("Insult", "Go away!"), ("", "Hello, Ada! Hello, Bob!"))
    commits = versions(project, "Greet 1", "Greet 2")
    project.git("switch", "--quiet", "--create", "side", "HEAD~1")
    versions(project, "Greet side")
    project.git("switch", "--quiet", "main")
    project.git("merge", "--quiet", "--no-commit", "--strategy=ours", "side")
    merge = versions(project, "Insult merged")[0]

    result = project.llmops("bisect", "greet", "--good", commits[0])

    assert f"commit {merge}" in result.stdout


def test_a_merge_of_a_bad_branch_and_a_good_one_leads_to_the_branch(project: Project) -> None:
    project.replies(("Insult", "Go away!"), ("", "Hello, Ada! Hello, Bob!"))
    commits = versions(project, "Greet 1", "Greet 2")
    project.git("switch", "--quiet", "--create", "side", "HEAD~1")
    side = versions(project, "Insult side")[0]
    project.git("switch", "--quiet", "main")
    commits += versions(project, "Greet 3")
    project.git("merge", "--quiet", "--no-commit", "--strategy=ours", "side")
    versions(project, "Insult merged")

    result = project.llmops("bisect", "greet", "--good", commits[0])

    assert f"commit {side}" in result.stdout


def test_what_was_bad_before_the_good_end_is_no_guess(project: Project) -> None:
    project.replies(("Insult", "Go away!"), ("", "Hello, Ada! Hello, Bob!"))
    commits = versions(project, "Insult 1", "Greet 2")
    project.git("switch", "--quiet", "--create", "side", "HEAD~1")
    versions(project, "Insult side")
    project.git("switch", "--quiet", "main")
    project.git("merge", "--quiet", "--no-commit", "--strategy=ours", "side")
    versions(project, "Insult merged")

    result = project.llmops("bisect", "greet", "--good", commits[1])

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert f"{commits[0][:10]} is older than {commits[1]} and bad already" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (("greet", "--good", "nowhere"), "git knows no revision 'nowhere'", ExitCode.USAGE),
        (("greet", "--good", "--bad"), "", ExitCode.USAGE),
        (("greet", "--good", "HEAD", "--bad", "HEAD~2"), "--good HEAD", ExitCode.USAGE),
        (("greet@HEAD", "--good", "HEAD~1"), "the range is --good and --bad", ExitCode.USAGE),
        (("greet", "--good", "HEAD~1", "--case", "adda"), "did you mean 'ada'?", ExitCode.NOTHING_SELECTED),
        (("greet", "--good", "HEAD~1", "--evalset", "x"), "no evalset", ExitCode.NOTHING_SELECTED),
        (("gret", "--good", "HEAD~1"), "there was no prompt 'gret'", ExitCode.USAGE),
        (("greet", "--good", ":live"), "has no label 'live'", ExitCode.USAGE),
    ],
)
def test_a_wrong_range_is_said(project: Project, arguments: tuple[str, ...], said: str, code: int) -> None:
    ten_versions(project, 4)

    result = project.llmops("bisect", *arguments)

    assert (result.exit_code, result.calls) == (code, 0)
    assert said in result.stderr


def test_a_good_end_on_another_branch_names_where_they_part(project: Project) -> None:
    commits = ten_versions(project, 4)
    project.git("switch", "--quiet", "--create", "other", commits[1])
    other = versions(project, "Greet other")[0]
    project.git("switch", "--quiet", "main")

    result = project.llmops("bisect", "greet", "--good", other)

    assert result.exit_code == ExitCode.USAGE
    assert f"try --good {commits[1][:10]}" in result.stderr


def test_outside_git_it_says_why_not(project: Project) -> None:
    ten_versions(project, 4)
    (project.root / ".git").rename(project.root / "gone")

    result = project.llmops("bisect", "greet", "--good", "HEAD~2")

    assert result.exit_code == ExitCode.USAGE
    assert "is in no git repository" in result.stderr


def test_control_c_ends_it_cleanly(project: Project) -> None:
    commits = ten_versions(project, 4)
    project.edit("scripted.py", "import json\n", "import json\nimport time\n")
    project.edit("scripted.py", "    text = ", "    time.sleep(0.3)\n    text = ")
    process = project.spawn("bisect", "greet", "--good", commits[0], "--trials", "20", "--concurrency", "1")
    deadline = time.monotonic() + 20
    while not project.calls and time.monotonic() < deadline:
        time.sleep(0.05)

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)

    assert (process.returncode, out) == (ExitCode.INTERRUPTED, "")
    assert "stopping" in err
    assert "interrupted" in err
    assert "Traceback" not in err


def test_the_budget_holds_over_the_whole_search(project: Project) -> None:
    commits = versions(project, "Greet 1", "Insult 2")
    usage = {"prompt_tokens": 1000, "completion_tokens": 1, "total_tokens": 1001}
    with ModelServer(lambda _: {"content": "Hello, Ada!", "usage": usage}) as server:
        model = f"model: openai/test-model, api_base: '{server.url}', price: {{input: 1000, output: 0}}"
        project.write({"llmops.yaml": f"model: served\nmodels:\n  served: {{{model}}}\n"})
        arguments = ("bisect", "greet", "--good", commits[0], "--case", "ada")
        estimate = project.llmops(*arguments, "--estimate", "--format", "json").json()
        result = project.llmops(*arguments, "--max-cost", "1.01")

    assert (estimate["calls"], estimate["repeat_calls"]) == (2 + 2 * 20, 2 * 20)
    assert 0 < estimate["cost"] < 42
    assert len(server.requests) == 1
    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "$1.00 spent; the next call may take up to $" in result.stderr
    assert "which the budget of $1.01 does not hold" in result.stderr


def test_a_second_search_is_answered_from_the_cache(project: Project) -> None:
    commits = ten_versions(project, 4)
    project.write({"scripted.py": project.read("scripted.py") + "\n\nanswer.cache_key = 'v1'\n"})
    arguments = ("bisect", "greet", "--good", commits[0])

    first = project.run_process(*arguments)
    estimate = project.run_process(*arguments, "--estimate")
    again = project.run_process(*arguments)

    assert first.calls > 0
    assert again.calls == 0
    assert f"commit {commits[3]}" in again.stdout
    assert "0 calls" in again.stdout
    assert "6 evaluations of versions: 8 calls" in estimate.stdout, "the versions not asked so far"


@pytest.mark.parametrize("detached", [False, True])
def test_it_works_in_a_subfolder_of_a_repository_and_on_a_detached_head(
    tmp_path: Path, detached: bool
) -> None:
    project = Project.create(tmp_path / "mono", "apps/my greeter")
    commits = ten_versions(project, 4)
    (project.root.parents[1] / "README").write_text("another project's")
    project.commit("other")
    if detached:
        project.git("checkout", "--quiet", "--detach")

    result = project.llmops("bisect", "greet", "--good", commits[0])

    assert f"commit {commits[3]}" in result.stdout


def test_a_shallow_clone_says_how_to_get_the_rest(project: Project, tmp_path: Path) -> None:
    commits = ten_versions(project, 4)
    project.git("clone", "--quiet", "--depth=3", project.root.as_uri(), str(tmp_path / "shallow"))
    shallow = Project(tmp_path / "shallow", tmp_path / "shallow")

    result = shallow.llmops("bisect", "greet", "--good", commits[0])

    assert result.exit_code == ExitCode.USAGE
    assert "`git fetch --unshallow` brings the rest" in result.stderr
