"""Attributing lines to versions, over made-up histories."""

from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.domain.history import Version
from llmops_cli.domain.prompt import MessageTemplate, Prompt, TemplateText
from llmops_cli.domain.revision import CommitInfo
from llmops_cli.errors import SourceLocation
from llmops_cli.templating.expansion import expanded_lines
from llmops_cli.workflows.versions.blame import attribute
from llmops_cli.workflows.versions.versions import Standing

WHERE = SourceLocation("prompts/p.yaml", 3)
LINES = st.lists(
    st.sampled_from(["one", "two", "three", "", '{% include "x.j2" %}', "see {{ a }}"]), max_size=8
)
MESSAGES = st.lists(st.tuples(st.sampled_from(["system", "user"]), LINES), min_size=1, max_size=3)
CONTENTS = st.lists(st.tuples(MESSAGES, LINES), min_size=1, max_size=6)


def prompt_of(messages: list[tuple[str, list[str]]], partial: list[str]) -> Prompt:
    templates = tuple(
        MessageTemplate(role, TemplateText("\n".join(lines) + "\n", "p.yaml", WHERE), WHERE)
        for role, lines in messages
    )
    text = "\n".join(line for line in partial if "include" not in line) + "\n"
    return Prompt("p", "prompts/p.yaml", templates, partials={"x.j2": text})


class Linear:
    """A history without merges, oldest first."""

    def __init__(self, prompts: list[Prompt | None]) -> None:
        self.versions = [
            Version("p", "prompts/p.yaml", CommitInfo(f"{n:040}", (), n, n, "A", "a@x", "s"), prompt)
            for n, prompt in enumerate(prompts)
        ]

    def before(self, version: Version) -> list[Standing]:
        place = self.versions.index(version)
        older = self.versions[place - 1 : place]
        return [Standing("p", "0", one.prompt, one.error) for one in older]


@given(CONTENTS, st.data())
def test_the_lines_are_the_expanded_prompt_and_each_stands_in_the_version_named(
    contents: list[tuple[list[tuple[str, list[str]]], list[str]]], data: st.DataObject
) -> None:
    prompts: list[Prompt | None] = [prompt_of(*content) for content in contents]
    for place in data.draw(st.sets(st.integers(0, len(prompts) - 1), max_size=2)) - {len(prompts) - 1}:
        prompts[place] = None  # invalid there
    history = Linear(prompts)

    found = attribute(history.versions[::-1], history)

    last = prompts[-1]
    assert last is not None
    assert [line for line, _ in found] == expanded_lines(last)
    for line, version in found:
        assert version.prompt is not None
        texts = {(one.opens, one.text) for one in expanded_lines(version.prompt)}
        assert (line.opens, line.text) in texts


def test_an_untouched_line_keeps_its_version_and_one_that_comes_back_is_new() -> None:
    texts = [["a", "b"], ["a"], ["a", "b", "c"]]
    history = Linear([prompt_of([("user", lines)], []) for lines in texts])

    found = attribute(history.versions[::-1], history)

    by = {line.text: history.versions.index(version) for line, version in found}
    assert by == {"user": 0, "a": 0, "b": 2, "c": 2}


def test_a_line_of_a_template_and_of_its_partial_say_where_they_stand() -> None:
    (prompt,) = [prompt_of([("user", ["first", '  {%- include "x.j2" -%}  ', "last"])], ["in", "side"])]

    lines = expanded_lines(prompt)

    assert [(line.text, str(line.where), line.included) for line in lines[1:]] == [
        ("first", "prompts/p.yaml:3", False),
        ("in", "prompts/x.j2:1", True),
        ("side", "prompts/x.j2:2", True),
        ("last", "prompts/p.yaml:5", False),
    ]


def test_an_include_among_other_text_is_kept_and_followed_by_its_lines() -> None:
    prompt = prompt_of([("user", ['see {% include "x.j2" %} now'])], ["in"])

    assert [line.text for line in expanded_lines(prompt)] == ["user", 'see {% include "x.j2" %} now', "in"]


def test_a_partial_inside_itself_is_not_opened_again() -> None:
    prompt = prompt_of([("user", ['{% include "x.j2" %}'])], [])
    text = 'again\n{% if a %}{% include "x.j2" %}{% endif %}\n'
    looped = Prompt(prompt.name, prompt.path, prompt.messages, partials={"x.j2": text})

    assert [line.text for line in expanded_lines(looped)] == ["user", *text.splitlines()]
