"""What a report says of a drop, of a rise, and of what it could have seen."""

from tests.support.project import Project

MODEL = "def answer(messages):\n    return 'right' if 'Be good' in messages[0]['content'] else 'wrong'\n"
CASES = "prompt: p\ntrials: {trials}\nscorers: [{{equals: right}}]\ncases:\n"


def answering(project: Project, word: str, cases: int, trials: int = 3) -> Project:
    """A prompt that is told to be good, or bad, its answers on record."""
    prompt = f"model: python:app:answer\nmessages:\n  - {{role: user, content: Be {word}}}\n"
    evalset = CASES.format(trials=trials) + "".join(f"  - {{id: c{n}}}\n" for n in range(cases))
    project.commit("first", {"app.py": MODEL, "llmops.yaml": "allow_python: true\n", "prompts/p.yaml": prompt,
                             "evalsets/p.yaml": evalset})  # fmt: skip
    project.llmops("eval")
    project.llmops("accept")
    return project


def test_a_rise_is_bounded_as_a_rise(project: Project) -> None:
    answering(project, "bad", 4).edit("prompts/p.yaml", "bad", "good")

    out = project.llmops("eval").stdout

    assert "pts better (95 %)" in out
    assert "at most -" not in out


def test_a_set_that_was_just_seen_to_drop_had_trials_enough(project: Project) -> None:
    answering(project, "good", 1).edit("prompts/p.yaml", "good", "bad")

    result = project.llmops("eval", "--confirm", "never")

    assert "dropped by" in result.stdout
    assert "too few trials to see any drop" not in result.stdout


def test_what_would_have_been_seen_is_a_drop_alike_in_all_cases(project: Project) -> None:
    answering(project, "good", 20).edit("prompts/p.yaml", "good", "good today")

    assert "points or more, alike in all cases, would have been seen (80 %)" in project.llmops("eval").stdout
