"""`llmops init`."""


def init() -> None: ...
