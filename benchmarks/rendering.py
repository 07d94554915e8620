"""Rendering prompts, reading YAML, checking a project."""

from benchmarks.harness import LLMOPS, cpu, function, peak, process, show, wall
from benchmarks.projects import PROMPT, project, question, yaml_set
from llmops_cli.files.evalset_file import read_evalset
from llmops_cli.files.worktree import WorkTree
from llmops_cli.templating.render import PromptRenderer
from llmops_cli.workflows.project import load_prompt

RENDERINGS, CASES, PROMPTS = 2000, 2000, 200


def main() -> None:
    """Two in-process loops and one whole command."""
    one = {"prompts/shop.yaml": PROMPT.format(model="echo"), "evalsets/shop.yaml": yaml_set(range(CASES))}
    with project(one) as root:
        tree = WorkTree(root)
        renderer = PromptRenderer(load_prompt(tree, "prompts/shop.yaml"))
        variables = [{"question": question(n), "history": ["a", "b"]} for n in range(RENDERINGS)]
        rendering = function(lambda: [renderer.render(given) for given in variables])
        reading = function(lambda: read_evalset(tree, "evalsets/shop.yaml"))
    many = {f"prompts/team-{n % 9}/prompt-{n}.yaml": PROMPT.format(model="echo") for n in range(PROMPTS)}
    with project(many) as root:
        checking = process([LLMOPS, "check"], root)
    rows = [
        (f"render a prompt of 3 messages {RENDERINGS:,} times", wall(rendering), cpu(rendering), ""),
        (f"read {CASES:,} cases of YAML", wall(reading), cpu(reading), ""),
        (f"llmops check of {PROMPTS} prompts", wall(checking), cpu(checking), peak(checking)),
    ]
    show("Rendering and reading", ("what", "wall", "processor", "peak"), rows)


if __name__ == "__main__":
    main()
