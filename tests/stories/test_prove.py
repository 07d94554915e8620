"""`gate: {prove: 5%}`: a pass is earned with trials, a lack of them is no verdict, and all of them are kept."""

import json
import re
from typing import Any

import pytest

from llmops_cli.errors import ExitCode
from tests.support import varying
from tests.support.model_server import ModelServer
from tests.support.project import GREET, Project, Result

CASES = "prompt: p\nscorers: [{equals: right}]\ngate: {prove: 10%}\nmax_trials: 16\ncases:\n" + "".join(
    f"  - {{id: c{n}, vars: {{q: question {n}}}}}\n" for n in range(20)
)


def proof_of(result: Result) -> dict[str, Any]:
    (comparison,) = result.json()["evalsets"][0]["comparisons"]
    found: dict[str, Any] = comparison["proof"]
    return found


@pytest.fixture
def noisy(project: Project) -> Project:
    """20 cases that pass, four trials each on record."""
    kept = {"varying.py": varying.MODEL + '\n\nin_turn.cache_key = "one"\n'}
    return varying.accepted(project, varying.IN_TURN, CASES, "--trials", "4", more=kept)


def test_a_changed_prompt_passes_once_enough_trials_have_shown_it(noisy: Project) -> None:
    noisy.edit("prompts/p.yaml", "be wrong", "always be wrong")

    result = noisy.llmops("eval", "--trials", "2", "--format", "json")

    assert result.exit_code == ExitCode.PASS, result.json()["verdict"]
    proof = proof_of(result)
    assert proof["standing"] == "proven"
    assert proof["at_most"] <= 0.1
    assert proof["looks"][:2] == [2, 4]
    assert proof["looks"][-1] in (8, 16)
    last = proof["looks"][-1]
    assert (proof["added"], proof["base_added"]) == (20 * (last - 2), 20 * (last - 4))
    assert proof["calls"] == proof["added"] + proof["base_added"]
    assert f"proving p: {last} trials a case, at most" in result.stderr
    text = noisy.llmops("report").stdout
    when = "16 trials a case" if last == 16 else "8 of 16 trials a case, at the level spent so far"
    assert f"p: prove 10%: proven, at most {proof['at_most'] * 100:.1f} pts worse after {when}" in text
    assert f"{proof['calls']} trials added, {proof['base_added']} of them of the base" in text


def test_all_trials_of_a_proof_are_kept_by_accept_and_the_next_proof_needs_no_base(noisy: Project) -> None:
    noisy.edit("prompts/p.yaml", "be wrong", "always be wrong")
    last = proof_of(noisy.llmops("eval", "--trials", "2", "--format", "json"))["looks"][-1]
    noisy.llmops("accept")

    record: dict[str, int] = {}
    for line in map(json.loads, noisy.baseline("p")):
        record[line["id"]] = record.get(line["id"], 0) + line.get("count", 1)
    assert record == {f"c{n}": last for n in range(20)}
    noisy.commit("accept")
    noisy.edit("prompts/p.yaml", "always be", "please be")
    proof = proof_of(noisy.llmops("eval", "--trials", "2", "--format", "json"))
    assert proof["base_added"] == max(0, 20 * (proof["looks"][-1] - last))


def test_a_prompt_that_is_worse_is_refuted(noisy: Project) -> None:
    noisy.write({"evalsets/p.yaml": CASES.replace("prove: 10%", "prove: 2%")})
    (noisy.root / "evalsets/p.baseline.jsonl").unlink()
    noisy.llmops("eval")
    noisy.llmops("accept")
    noisy.commit("a thin record")
    noisy.edit("prompts/p.yaml", "in 1000", "in 8")

    result = noisy.llmops("eval", "--format", "json")

    proof = proof_of(result)
    assert proof["standing"] == "refuted"
    assert 0.02 < proof["at_least"] < proof["drop"] < 0.2
    assert result.exit_code == ExitCode.REGRESSION
    (reason,) = result.json()["verdict"]["reasons"]
    assert reason["text"].startswith("p: trial pass rate dropped by ")
    assert reason["text"].endswith("where the gate wants proof of no more than 2%")


def test_what_cannot_be_settled_is_no_verdict_and_says_what_would_help(noisy: Project) -> None:
    noisy.edit("evalsets/p.yaml", "max_trials: 16", "max_trials: 4")
    noisy.edit("evalsets/p.yaml", "prove: 10%", "prove: 2%")
    noisy.edit("prompts/p.yaml", "be wrong", "always be wrong")

    result = noisy.llmops("eval", "--trials", "2")

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert re.search(
        r"p: not shown that the trial pass rate dropped by no more than 2%: it may have dropped by up to \d+\.\d "
        r"points after 4 trials a case; more cases, or a larger max_trials, would tell",
        result.both,
    )


def test_without_calls_nothing_is_proven_and_nobody_is_blamed(noisy: Project) -> None:
    noisy.edit("prompts/p.yaml", "be wrong", "always be wrong")
    noisy.edit("evalsets/p.yaml", "prove: 10%", "prove: 50%")
    noisy.llmops("eval", "--trials", "2")
    noisy.edit("evalsets/p.yaml", "prove: 50%", "prove: 1%")
    noisy.edit("evalsets/p.yaml", "max_trials: 16", "max_trials: 1000")

    result = noisy.llmops("eval", "--trials", "2", "--no-calls")

    assert result.exit_code == ExitCode.INCONCLUSIVE
    assert "not on record, and --no-calls forbids asking" in result.both
    assert "REGRESSION" not in result.stdout


def test_an_outage_on_the_way_is_no_verdict(noisy: Project) -> None:
    noisy.edit("prompts/p.yaml", "be wrong", "go down and be wrong")
    noisy.edit("evalsets/p.yaml", "prove: 10%", "prove: 2%")

    result = noisy.llmops("eval", "--trials", "2", "--retries", "0", "--format", "json")

    assert result.exit_code == ExitCode.INCONCLUSIVE
    proof = proof_of(result)
    assert (proof["standing"], proof["looks"], proof["added"]) == ("undecided", [2], 0)
    assert "RuntimeError: down" in proof["why"]
    assert "RuntimeError: down" in result.json()["verdict"]["reasons"][0]["text"]


def test_one_variant_is_proven_to_be_no_worse_than_another(noisy: Project) -> None:
    noisy.write({"prompts/q.yaml": varying.IN_TURN.replace("be wrong", "do be wrong")})
    noisy.write({"evalsets/p.yaml": CASES.replace("prompt: p", "prompts: [p, q]")})

    result = noisy.llmops("eval", "--trials", "2", "--reference", "p", "--format", "json")

    assert result.exit_code == ExitCode.PASS
    proof = proof_of(result)
    assert proof["standing"] == "proven"
    assert proof["added"] > proof["base_added"] > 0, "of p there is more on record, and all of it counts"


def test_a_base_prompt_that_is_not_at_hand_leaves_its_record_to_prove_with(noisy: Project) -> None:
    import shutil

    shutil.rmtree(noisy.root / ".git")
    shutil.rmtree(noisy.root / ".llmops")
    noisy.edit("prompts/p.yaml", "be wrong", "always be wrong")

    proof = proof_of(noisy.llmops("eval", "--trials", "2", "--format", "json"))

    assert (proof["base_added"], proof["added"] > 0) == (0, True)


def test_an_untouched_prompt_is_proven_without_a_call(noisy: Project) -> None:
    result = noisy.llmops("eval", "--no-calls", "--format", "json")

    assert result.exit_code == ExitCode.PASS
    proof = proof_of(result)
    assert (proof["standing"], proof["changed"], proof["calls"]) == ("proven", 0, 0)
    assert (
        "p: prove 10%: nothing changed, every request is the one on record" in noisy.llmops("report").stdout
    )


def test_cases_that_are_asked_the_same_are_not_asked_again(noisy: Project) -> None:
    noisy.edit(
        "prompts/p.yaml", "be wrong once in 1000", "\"{{ 'do ' if '1' in q else '' }}be wrong once in 1000\""
    )

    proof = proof_of(noisy.llmops("eval", "--trials", "2", "--format", "json"))

    assert (proof["cases"], proof["changed"]) == (20, 11)
    assert proof["added"] == 11 * (proof["looks"][-1] - 2)


def test_no_trial_is_added_where_the_verdict_stands_without_a_proof(noisy: Project) -> None:
    noisy.edit("evalsets/p.yaml", "prove: 10%", "prove: 10%, min_pass_rate: 100%")
    noisy.edit("prompts/p.yaml", "in 1000", "in 4")

    result = noisy.llmops("eval", "--trials", "3", "--confirm", "never", "--format", "json")

    assert result.exit_code == ExitCode.REGRESSION
    assert proof_of(result) is None


def test_without_a_baseline_there_is_nothing_to_prove_against(project: Project) -> None:
    files = {"prompts/p.yaml": "model: echo\nprompt: hi\n",
             "evalsets/p.yaml": "prompt: p\ngate: {prove: 5%}\nscorers: [equals: hi]\ncases: [id: a]\n"}  # fmt: skip
    project.commit("p", files)

    first = project.llmops("eval")
    project.llmops("accept")
    project.edit("prompts/p.yaml", "model: echo", "model: echo\nparams: {temperature: 0}")

    assert first.exit_code == ExitCode.INCONCLUSIVE
    assert "nothing to prove it against" in first.both
    assert project.llmops("eval").exit_code == ExitCode.PASS  # its answers never vary


@pytest.mark.parametrize(
    ("share", "said"),
    [
        ("0", "evalsets/p.yaml:3:15: 'prove' must be above 0"),
        ("60%", "evalsets/p.yaml:3:15: 'prove' must lie between 0 and 50%"),
        ("5", "evalsets/p.yaml:3:15: 'prove' must lie between 0 and 50%; 5% ?"),
        ("-1%", "evalsets/p.yaml:3:15: 'prove' must be a share"),
        ("soon", "evalsets/p.yaml:3:15: 'prove' must be a share"),
    ],
)
def test_a_margin_out_of_range_is_refused_before_a_call(noisy: Project, share: str, said: str) -> None:
    noisy.edit("evalsets/p.yaml", "prove: 10%", f"prove: {share}")

    result = noisy.llmops("eval")

    assert result.exit_code == ExitCode.USAGE
    assert said in result.both


SERVED = """\
model: served
models:
  served: {{model: openai/test, api_base: "{url}", price: {{input: 1, output: 1000}}}}
"""
GREETINGS = "prompt: greet\ntrials: 2\ngate: {prove: 5%}\nscorers: [{contains: Hello}]\ncases:\n" + "".join(
    f"  - {{id: c{n}, vars: {{name: Name{n}}}}}\n" for n in range(4)
)


def test_a_budget_that_ends_is_no_verdict_and_the_answers_are_not_paid_for_twice(project: Project) -> None:
    with ModelServer(reply=lambda request: "Hello!") as server:
        project.write({"prompts/greet.yaml": GREET + "params: {max_tokens: 10}\n",
                       "evalsets/greet.yaml": GREETINGS, "llmops.yaml": SERVED.format(url=server.url)})  # fmt: skip
        project.git("add", "-A")
        project.git("commit", "-qm", "greet")
        project.llmops("eval")
        project.llmops("accept")
        project.edit("prompts/greet.yaml", "Greet", "Welcome")
        spent = project.llmops("eval", "--max-cost", "0.2")
        asked = len(server.requests)
        again = project.llmops("eval", "--max-cost", "10", "--format", "json")

    assert spent.exit_code == ExitCode.INCONCLUSIVE
    assert "the budget of $0.20" in spent.both
    assert "not shown that the trial pass rate dropped by no more than 5%" in spent.both
    proof = proof_of(again)
    assert again.exit_code == ExitCode.PASS
    assert proof["calls"] < proof["added"] + proof["base_added"]
    assert asked > 16


def test_the_estimate_says_what_a_proof_may_take(project: Project) -> None:
    with ModelServer(reply=lambda request: "Hello!") as server:
        project.write({"prompts/greet.yaml": GREET, "evalsets/greet.yaml": GREETINGS,
                       "llmops.yaml": SERVED.format(url=server.url)})  # fmt: skip
        project.llmops("eval")
        project.llmops("accept")
        known = project.llmops("eval", "--estimate", "--format", "json").json()
        fresh = project.llmops("eval", "--estimate", "--fresh", "--format", "json").json()
        project.edit("prompts/greet.yaml", "Greet", "Welcome")
        found = project.llmops("eval", "--estimate", "--format", "json").json()
        said = project.llmops("eval", "--estimate").stdout

    assert known["proof_calls"] == 0
    assert fresh["proof_calls"] == found["proof_calls"]
    # 30 trials a case at most: 28 more of the candidate's, 28 more of the base's
    assert found["proof_calls"] == 4 * 28 * 2
    assert found["cost"] > known["cost"] * 10
    assert "224 calls at most to prove it" in said


def test_the_estimate_of_a_proof_between_variants_needs_no_baseline(project: Project) -> None:
    variants = (
        "prompts: [greet, welcome, copy]\ntrials: 2\nmax_trials: 8\n" + GREETINGS.partition("trials: 2\n")[2]
    )
    variants = variants.replace("prove: 5%", "prove: 50%")
    with ModelServer(reply=lambda request: "Hello!") as server:
        project.write({"prompts/greet.yaml": GREET, "prompts/welcome.yaml": GREET.replace("Greet", "Welcome"),
                       "prompts/copy.yaml": GREET, "evalsets/greet.yaml": variants,
                       "llmops.yaml": SERVED.format(url=server.url)})  # fmt: skip

        def estimate(*options: str) -> dict[str, Any]:
            found: dict[str, Any] = project.llmops("eval", "--estimate", "--format", "json", *options).json()
            return found

        alone, beside = estimate(), estimate("--reference", "greet", "--rerun-baseline")
        assert server.requests == []
        paid = project.llmops("eval", "--reference", "greet", "--format", "json").json()
        project.llmops("eval")
        project.llmops("accept")
        on_record = estimate("--reference", "greet")

    assert alone["proof_calls"] == 0
    # welcome and copy, each beside greet: 6 more trials of 4 cases on both sides
    assert (beside["proof_calls"], beside["base_calls"]) == (2 * 2 * 4 * 6, 0)
    assert beside["cost"] > alone["cost"] * 4
    assert 0 < paid["calls"]["prove"]["calls"] <= beside["proof_calls"]
    # copy asks what greet does, and all of its answers are on record; of welcome there are 4 trials a case, with those
    # that the proof added
    assert on_record["proof_calls"] == 4 * (6 + 4)


def test_confirm_limits_the_trials_of_a_proof(noisy: Project) -> None:
    noisy.edit("prompts/p.yaml", "be wrong", "always be wrong")

    def added(limit: str) -> tuple[ExitCode, int, str]:
        result = noisy.llmops("eval", "--trials", "2", "--format", "json", "--confirm", limit)
        proof = proof_of(result)
        return ExitCode(result.exit_code), proof.get("added", 0) + proof.get("base_added", 0), proof["why"]

    why = "no more calls were allowed for it (--confirm)"
    assert added("never") == (ExitCode.INCONCLUSIVE, 0, why)
    assert added("39") == (ExitCode.INCONCLUSIVE, 0, why)
    assert added("60") == (ExitCode.INCONCLUSIVE, 40, why)
    estimate = noisy.llmops("eval", "--trials", "2", "--estimate", "--fresh")
    never = noisy.llmops("eval", "--trials", "2", "--estimate", "--fresh", "--confirm", "never")
    assert "prov" in estimate.stdout
    assert "prov" not in never.stdout
