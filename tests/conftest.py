"""What holds for every test: a clean environment, no real home, no network but loopback, no dice."""

import gc
import os
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support.project import Project

# The same examples in every run, so that nothing flickers; HYPOTHESIS_PROFILE=explore looks for new ones. How long
# examples take to make says nothing on a machine that is shared.
_SLOW = [HealthCheck.too_slow]
settings.register_profile(
    "steady", deadline=None, derandomize=True, database=None, max_examples=60, suppress_health_check=_SLOW
)
settings.register_profile("explore", deadline=None, max_examples=1000, suppress_health_check=_SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

_REAL_HOME = os.path.realpath(Path("~").expanduser())
_ALLOWED = tuple(
    os.path.realpath(path)
    for path in (Path(__file__).parents[1], sys.prefix, sys.base_prefix, tempfile.gettempdir())
)
_FOREIGN_START = ("LLMOPS_", "GIT_", "LITELLM_", "GITHUB_", "GITLAB_", "CI_", "RUNNER_", "FORCE_", "TTY_")
_FOREIGN_END = ("_API_KEY", "_API_BASE", "_BASE_URL", "_TOKEN")
_FOREIGN_NAMES = ("CI", "TF_BUILD", "TEAMCITY_VERSION", "COLUMNS", "LINES", "COLORTERM", "CLICOLOR_FORCE")
"""Variables of a developer's shell or a CI service that change what is printed or asked."""
_LOOPBACK = ("127.0.0.1", "::1", "localhost", b"localhost", b"127.0.0.1", None, "")


class GuardError(AssertionError):
    """A test reached for something that is not its own."""


def pytest_configure(config: pytest.Config) -> None:
    """Strip what a developer's shell or a CI service exports, then watch what is opened."""
    for name in list(os.environ):
        if name.startswith(_FOREIGN_START) or name.endswith(_FOREIGN_END) or name in _FOREIGN_NAMES:
            del os.environ[name]
    home = tempfile.mkdtemp(prefix="llmops-home-")
    os.environ.update(HOME=home, XDG_CONFIG_HOME=f"{home}/.config", XDG_CACHE_HOME=f"{home}/.cache")
    os.environ.update(GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_NOSYSTEM="1", NO_COLOR="1")
    for name in ("hooks", "info"):  # else every new repository gets a dozen examples of hooks
        Path(home, "template", name).mkdir(parents=True)
    os.environ["GIT_TEMPLATE_DIR"] = f"{home}/template"
    sys.addaudithook(_guard)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep test modules compiled, whatever the shell says: rewriting their asserts takes each worker seconds."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, False
    try:
        return (yield)
    finally:
        sys.dont_write_bytecode = before


def pytest_collection_finish() -> None:
    """What is loaded by now stays: Python need not look through all of it for garbage in each test."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        address = arguments[1]
        if isinstance(address, tuple) and address[0] not in _LOOPBACK:
            raise GuardError(f"a test opened a connection to {address}")
    elif event == "socket.getaddrinfo":
        if arguments[0] not in _LOOPBACK:
            raise GuardError(f"a test asked for the address of {arguments[0]!r}")
    elif event == "open" and isinstance(arguments[0], str) and arguments[0].startswith(_REAL_HOME + os.sep):
        path = os.path.realpath(arguments[0])
        if not path.startswith(_ALLOWED):
            raise GuardError(f"a test opened {path}, in the real home")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project in a git repository of its own."""
    return Project.create(tmp_path / "project")
