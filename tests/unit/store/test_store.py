"""The cache and atomic writes."""

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.domain.request import Response
from llmops_cli.errors import NoVerdictError, UserError
from llmops_cli.store.atomic import write_text
from llmops_cli.store.cache import ResponseCache
from llmops_cli.store.run_store import KEEP, find_run, run_files, save_run


def test_an_answer_is_there_when_the_cache_is_opened_again(tmp_path: Path) -> None:
    answer = Response("Hi \ud83d \x00 é", cost=0.5, served_model="m")
    first = ResponseCache(tmp_path / "c.sqlite")
    first.put("k", answer)
    first.close()
    again = ResponseCache(tmp_path / "c.sqlite")

    assert again.get("k") == answer
    assert again.get("other") is None
    again.close()
    assert (first.notes, again.notes) == ([], [])


def test_an_answer_is_there_although_nobody_closed(tmp_path: Path) -> None:
    first, other = ResponseCache(tmp_path / "c.sqlite"), ResponseCache(tmp_path / "c.sqlite")
    first.put("k", Response("x"))

    assert other.get("k") == Response("x")
    first.close()
    other.close()


@pytest.mark.parametrize("attempt", range(10))
def test_several_writers_that_begin_at_once_lose_nothing(tmp_path: Path, attempt: int) -> None:
    """With SQLite's own busy timeout alone, one in ten such beginnings was refused ("database is locked")."""

    def write(worker: int) -> None:
        cache = ResponseCache(tmp_path / "c.sqlite")
        for number in range(10):
            cache.put(f"{worker}-{number}", Response(str(number)))
        notes.extend(cache.notes)
        cache.close()

    notes: list[str] = []
    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cache = ResponseCache(tmp_path / "c.sqlite")

    assert notes == []
    assert all(cache.get(f"{w}-{n}") == Response(str(n)) for w in range(8) for n in range(10))
    cache.close()


def test_a_cache_in_no_folder_is_noted_once_and_fails_nothing(tmp_path: Path) -> None:
    cache = ResponseCache(tmp_path / "no" / "c.sqlite")
    cache.put("k", Response("x"))

    assert cache.get("k") is None
    (note,) = cache.notes
    assert "cannot be used" in note
    cache.close()


@given(text=st.text(st.characters()))
def test_any_text_is_written_whole(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("w") / "deep" / "file.txt"
    write_text(path, text)

    assert path.read_bytes().decode("utf-8", "surrogatepass") == text
    assert [entry.name for entry in path.parent.iterdir()] == ["file.txt"]


def test_a_file_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "f"
    write_text(path, "1")
    path.chmod(0o640)
    write_text(path, "2")

    assert (path.read_text(), path.stat().st_mode & 0o777) == ("2", 0o640)


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(NoVerdictError, match="cannot be written"):
        write_text(tmp_path / "folder", "x")

    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]


def test_the_newest_run_is_found_and_the_oldest_go(tmp_path: Path) -> None:
    for number in range(KEEP + 3):
        (tmp_path / ".llmops/runs").mkdir(parents=True, exist_ok=True)
        (tmp_path / f".llmops/runs/20240101-{number:06}.json").write_text("{}")
    save_run(tmp_path, "20250101-000000", {"llmops_run": 1})

    assert len(run_files(tmp_path)) == KEEP
    assert find_run(tmp_path, None).stem == "20250101-000000"
    assert find_run(tmp_path, "20240101-000100").stem == "20240101-000100"
    with pytest.raises(UserError, match="there is no run 'x'"):
        find_run(tmp_path, "x")
