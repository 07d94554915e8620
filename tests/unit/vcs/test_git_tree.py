"""A commit as a tree of files: what is read ahead is what each file alone is."""

import gc
import random
import warnings
from collections.abc import Iterator

import pytest

from llmops_cli.domain.tree import expect, read_bytes
from llmops_cli.errors import FileError
from llmops_cli.vcs.git_tree import GitTree
from llmops_cli.vcs.repository import Repository, open_repository
from tests.support.project import Project

FILES = {f"prompts/{n % 7}/p{n}.yaml": f"prompt: {n}\r\n".encode() * (n % 3) for n in range(200)}
ODD = {"prompts/\udcff.yaml": b"no text\n", "prompts/a\nb.yaml": b"two lines\n", "prompts/c\r": b"return\n"}


@pytest.fixture
def repository(project: Project) -> Iterator[Repository]:
    project.commit("files", FILES)
    found = open_repository(project.root)
    assert found is not None
    yield found
    found.close()


@pytest.fixture
def tree(repository: Repository) -> GitTree:
    return repository.tree(repository.resolve("HEAD"))


@pytest.mark.parametrize("order", ["as expected", "backwards", "at random", "each twice", "every fifth"])
def test_files_that_are_expected_are_opened_in_any_order(tree: GitTree, order: str) -> None:
    paths = tree.list("prompts")
    expect(tree, paths)
    shuffled = random.Random(7).sample(paths, len(paths))
    orders = {"as expected": paths, "backwards": paths[::-1], "at random": shuffled,
              "each twice": [path for path in paths for _ in range(2)], "every fifth": paths[::5]}  # fmt: skip

    assert {path: read_bytes(tree, path) for path in orders[order]} == {
        path: FILES[path] for path in orders[order]
    }


def test_many_files_are_asked_for_at_once(
    tree: GitTree, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    many = repository.blobs_by_id

    def noting(ids: list[str]) -> list[bytes | None]:
        asked.append(len(ids))
        return many(ids)

    monkeypatch.setattr(repository, "blobs_by_id", noting)
    monkeypatch.setattr(repository, "blob", lambda *_: pytest.fail("each alone"))
    paths = tree.list("prompts")
    expect(tree, paths)

    assert [read_bytes(tree, path) for path in paths] == [FILES[path] for path in paths]
    assert asked == [64, 64, 64, 8]


def test_what_is_not_there_or_was_not_listed_is_read_as_ever(tree: GitTree) -> None:
    expect(tree, ["prompts/0/p0.yaml", "prompts/gone.yaml", "../outside", "prompts"])

    assert read_bytes(tree, "prompts/0/p7.yaml") == FILES["prompts/0/p7.yaml"]
    assert tree.open("prompts/gone.yaml") is None
    assert tree.open("../outside") is None
    assert tree.open("prompts") is None


def test_a_link_is_listed_and_refused(project: Project) -> None:
    project.write({"prompts/a.yaml": "prompt: a\n"})
    (project.root / "prompts" / "link.yaml").symlink_to("a.yaml")
    project.commit("link")
    repository = open_repository(project.root)
    assert repository is not None
    tree = repository.tree(repository.resolve("HEAD"))
    paths = tree.list("prompts")
    expect(tree, [*paths, "prompts/link.yaml"])

    assert paths == ["prompts/a.yaml", "prompts/link.yaml"]
    for path in ("prompts/link.yaml", "prompts/../prompts/link.yaml"):
        with pytest.raises(FileError, match="is a link"):
            tree.open(path)
    assert read_bytes(tree, "prompts/a.yaml") == b"prompt: a\n"
    repository.close()


def test_names_that_are_no_text_or_no_line_are_listed_and_read_ahead(project: Project) -> None:
    blobs = {}
    for path, data in ODD.items():
        project.write({"content": data})
        blobs[path] = project.git("hash-object", "-w", "content")
    for path, blob in blobs.items():
        project.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")
    project.git("commit", "--quiet", "--message", "odd names")
    repository = open_repository(project.root)
    assert repository is not None
    tree = repository.tree(repository.resolve("HEAD"))
    paths = tree.list("prompts")
    expect(tree, paths)

    assert set(paths) == set(ODD)
    assert {path: read_bytes(tree, path) for path in paths} == ODD
    repository.close()


def test_a_repository_that_nobody_closes_ends_its_git_with_itself(project: Project) -> None:
    project.commit("files", FILES)
    repository = open_repository(project.root)
    assert repository is not None
    circle: list[object] = [repository.tree(repository.resolve("HEAD"))]
    circle.append(circle)  # as a generator that belongs to what it walks over makes one
    assert read_bytes(repository.tree("HEAD"), "prompts/1/p1.yaml") == FILES["prompts/1/p1.yaml"]
    del repository, circle

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        gc.collect()

    assert [str(warning.message) for warning in said] == []


def test_no_git_is_left_running(tree: GitTree, repository: Repository) -> None:
    paths = tree.list("prompts")
    expect(tree, paths)
    assert tree.open(paths[0]) is not None

    repository.close()

    assert read_bytes(tree, paths[1]) == FILES[paths[1]]  # it was read already
    assert read_bytes(tree, paths[-1]) == FILES[paths[-1]]  # and this starts another
