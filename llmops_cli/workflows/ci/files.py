"""`llmops ci github` and `llmops ci gitlab`: workflow files that a stranger can use as they are.

The composite actions are written into the user's repository beside the workflows, as long as there is no published
one to refer to. Workflows name them with `$/`: this repository, at the commit of the workflow file. So a job that
holds secrets takes them from the base or default branch, and never from a pull request's head.
"""

import json
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from llmops_cli import __version__
from llmops_cli.errors import SourceLocation, UserError
from llmops_cli.store.atomic import write_text
from llmops_cli.vcs.repository import open_repository
from llmops_cli.workflows.ci.keys import Keys, needed_keys
from llmops_cli.workflows.project import Project

LABEL = "llmops-run"
"""The label by which a maintainer lets keys be used for a fork's pull request."""

OWN = "$"
"""The repository of a workflow file, in a reference to an action; as `uses`, the home of llmops itself."""

PINS = {
    "checkout": "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2",
    "setup-python": "actions/setup-python@a309ff8b426b58ec0e2a45f0f869d46889d02405 # v6.2.0",
    "cache/restore": "actions/cache/restore@cdf6c1fa76f9f475f3d7449005a359c84ca0f306 # v5.0.3",
    "cache/save": "actions/cache/save@cdf6c1fa76f9f475f3d7449005a359c84ca0f306 # v5.0.3",
    "upload-artifact": "actions/upload-artifact@b7c566a772e6b6bfb58ed0dc250532a479d7789f # v6.0.0",
    "download-artifact": "actions/download-artifact@37930b1c2abaa49bbe596cd826c3c89aef350131 # v7.0.0",
}
"""Actions of others, by the whole hash of a commit: a tag can be moved."""

_ACTIONS = ".github/actions"
_GITLAB_FILE = ".gitlab/llmops.gitlab-ci.yml"
_GITLAB_MAIN = ".gitlab-ci.yml"
_STAGE = "test"
"""Of GitLab's own stages the one in which our jobs run."""
_PUBLISHED = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)@(?P<commit>[0-9a-f]{40})")
_PLACE = re.compile(r"@\{([a-z/-]+)\}")


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, what stood there already just so, and what the user should know of other files."""

    top: Path
    written: tuple[str, ...]
    same: tuple[str, ...]
    keys: Keys
    advice: tuple[str, ...] = ()


def write_github(
    project: Project, *, forks: bool = False, uses: str | None = None, force: bool = False
) -> Written:
    """Write the workflows for GitHub at the top of the repository, and the actions where `uses` names none.

    Raises UserError for a `uses` that names no commit, and where a file stands in the way.
    """
    top, folder = _place(project)
    keys = needed_keys(project)
    wanted = github_files(folder, keys, forks=forks, uses=uses)
    done = _write(top, wanted, keys, force=force)
    others = [f".github/workflows/{name}.yml" for name in ("llmops-report", "llmops-keys")]
    left_over = [name for name in others if name not in wanted and (top / name).exists()]
    return replace(
        done, advice=tuple(f"{name} belongs to the form for forks; delete it" for name in left_over)
    )


def write_gitlab(project: Project, *, force: bool = False) -> Written:
    """Write the pipeline for GitLab at the top of the repository. Raises UserError where a file stands in the way.

    A `.gitlab-ci.yml` of the user's own stays as it is.
    """
    top, folder = _place(project)
    keys = needed_keys(project)
    wanted = gitlab_files(folder, keys)
    if not os.path.lexists(top / _GITLAB_MAIN):
        return _write(top, wanted, keys, force=force)
    del wanted[_GITLAB_MAIN]
    done = _write(top, wanted, keys, force=force)
    return replace(done, advice=tuple(_gitlab_advice(_text_of(top / _GITLAB_MAIN) or "")))


def github_files(folder: str, keys: Keys, *, forks: bool = False, uses: str | None = None) -> dict[str, str]:
    """Path to text of every file, for a project in this folder of the repository ("." for its top)."""
    values = PINS | {
        "head": _head("github"),
        "label": LABEL,
        "options": _options(folder),
        "directory": _directory(folder),
        "keys": _keys(keys),
        **_references(uses),
    }
    names = ["llmops-forks", "llmops-report", "llmops-keys"] if forks else ["llmops"]
    found = {
        f".github/workflows/{'llmops' if name == 'llmops-forks' else name}.yml": _fill(
            f"github/{name}.yml", values
        )
        for name in [*names, "llmops-nightly"]
    }
    return found if uses else found | _copied_actions()


def gitlab_files(folder: str, keys: Keys) -> dict[str, str]:
    """Path to text of the pipeline's files, for a project in this folder of the repository."""
    inside = "" if folder == "." else f"{folder}/"
    values = {
        "head": _head("gitlab"),
        "version": __version__,
        "stage": _STAGE,
        "folder": json.dumps(inside)[1:-1],
        "cd": f"    - {json.dumps(f'cd {shlex.quote(folder)}')}" if inside else "",
        "keys": _gitlab_keys(keys),
    }
    include = f"{_head('gitlab')}\ninclude:\n  - local: {_GITLAB_FILE}\n"
    return {_GITLAB_FILE: _fill("gitlab/llmops.gitlab-ci.yml", values), _GITLAB_MAIN: include}


def actions(version: str) -> dict[str, str]:
    """Name to text of the composite actions that install this version; with "", what they were checked out with."""
    values = {**PINS, "version": version, "install": _template("actions/install.yml").rstrip("\n")}
    return {name: _fill(f"actions/{name}/action.yml", values) for name in ("evaluate", "report")}


def _copied_actions() -> dict[str, str]:
    head = _head("github")
    copied = {
        f"{_ACTIONS}/llmops-{name}/action.yml": f"{head}\n{text}"
        for name, text in actions(__version__).items()
    }
    lock = f"{head}\n{_template('requirements.lock')}"
    return copied | {f"{_ACTIONS}/llmops-requirements.lock": lock}


def _references(uses: str | None) -> dict[str, str]:
    """How a workflow refers to the two actions. `$` is this repository, at the commit of the workflow file itself."""
    if uses is None:
        return {name: f"{OWN}/{_ACTIONS}/llmops-{name}" for name in ("evaluate", "report")}
    if uses == OWN:
        return {name: f"{OWN}/{_ACTIONS}/{name}" for name in ("evaluate", "report")}
    found = _PUBLISHED.fullmatch(uses)
    if found is None:
        hint = "write OWNER/REPOSITORY@ and the 40 digits of a commit: a tag can be moved"
        raise UserError(f"--uses {uses!r} names no commit of a repository", hint=hint)
    there = found["repository"] + "/" + _ACTIONS
    return {name: f"{there}/{name}@{found['commit']}" for name in ("evaluate", "report")}


def _head(service: str) -> str:
    return f"# Written by `llmops ci {service}` (llmops-cli {__version__}). Yours to change; --force writes it anew."


def _options(folder: str) -> str:
    if folder != ".":
        return f"        with:\n{_directory(folder)}"
    return '        # with: {max-cost: "2.00"}  # USD; or `run: {max_cost: 2.00}` in llmops.yaml'


def _directory(folder: str) -> str:
    return "" if folder == "." else f"          working-directory: {json.dumps(folder, ensure_ascii=False)}"


def _keys(keys: Keys) -> str:
    lines = [f"          {name}: ${{{{ secrets.{name} }}}}" for name in keys.names]
    if lines:
        lines.insert(0, "        env:  # secrets of the repository")
    if keys.unclear:
        lines += [f"        # what {name} needs could not be told" for name in map(_plain, keys.unclear)]
    if not keys.names:
        lines += [
            "        # env:  # the keys that your models need, for example",
            "        #   OPENAI_API_KEY: ${{ secrets.OPENAI_API_KEY }}",
        ]
    return "\n".join(lines)


def _gitlab_advice(main: str) -> Iterator[str]:
    """What the user's own file lacks for ours."""
    if _GITLAB_FILE not in main:
        yield f"{_GITLAB_MAIN} stays as it is; add `include: [{{local: {_GITLAB_FILE}}}]` to it"
    stages = _stages(main)
    if stages is not None and _STAGE not in stages:
        yield (
            f"{_GITLAB_MAIN} lists `stages:` without {_STAGE}, where the jobs run: add it there, or name one of "
            f"yours as `stage:` in {_GITLAB_FILE}"
        )


def _stages(main: str) -> list[str] | None:
    """The stages that a pipeline lists; None where it lists none, so that GitLab's own hold, or cannot be read."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        document = YAML().load(main)  # round trip, as that reads GitLab's own tags
    except (YAMLError, ValueError, RecursionError):
        return None
    stages = document.get("stages") if isinstance(document, Mapping) else None
    return [str(stage) for stage in stages] if isinstance(stages, list) else None


def _gitlab_keys(keys: Keys) -> str:
    wanted = ", ".join(keys.names) or "the keys that your models need, such as OPENAI_API_KEY"
    lines = [f"  # Settings > CI/CD > Variables, masked: {wanted}"]
    return "\n".join(
        lines + [f"  # what {name} needs could not be told" for name in map(_plain, keys.unclear)]
    )


def _plain(text: str) -> str:
    """A model's name in a comment: one line, and no expression of the service."""
    return re.sub(r"[^\w./:-]", "?", text)


def _template(name: str) -> str:
    return (files("llmops_cli.workflows") / "templates" / "ci" / name).read_text(encoding="utf-8")


def _fill(name: str, values: Mapping[str, str]) -> str:
    return _filled(_template(name), values)


def _filled(text: str, values: Mapping[str, str]) -> str:
    """Every `@{name}` by its value; a line that is nothing but one goes where the value is empty."""
    lines = []
    for line in text.splitlines():
        alone = _PLACE.fullmatch(line)
        if alone is None or values[alone[1]]:
            lines.append(_PLACE.sub(lambda found: values[found[1]], line))
    filled = "\n".join(lines) + "\n"
    return _filled(filled, values) if _PLACE.search(filled) else filled


def _place(project: Project) -> tuple[Path, str]:
    """The top of the repository, and the project's folder in it. Outside of git the project is the top."""
    project.require_worktree("ci")
    repository = open_repository(project.root)
    folder = repository.prefix if repository else "."
    if "${{" in folder or "\n" in folder:
        raise UserError("the folder's name cannot stand in a workflow file", where=SourceLocation(folder))
    depth = 0 if folder == "." else folder.count("/") + 1
    return Path(os.path.realpath(project.root)).joinpath(*[".."] * depth).resolve(), folder


def _write(top: Path, wanted: Mapping[str, str], keys: Keys, *, force: bool) -> Written:
    there = {name: _text_of(top / name) for name in wanted if os.path.lexists(top / name)}
    same = tuple(name for name, text in there.items() if text == wanted[name])
    in_the_way = [name for name in there if name not in same]
    if in_the_way and not force:
        problem = f"{', '.join(in_the_way)}: there already, and different; nothing was written"
        hint = (
            "--force writes it anew; `git diff` then shows what changed. Is it another project's? One repository holds "
            'one set of these files; docs/ci.md, "Two projects in one repository", says how a second one is added'
        )
        raise UserError(problem, hint=hint)
    todo = tuple(name for name in wanted if name not in same)
    for name in todo:
        write_text(top / name, wanted[name])
    return Written(top, todo, same, keys)


def _text_of(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
