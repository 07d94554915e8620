"""What a prompt's change does: the requests of both versions over today's cases."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import zip_longest
from typing import Any

from llmops_cli.domain.changes import TextChange
from llmops_cli.domain.diff import Effect, RenderedExample, Unrendered
from llmops_cli.domain.evalset import Case, Evalset, Variant
from llmops_cli.domain.prompt import Prompt
from llmops_cli.domain.redaction import redact
from llmops_cli.domain.request import Message, Request, ResolvedModel
from llmops_cli.domain.tree import read_bytes
from llmops_cli.errors import UserError
from llmops_cli.templating.render import PromptRenderer, restrict
from llmops_cli.workflows.diff.pairs import PromptPair
from llmops_cli.workflows.project import Project
from llmops_cli.workflows.trials.planning import make_request, project_model


@dataclass(frozen=True)
class SideRequests:
    """One version's requests for an evalset's variant; `model` None where none can be named."""

    model: ResolvedModel | None
    requests: dict[str, Request]
    failures: dict[str, str]


@dataclass(frozen=True)
class Compared:
    """Both versions' requests for one evalset and variant."""

    evalset: Evalset
    variant: Variant
    before: SideRequests
    after: SideRequests

    @property
    def comparable(self) -> list[Case]:
        """Cases that render on both sides."""
        return [
            case
            for case in self.evalset.cases
            if case.id in self.before.requests and case.id in self.after.requests
        ]

    def is_changed(self, case: Case) -> bool:
        """Whether the two versions ask otherwise."""
        return self.before.requests[case.id].fingerprint != self.after.requests[case.id].fingerprint

    def effect(self, kinds: Sequence[str]) -> Effect:
        """The counts, and the first case whose messages differ (redacted)."""
        cases = self.comparable
        changed = [case for case in cases if self.is_changed(case)]
        examples = (self._example(case, kinds) for case in changed)
        return Effect(
            evalset=self.evalset.name,
            variant=self.variant.name,
            cases=len(self.evalset.cases),
            compared=len(cases),
            changed=len(changed),
            unrendered=tuple(self._unrendered()),
            example=next((example for example in examples if example.messages), None),
        )

    def _unrendered(self) -> Iterator[Unrendered]:
        reasons: dict[str, list[str]] = {}
        for case in self.evalset.cases:
            sides = (("before", self.before), ("after", self.after))
            found = {side.failures[case.id]: name for name, side in sides if case.id in side.failures}
            for reason, name in found.items():
                both = case.id in self.before.failures and len(found) == 1 and name == "after"
                reasons.setdefault(f"{'on both sides' if both else name}: {reason}", []).append(case.id)
        yield from (Unrendered(reason, tuple(cases)) for reason, cases in reasons.items())

    def _example(self, case: Case, kinds: Sequence[str]) -> RenderedExample:
        old, new = self.before.requests[case.id].messages, self.after.requests[case.id].messages
        messages = [
            TextChange(
                f"message {place} ({(after or before or {}).get('role')})", _text(before), _text(after)
            )
            for place, (before, after) in enumerate(zip_longest(old, new), start=1)
            if before != after
        ]
        shown = [TextChange(m.title, redact(m.before, kinds), redact(m.after, kinds)) for m in messages]
        return RenderedExample(case.id, case.where, tuple(shown))


@dataclass
class Effects:
    """Renders versions with the project's evalsets; what is wrong with an evalset is noted once."""

    project: Project
    notes: list[str] = field(default_factory=list)

    def of(self, pair: PromptPair) -> list[Compared]:
        """Both versions' requests in every evalset that uses the prompt under one of its names."""
        if pair.before is None or pair.after is None:
            return []
        before, after = pair.before.prompt, pair.after.prompt
        if before is None or after is None:
            return []
        found: list[Compared] = []
        for evalset in self.evalsets_naming(pair.names):
            for variant in evalset.variants():
                if variant.prompt in pair.names:
                    sides = [self._requests(prompt, evalset, variant) for prompt in (before, after)]
                    found.append(Compared(evalset, variant, *sides))
        return found

    def evalsets_naming(self, names: set[str]) -> list[Evalset]:
        """Today's evalsets whose text holds one of the names; only they are parsed."""
        words = [name.encode() for name in names]
        found: list[Evalset] = []
        for name, text in self._texts.items():
            if any(word in text for word in words):
                try:
                    found.append(self.project.evalset(name))
                except UserError as error:
                    self._note(f"{self.project.evalset_paths[name]} is left out: {error.problems[0]}")
        return found

    @cached_property
    def _texts(self) -> dict[str, bytes]:
        tree, paths = self.project.tree, self.project.evalset_paths
        return {name: read_bytes(tree, path) or b"" for name, path in paths.items()}

    def _requests(self, prompt: Prompt, evalset: Evalset, variant: Variant) -> SideRequests:
        try:
            model = project_model(self.project, prompt, variant.model, evalset.where)
        except UserError as error:
            # what is sent can be compared all the same; only nobody can be asked
            self._note(str(error.problems[0]))
            model = None
        placeholder = ResolvedModel("", prompt.model or "")
        requests: dict[str, Request] = {}
        failures: dict[str, str] = {}
        renderer = PromptRenderer(prompt)
        for case in evalset.cases:
            try:
                messages = renderer.render(restrict(case.vars, prompt))
            except UserError as error:
                failures[case.id] = error.problems[0].message
            else:
                requests[case.id] = make_request(prompt, model or placeholder, messages)
        return SideRequests(model, requests, failures)

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def _text(message: Message | None) -> str | None:
    """A message's text; parts that are none, and whatever else it carries, as JSON in short."""
    if message is None:
        return None
    content = message.get("content")
    texts = [content] if isinstance(content, str) else [_part(part) for part in content or ()]
    rest = {key: value for key, value in message.items() if key not in ("role", "content")}
    return "\n".join([*texts, *([_json(rest)] if rest else [])])


def _part(part: Any) -> str:
    if isinstance(part, dict) and part.get("type") == "text":
        return str(part["text"])
    uri = str(part.get("image_url", {}).get("url", "")) if isinstance(part, dict) else ""
    return f"[image {uri[:60]}… {len(uri)} characters]" if uri else _json(part)


def _json(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)
