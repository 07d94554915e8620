"""What a recorded answer was asked, for scorers that look at the messages: a run file does not hold them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import overload

from llmops_cli.domain.evalset import Case
from llmops_cli.domain.prompt import Prompt, short_digest
from llmops_cli.domain.request import Message
from llmops_cli.domain.scoring import ScoringError
from llmops_cli.errors import UserError
from llmops_cli.templating.render import PromptRenderer, restrict
from llmops_cli.workflows.project import Project
from llmops_cli.workflows.rescoring.recorded import RecordedAnswer
from llmops_cli.workflows.versions.versions import Versions


class NoMessages(Sequence[Message]):
    """Messages that cannot be told: a scorer that looks at them fails to judge, the others judge."""

    def __init__(self, why: str) -> None:
        self.why = why

    def __len__(self) -> int:
        raise ScoringError(self.why)

    @overload
    def __getitem__(self, index: int) -> Message: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Message]: ...
    def __getitem__(self, index: int | slice) -> Message | Sequence[Message]:
        raise ScoringError(self.why)


class AskedMessages:
    """Renders the version that was asked; today's version of the prompt where that one is not at hand."""

    def __init__(self, project: Project, versions: Versions) -> None:
        self._project = project
        self._versions = versions
        self._prompts: dict[tuple[str, str], Prompt | None] = {}
        self._renderers: dict[str, PromptRenderer] = {}
        self._messages: dict[tuple[str, str, int], Sequence[Message]] = {}
        self._stand_ins: Counter[tuple[str, str]] = Counter()

    def messages(self, answer: RecordedAnswer, case: Case) -> Sequence[Message]:
        """The messages of one answer, whose case asks the same today."""
        version = answer.prompt, answer.prompt_digest
        key = (*version, id(case))  # the evalset keeps its cases alive
        if key not in self._messages:
            self._messages[key] = self._render(*version, case)
        return self._messages[key]

    @property
    def notes(self) -> Iterator[str]:
        """Where today's prompt stood in for one that is not at hand."""
        for (name, digest), count in self._stand_ins.items():
            cases = "1 case" if count == 1 else f"{count} cases"
            yield (
                f"{short_digest(digest)} of {name} is not in the history at hand: scorers that look at the "
                f"messages of {cases} saw those of today's prompt"
            )

    def _render(self, name: str, digest: str, case: Case) -> Sequence[Message]:
        prompt = self._prompt(name, digest)
        if prompt is None:
            return NoMessages(f"what was asked cannot be told: the prompt {name!r} is gone")
        if prompt.digest != digest:
            self._stand_ins[name, digest] += 1
        try:
            if prompt.digest not in self._renderers:
                self._renderers[prompt.digest] = PromptRenderer(prompt)
            return self._renderers[prompt.digest].render(restrict(case.vars, prompt), case.where)
        except UserError as error:
            return NoMessages(f"what was asked cannot be rendered: {error.problems[0].message}")

    def _prompt(self, name: str, digest: str) -> Prompt | None:
        if (name, digest) not in self._prompts:
            found = self._versions.find(name, digest)
            if found is None:
                with suppress(UserError):
                    found = self._project.prompt(name)
            self._prompts[name, digest] = found
        return self._prompts[name, digest]
