"""`llmops bundle`: from a repository with a history to one file, and that file in use."""

import itertools
import json
import subprocess
import sys
import threading
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from llmops_cli import LoadedPrompt, UserError, load
from llmops_cli.domain.provider import ProviderError
from llmops_cli.domain.revision import parse_reference
from llmops_cli.errors import ExitCode
from llmops_cli.workflows.application.loading import ProjectSource
from tests.support.model_server import ModelServer
from tests.support.project import GREET, Project, Result, process_environment

OLD = GREET.replace("Greet the person by name.", "Say good day.")


def digest_at(project: Project, reference: str) -> str:
    return load(reference, root=project.root).version.digest


def label(project: Project, name: str, digest: str, commit: str | None = None) -> None:
    hint = f", commit: {commit}" if commit else ""
    project.commit("label", {"prompts/labels.yaml": f'{name}:\n  production: {{digest: "{digest}"{hint}}}\n'})


def system(prompt: LoadedPrompt) -> str:
    return str(prompt.render(name="Ada")[0]["content"])


def content(result: Result) -> Any:
    assert result.exit_code == ExitCode.PASS, result.both
    return result.json()["content"]


# -- what is in it


@pytest.mark.parametrize("hint", ["the commit", "a commit of another branch", None])
def test_a_label_older_than_head_works_from_the_bundle(
    project: Project, tmp_path: Path, hint: str | None
) -> None:
    first = project.commit("old", {"prompts/greet.yaml": OLD})
    digest = digest_at(project, "greet@HEAD")
    project.commit("new", {"prompts/greet.yaml": GREET})
    label(project, "greet", digest, {"the commit": first, None: None}.get(hint, "f" * 40))

    result = project.llmops("bundle", "-o", str(tmp_path / "b.json"))

    assert "1 prompt, 2 versions, 1 label" in result.stderr
    assert system(load("greet", bundle=tmp_path / "b.json")) == "Greet the person by name."
    assert system(load("greet@:production", bundle=tmp_path / "b.json")) == "Say good day."
    assert system(load("greet@:production", root=project.root)) == "Say good day."


def test_a_version_from_before_a_rename_with_a_partial(project: Project, tmp_path: Path) -> None:
    with_partial = "prompt: \"{% include '_tone.j2' %}\"\n"
    project.commit("old", {"prompts/a/greet.yaml": with_partial, "prompts/a/_tone.j2": "Warm.\n"})
    digest = digest_at(project, "a/greet@HEAD")
    project.git("mv", "prompts/a", "prompts/b")
    project.commit("moved")
    project.commit("colder", {"prompts/b/_tone.j2": "Cold.\n"})
    label(project, "b/greet", digest)

    project.llmops("bundle", "-o", str(tmp_path / "b.json"))

    found = load("b/greet@:production", bundle=tmp_path / "b.json")
    assert found.render() == [{"role": "user", "content": "Warm."}]
    assert found.version.as_dict() == {"name": "b/greet", "digest": digest, "label": "production"}


def test_a_revision_is_read_from_git_and_named(project: Project) -> None:
    first = project.commit("old", {"prompts/greet.yaml": OLD, "llmops.yaml": "model: echo\n"})
    project.commit("new", {"prompts/greet.yaml": GREET, "llmops.yaml": "model: offline/assistant\n"})
    project.write({"prompts/greet.yaml": "broken: [", "prompts/labels.yaml": "<<<<<<< HEAD\n"})

    old = content(project.llmops("bundle", "--ref", "HEAD~1"))

    assert old["commit"] == first
    assert old["model"] == "echo"
    (text,) = [version["messages"][0]["content"]["text"] for version in old["versions"]["greet"].values()]
    assert text == "Say good day."


def test_the_worktree_is_bundled_without_git_too(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "plain", git=False).write({"prompts/greet.yaml": GREET})

    assert content(project.llmops("bundle"))["commit"] is None
    refused = project.llmops("bundle", "--ref", "HEAD")
    assert refused.exit_code == ExitCode.USAGE
    assert "is in no git repository" in refused.stderr


def test_the_same_content_is_the_same_file_byte_for_byte(project: Project, tmp_path: Path) -> None:
    files = {f"prompts/{name}.yaml": OLD for name in ("b", "a", "c/d")}
    project.commit("old", files)
    label(project, "b", digest_at(project, "b@HEAD"))
    project.commit("new", {"prompts/b.yaml": GREET})
    project.git("clone", "--quiet", str(project.root), str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone", tmp_path / "clone")

    texts = {p.llmops("bundle", *ref).stdout for p in (project, clone) for ref in ((), ())}
    at_head = {p.llmops("bundle", "--ref", ref).stdout for p in (project, clone) for ref in ("HEAD", "main")}

    assert len(texts) == 1
    assert len(at_head) == 1
    assert list(json.loads(texts.pop())["content"]["prompts"]) == ["a", "b", "c/d"]


def test_only_what_is_named(project: Project) -> None:
    names = ("support/a", "support/b", "sales/c")
    project.commit("three", {f"prompts/{name}.yaml": GREET for name in names})
    label(project, "support/a", digest_at(project, "support/a"))

    assert list(content(project.llmops("bundle", "support"))["prompts"]) == ["support/a", "support/b"]
    by_pattern = content(project.llmops("bundle", "sales/*", "prompts/support/b.yaml"))
    assert list(by_pattern["prompts"]) == ["sales/c", "support/b"]
    assert by_pattern["labels"] == {}
    unknown = project.llmops("bundle", "suport/a")
    assert unknown.exit_code == ExitCode.NOTHING_SELECTED
    assert "did you mean 'support/a'?" in unknown.stderr


def test_a_bare_clone_gives_the_same_file_as_its_head(project: Project, tmp_path: Path) -> None:
    project.commit("old", {"prompts/greet.yaml": OLD})
    digest = digest_at(project, "greet@HEAD")
    head = project.commit("new", {"prompts/greet.yaml": GREET})
    label(project, "greet", digest)
    project.git("clone", "--quiet", "--bare", str(project.root), str(tmp_path / "bare"))

    made = project.llmops("bundle", "--repo", str(tmp_path / "bare"))

    assert made.stdout == project.llmops("bundle", "--ref", "HEAD").stdout
    bare = load("greet", root=tmp_path / "bare")
    assert bare.version.commit == project.git("rev-parse", "HEAD") != head
    assert system(load("greet@:production", root=tmp_path / "bare")) == "Say good day."


def test_a_branch_that_moved_is_seen(project: Project) -> None:
    clock = itertools.count(step=2.0)
    project.commit("old", {"prompts/greet.yaml": OLD})
    source = ProjectSource(project.root, lambda: next(clock))
    at_main = parse_reference("greet@main")
    first = source.load(at_main)

    assert source.load(at_main) is first
    project.commit("new", {"prompts/greet.yaml": GREET})
    assert system(source.load(at_main)) == "Greet the person by name."


# -- what is refused


def test_every_mistake_at_once_and_no_file(project: Project, tmp_path: Path) -> None:
    project.commit("two", {"prompts/a.yaml": "prompt: '{{ x }}'\n", "prompts/b.yaml": "prompt: [\n"})

    result = project.llmops("bundle", "-o", str(tmp_path / "b.json"))

    assert result.exit_code == ExitCode.USAGE
    assert "prompts/a.yaml:1" in result.stderr
    assert "prompts/b.yaml" in result.stderr
    assert not (tmp_path / "b.json").exists()


def test_a_label_whose_version_history_does_not_hold(project: Project) -> None:
    project.commit("greet", {"prompts/greet.yaml": GREET})
    label(project, "greet", "p1:" + "0" * 64)

    result = project.llmops("bundle")

    assert result.exit_code == ExitCode.USAGE
    assert "prompts/labels.yaml:2: label 'production' points at p1:00000000" in result.both
    assert result.stdout == ""


def test_a_shallow_clone_says_how_to_get_the_rest(project: Project, tmp_path: Path) -> None:
    project.commit("old", {"prompts/greet.yaml": OLD})
    digest = digest_at(project, "greet@HEAD")
    project.commit("new", {"prompts/greet.yaml": GREET})
    label(project, "greet", digest)
    project.git("clone", "--quiet", "--depth=1", project.root.as_uri(), str(tmp_path / "shallow"))

    result = Project(tmp_path / "shallow", None).llmops("bundle")

    assert result.exit_code == ExitCode.USAGE
    assert "git fetch --unshallow" in result.stderr


def test_an_existing_bundle_survives_a_failure(project: Project, tmp_path: Path) -> None:
    project.commit("greet", {"prompts/greet.yaml": GREET})
    path = tmp_path / "b.json"
    project.llmops("bundle", "-o", str(path))
    before = path.read_bytes()
    project.write({"prompts/greet.yaml": "prompt: [\n"})

    assert project.llmops("bundle", "-o", str(path)).exit_code == ExitCode.USAGE
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir() if entry.name != "project"] == ["b.json"]


# -- in use


def test_revisions_and_labels_of_a_project(project: Project) -> None:
    first = project.commit("old", {"prompts/greet.yaml": OLD})
    project.commit("new", {"prompts/greet.yaml": GREET})
    label(project, "greet", digest_at(project, f"greet@{first}"), first)

    at, live = load(f"greet@{first[:8]}", root=project.root), load("greet@:production", root=project.root)

    assert (system(at), at.version.commit) == ("Say good day.", first)
    assert (system(live), live.version.commit, live.version.label) == ("Say good day.", first, "production")
    assert load("greet@:production", root=project.root) is live
    with pytest.raises(UserError, match="git knows no revision 'nowhere'"):
        load("greet@nowhere", root=project.root)
    with pytest.raises(UserError, match="did you mean 'production'"):
        load("greet@:prodution", root=project.root)


def test_eight_threads_while_the_file_is_replaced(project: Project, tmp_path: Path) -> None:
    """Each gets the old or the new whole, the new one within a second, a broken one never."""
    path = tmp_path / "b.json"
    texts = []
    for word in ("old", "new"):
        both = f"messages:\n  - {{role: system, content: {word}}}\n  - {{role: user, content: {word}}}\n"
        project.commit(word, {"prompts/a.yaml": both, "prompts/b.yaml": both})
        texts.append(project.llmops("bundle").stdout)
    path.write_text(texts[0], encoding="utf-8")
    seen: list[tuple[float, tuple[str, ...]]] = []
    failures: list[BaseException] = []
    done = threading.Event()

    def use() -> None:
        try:
            while not done.is_set():
                prompt = load("a", bundle=path)
                words = [str(message["content"]) for message in prompt.render()]
                seen.append((time.monotonic(), (*words, prompt.version.digest)))
                time.sleep(0.001)  # else eight busy threads wait for each other, not for the file
        except BaseException as error:  # noqa: BLE001  # a thread's failure must reach the test
            failures.append(error)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    replaced = time.monotonic()
    (tmp_path / "next").write_text(texts[1], encoding="utf-8")
    (tmp_path / "next").replace(path)
    time.sleep(1.2)
    path.write_text(texts[0][:-40], encoding="utf-8")  # half a copy, in place
    time.sleep(0.8)
    done.set()
    for thread in threads:
        thread.join()

    assert failures == []
    kinds = Counter(found for _, found in seen)
    assert sorted(words[:2] for words in kinds) == [("new", "new"), ("old", "old")]
    late = [at for at, found in seen if found[0] == "old" and at > replaced + 1.0]
    assert late == []
    assert seen[-1][1][0] == "new"


def test_every_thread_gets_the_same_object(project: Project, tmp_path: Path) -> None:
    project.commit("greet", {"prompts/greet.yaml": GREET})
    project.llmops("bundle", "-o", str(tmp_path / "b.json"))
    for place in ({"bundle": tmp_path / "b.json"}, {"root": project.root}):
        found: list[LoadedPrompt] = []
        start = threading.Barrier(8)

        def use(place: dict[str, Path] = place, start: threading.Barrier = start) -> None:
            start.wait()
            found.append(load("greet", **place))  # noqa: B023  # all threads end within the turn

        threads = [threading.Thread(target=use) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 8
        assert len({id(prompt) for prompt in found}) == 1


APP = """
import asyncio, json, sys
from concurrent.futures import ThreadPoolExecutor
from llmops_cli import load

prompt = load("ask")
with ThreadPoolExecutor(4) as pool:
    texts = [answer.text for answer in pool.map(lambda n: prompt.complete(n=n), range(4))]

async def many():
    return [answer for answer in await asyncio.gather(*(prompt.acomplete(n=n) for n in range(4, 8)))]

answers = asyncio.run(many())
texts += [answer.text for answer in answers]
print(json.dumps([texts, answers[0].cost, answers[0].served_model]))
"""


def test_complete_asks_the_model_over_http_with_the_schema(project: Project, tmp_path: Path) -> None:
    """From threads and from a loop, on few connections, and nothing is said at the end of the process."""
    schema = {"type": "object", "properties": {"zebra": {"type": "string"}, "ant": {"type": "string"}}}
    with ModelServer(faults=[500, *[None] * 99]) as server:
        alias = f"{{model: openai/test-model, api_base: '{server.url}', api_key_env: APP_KEY, "
        settings = f"models:\n  fast: {alias}price: {{input: 1, output: 1}}}}\n"
        prompt = f"model: fast\nparams: {{seed: 7}}\ninputs: [n]\noutput: {{schema: {json.dumps(schema)}}}\n"
        prompt = prompt.replace("inputs: [n]", "inputs: {n: {type: integer}}")
        project.write({"llmops.yaml": settings, "prompts/ask.yaml": prompt + 'prompt: "number {{ n }}"\n'})
        project.llmops("bundle", "-o", str(tmp_path / "b.json"))
        environment = {"LLMOPS_BUNDLE": str(tmp_path / "b.json"), "APP_KEY": "a-key"}
        done = subprocess.run(
            [sys.executable, "-X", "dev", "-c", APP], cwd=tmp_path, env=process_environment(environment),
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    assert done.returncode == 0, done.stderr
    texts, cost, served = json.loads(done.stdout)
    assert texts == [f"number {n}" for n in range(8)]
    assert cost > 0
    assert served == "test-model"
    bodies = [received.body for received in server.requests]
    assert len(bodies) == 9  # the 500 was tried again
    assert {body["seed"] for body in bodies} == {7}
    sent = bodies[0]["response_format"]["json_schema"]["schema"]
    assert list(sent["properties"]) == ["zebra", "ant"]
    assert server.requests[0].headers["authorization"] == "Bearer a-key"
    assert "Unclosed" not in done.stderr
    assert "never retrieved" not in done.stderr


def test_a_failed_call_says_why(project: Project, tmp_path: Path) -> None:
    project.write({"prompts/ask.yaml": "model: openai/gpt-4o-mini\nprompt: hi\n"})
    project.llmops("bundle", "-o", str(tmp_path / "b.json"))

    with pytest.raises(ProviderError) as caught:
        load("ask", bundle=str(tmp_path / "b.json")).complete()

    shown = "".join(traceback.format_exception(caught.value))  # as Python ends a process with it
    assert "ProviderError: no API key for openai/gpt-4o-mini" in shown
    assert shown.rstrip().endswith("set OPENAI_API_KEY")
