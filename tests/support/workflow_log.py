"""A job's log, and which workflow commands GitHub's runner obeys in it."""

import re
from dataclasses import dataclass, field

_COMMAND = re.compile(r"\s*::(?P<name>[\w-]+)(?: (?P<properties>.*?))?::(?P<text>.*)")
_OLD_COMMAND = re.compile(r"##\[(?P<name>[\w-]+)")


@dataclass
class Log:
    """What the steps of a job printed, and which workflow commands the runner obeyed in it."""

    text: str = ""
    commands: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, output: str) -> None:
        """A step's output, read as GitHub's runner reads it: nothing is obeyed while commands are stopped."""
        self.text += output
        token = None
        for line in output.splitlines():
            found = _COMMAND.match(line)
            if found and token is not None and found["name"] == token:
                token = None
            elif token is not None:
                continue
            elif found and found["name"] == "stop-commands":
                token = found["text"]
            elif found:
                self.commands.append((found["name"], found["properties"] or "", found["text"]))
            elif old := _OLD_COMMAND.search(line):
                self.commands.append((old["name"], "", line))
