"""Which prompts are one under two names, and which messages stand beside which."""

import pytest

from llmops_cli.domain.changes import Kind
from llmops_cli.domain.diff import PromptDiff
from llmops_cli.files.prompt_file import prompt_name
from llmops_cli.workflows.diff.pairs import PromptPair, pair_up
from llmops_cli.workflows.diff.prompts import compare_prompts
from llmops_cli.workflows.diff.sides import Loaded
from llmops_cli.workflows.project import load_prompt
from tests.unit.workflows.trees import DictTree

LONG = "You are a helper of a shop and you answer each question in one short and friendly sentence"


def loaded(path: str, files: dict[str, str]) -> Loaded:
    """A prompt as a side would read it."""
    return Loaded(prompt_name(path), path, files[path], load_prompt(DictTree(files), path))


def one(path: str, text: str) -> Loaded:
    """A prompt of one message."""
    return loaded(path, {path: f"prompt: {text}\n"})


def names(pairs: list[PromptPair]) -> set[tuple[str | None, str | None]]:
    """Old and new names."""
    return {(p.before.name if p.before else None, p.after.name if p.after else None) for p in pairs}


def test_equal_contents_are_one_prompt_and_the_same_file_name_is_preferred() -> None:
    removed = [one("prompts/a/x.yaml", LONG), one("prompts/a/y.yaml", LONG)]
    added = [one("prompts/b/y.yaml", LONG), one("prompts/b/x.yaml", LONG)]

    assert names(list(pair_up(removed, added, {}))) == {("a/x", "b/x"), ("a/y", "b/y")}


@pytest.mark.parametrize(("text", "followed"), [(f"{LONG} now", True), ("Count to ten in Latin", False)])
def test_similar_contents_are_one_prompt_and_others_are_not(text: str, followed: bool) -> None:
    pairs = names(list(pair_up([one("prompts/a.yaml", LONG)], [one("prompts/b.yaml", text)], {})))

    assert pairs == ({("a", "b")} if followed else {("a", None), (None, "b")})


def test_the_most_alike_are_paired_first() -> None:
    removed = [one("prompts/a.yaml", LONG)]
    added = [one("prompts/far.yaml", LONG[:70]), one("prompts/near.yaml", f"{LONG} now")]

    assert names(list(pair_up(removed, added, {}))) == {("a", "near"), (None, "far")}


def test_history_knows_better_than_likeness() -> None:
    removed = [one("prompts/a.yaml", LONG)]
    added = [one("prompts/b.yaml", "Count to ten"), one("prompts/c.yaml", LONG)]

    found = names(list(pair_up(removed, added, {"prompts/b.yaml": "prompts/a.yaml"})))

    assert found == {("a", "b"), (None, "c")}


def difference(before: str, after: str) -> PromptDiff:
    """Of two prompts given by their messages' YAML."""
    sides = [loaded("prompts/p.yaml", {"prompts/p.yaml": f"messages:\n{text}"}) for text in (before, after)]
    found = compare_prompts(PromptPair(*sides))
    assert found is not None
    return found


def message(role: str, text: str) -> str:
    return f"  - {{role: {role}, content: {text}}}\n"


def test_an_inserted_message_does_not_shift_the_others() -> None:
    before = message("system", "rules") + message("user", "question")
    after = message("system", "rules") + message("user", "example") + message("user", "question")

    (text,) = difference(before, after).texts

    assert (text.title, text.before, text.after) == ("message 2 (user)", None, "example")


def test_messages_between_equal_ones_are_compared_by_role() -> None:
    before = message("system", "old rules") + message("user", "old question")
    after = message("user", "new question") + message("system", "new rules")

    found = {(text.before, text.after) for text in difference(before, after).texts}

    assert found == {("old rules", "new rules"), ("old question", "new question")}


def test_a_role_alone_is_a_setting() -> None:
    found = difference(message("system", "rules"), message("developer", "rules"))

    assert found.texts == ()
    assert [(c.name, c.before, c.after) for c in found.settings] == [
        ("role of message 1 (developer)", "system", "developer")
    ]


def test_an_insert_is_told() -> None:
    start = "inputs: {a: {type: messages}, b: {type: messages}}\nmessages:\n"
    sides = [
        loaded("prompts/p.yaml", {"prompts/p.yaml": f"{start}  - insert: {name}\n"}) for name in ("a", "b")
    ]

    found = compare_prompts(PromptPair(*sides))

    assert found is not None
    assert [(t.title, t.before, t.after) for t in found.texts] == [
        ("message 1 (insert)", "insert: a", "insert: b")
    ]


def test_a_prompt_that_moved_away_from_its_partial_has_no_other_text() -> None:
    body = "prompt: '{% include \"_x.j2\" %}'\n"
    before = loaded("prompts/p.yaml", {"prompts/p.yaml": body, "prompts/_x.j2": "X"})
    after = loaded("prompts/t/p.yaml", {"prompts/t/p.yaml": body, "prompts/_x.j2": "X"})

    found = compare_prompts(PromptPair(before, after))

    assert found is not None
    assert (found.kind, found.texts, found.partials) == (Kind.CHANGED, (), ())
    assert found.digest_before != found.digest_after


def test_images_are_told_by_their_size_and_digest() -> None:
    def side(data: str) -> Loaded:
        image = f"'data:image/png;base64,{data}'"
        text = f"messages:\n  - role: user\n    content: [{{text: look}}, {{image: {image}}}]\n"
        return loaded("prompts/p.yaml", {"prompts/p.yaml": text})

    found = compare_prompts(PromptPair(side("AAAA"), side("BBBB" * 500)))

    assert found is not None
    (text,) = found.texts
    assert text.title == "message 1 (user), part 2"
    assert text.after is not None
    assert text.after.startswith("[image data:image/png, 2,022 characters, SHA-256 ")
