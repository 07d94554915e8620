"""A project that takes its prompts from elsewhere."""

from llmops_cli.files.worktree import WorkTree
from llmops_cli.workflows.project import open_project
from tests.support.project import GREET, TWO_CASES, Project


def test_prompts_of_another_tree_and_everything_else_of_its_own(project: Project) -> None:
    project.write(
        {"prompts/greet.yaml": GREET, "prompts/judge.yaml": GREET, "evalsets/greet.yaml": TWO_CASES}
    )
    other = Project.create(project.root.parent / "other")
    other.write({"prompts/greet.yaml": GREET.replace("Greet", "Insult"), "prompts/only.yaml": GREET})
    today = open_project(project.root)

    mixed = today.with_prompts_of(WorkTree(other.root))

    assert mixed.prompt("greet").digest != today.prompt("greet").digest
    assert sorted(mixed.prompt_paths) == ["greet", "only"]
    assert mixed.judge_prompt("judge") == today.prompt("judge")
    assert mixed.evalset("greet") == today.evalset("greet")
