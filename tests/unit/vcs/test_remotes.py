"""A remote as an address that may be shown to anybody."""

import pytest

from llmops_cli.vcs.remotes import fetch_of, fetch_of_own, web_address

HOME = "https://github.com/acme/shop"


@pytest.mark.parametrize(
    "remote",
    [
        "https://github.com/acme/shop.git",
        "https://github.com/acme/shop",
        "https://x-access-token:ghs_secret@github.com/acme/shop.git",
        "https://ghp_secret@github.com/acme/shop/",
        "https://github.com/acme/shop.git?token=secret#secret",
        "git@github.com:acme/shop.git",
        "github.com:acme/shop.git",
        "ssh://git@github.com/acme/shop.git",
        "ssh://git@github.com:22/acme/shop.git",
        "git://github.com/acme/shop.git",
        " git@github.com:acme/shop.git\n",
    ],
)
def test_every_spelling_gives_one_address_and_no_secret(remote: str) -> None:
    assert web_address(remote) == HOME


@pytest.mark.parametrize(
    ("remote", "shown"),
    [
        ("http://git.example:8080/a/b.git", "http://git.example:8080/a/b"),
        ("https://gitlab.example/group/sub/name.git", "https://gitlab.example/group/sub/name"),
    ],
)
def test_ports_and_deep_paths_stay(remote: str, shown: str) -> None:
    assert web_address(remote) == shown


@pytest.mark.parametrize(
    "remote",
    [
        "", "/srv/git/shop.git", "../shop", "shop", "file:///srv/git/shop.git", "C:/git/shop", "C:\\git\\shop",
        "https://", "https://github.com", "https://github.com:notaport/a/b", "ext::sh -c evil",
        "https://github.com/a b", "https://github.com/a\u202eb", 'https://github.com/"><script>', "https://[::1/a",
        "javascript://github.com/a", "git@-oProxy:a/b",
    ],
)  # fmt: skip
def test_folders_and_oddities_have_none(remote: str) -> None:
    assert web_address(remote) is None


SINGLE = "remote.origin.url file:///x y\nremote.origin.fetch +refs/heads/change:refs/remotes/origin/change"
WHOLE = "remote.origin.fetch +refs/heads/*:refs/remotes/origin/*\nremote.my.fork.url elsewhere"


@pytest.mark.parametrize(
    ("revision", "settings", "shallow", "command"),
    [
        ("origin/main", SINGLE, False, "git fetch origin main:refs/remotes/origin/main"),
        ("origin/a/b", SINGLE, True, "git fetch --unshallow origin a/b:refs/remotes/origin/a/b"),
        ("remotes/origin/main", SINGLE, False, "git fetch origin main:refs/remotes/origin/main"),
        ("origin/main", WHOLE, True, "git fetch --unshallow origin main:refs/remotes/origin/main"),
        ("my.fork/main", WHOLE, False, "git fetch my.fork main:refs/remotes/my.fork/main"),
        ("origin/change", SINGLE, False, None),
        ("origin/main", WHOLE, False, None),
        ("main", SINGLE, True, None),
        ("origin/", SINGLE, True, None),
        ("origin/HEAD", SINGLE, True, None),
        ("origin/-x", SINGLE, True, None),
        ("origin/a`b", SINGLE, True, None),
        ("origin/main", "", True, None),
    ],
)
def test_what_brings_a_branch_that_the_clone_lacks_because_of_its_kind(
    revision: str, settings: str, shallow: bool, command: str | None
) -> None:
    assert fetch_of(revision, settings, shallow=shallow) == command


@pytest.mark.parametrize(
    ("name", "settings", "shallow", "command"),
    [
        ("main", SINGLE, False, "git fetch origin main:main"),
        ("a/b", SINGLE, True, "git fetch --unshallow origin a/b:a/b"),
        ("main", WHOLE, True, "git fetch --unshallow origin main:main"),
        ("main", "remote.fork.fetch +refs/heads/x:refs/remotes/fork/x", False, "git fetch fork main:main"),
        ("change", SINGLE, False, None),
        ("main", WHOLE, False, None),
        ("main", "", True, None),
        ("HEAD", SINGLE, True, None),
        ("main...", SINGLE, True, None),
        ("-x", SINGLE, True, None),
        ("a`b", SINGLE, True, None),
        ("4f9c1a2b", SINGLE, True, None),
        ("refs/heads/main", SINGLE, True, None),
    ],
)
def test_what_brings_a_branch_that_is_named_without_its_remote(
    name: str, settings: str, shallow: bool, command: str | None
) -> None:
    assert fetch_of_own(name, settings, shallow=shallow) == command
