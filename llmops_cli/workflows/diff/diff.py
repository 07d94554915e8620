"""`llmops diff`: what changed between two revisions in source and in effect, golden sets apart."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from llmops_cli.domain.changes import TextChange
from llmops_cli.domain.diff import Diff, EvalsetDiff, PartialChange, PromptDiff
from llmops_cli.domain.prompt import PROMPTS_DIR
from llmops_cli.engine.events import Observer
from llmops_cli.errors import NothingSelectedError, did_you_mean
from llmops_cli.files.settings_file import SETTINGS_FILE
from llmops_cli.workflows.diff.answers import Answers
from llmops_cli.workflows.diff.effect import Compared, Effects
from llmops_cli.workflows.diff.evalsets import compare_evalsets
from llmops_cli.workflows.diff.pairs import PromptPair, pair_up
from llmops_cli.workflows.diff.prompts import compare_prompts
from llmops_cli.workflows.diff.renamed import first_name
from llmops_cli.workflows.diff.sides import Between, Loaded, read_sides
from llmops_cli.workflows.project import ELSEWHERE, Project
from llmops_cli.workflows.versions.revisions import Revisions
from llmops_cli.workflows.wiring import CallOptions


@dataclass(frozen=True, slots=True)
class DiffOptions:
    """What `llmops diff` was asked. `names` select prompts and golden sets."""

    arguments: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    calls: CallOptions = CallOptions(calls=False)


def diff(project: Project, options: DiffOptions, observe: Observer) -> Diff:
    """Compare two revisions. Raises UserError for wrong revisions, NothingSelectedError for unknown names."""
    revisions = Revisions(project)
    try:
        between = read_sides(revisions, options.arguments)
        _check_there_is_a_project(project, between)
        return _Diffing(revisions, between, options, observe).run()
    finally:
        revisions.close()


def _check_there_is_a_project(project: Project, between: Between) -> None:
    for side in (between.before, between.after):
        if side.prompt_paths or side.evalset_paths or side.raw(SETTINGS_FILE):
            return
    titles = f"{between.before.about.title} or in {between.after.about.title}"
    raise NothingSelectedError(f"there is no project in {project.root}, in {titles}", hint=ELSEWHERE)


class _Diffing:
    def __init__(
        self, revisions: Revisions, between: Between, options: DiffOptions, observe: Observer
    ) -> None:
        self.project = revisions.project
        self.between = between
        self.options = options
        self._revisions = revisions
        self._observe = observe
        self._names = (*options.names, *between.names)

    def run(self) -> Diff:
        before, after = self.between.before, self.between.after
        self._check_names()
        compared = [(pair, found) for pair in self._pairs() if (found := compare_prompts(pair)) is not None]
        every = [found for _, found in compared]
        evalsets = compare_evalsets(before, after, self.between.changed, every)
        chosen = [(pair, found) for pair, found in compared if self._selects(*pair.names)]
        effects = Effects(self.project)
        answers = Answers(
            self.project, {"before": before.tree, "after": after.tree}, self.options.calls, self._observe
        )
        prompts = self._with_effect(chosen, effects, answers)
        return Diff(
            before=before.about,
            after=after.about,
            prompts=tuple(sorted(prompts, key=lambda prompt: prompt.name)),
            partials=tuple(_partials(prompts)),
            evalsets=tuple(found for found in evalsets if self._selects_evalset(found)),
            notes=(*self._notes(), *effects.notes, *answers.notes),
            ran=self.options.calls.calls,
            interrupted=answers.interrupted,
        )

    def _pairs(self) -> list[PromptPair]:
        """Prompts that may differ, each with its other side."""
        before, after, changed = self.between.before, self.between.after, self.between.changed
        repository = self._revisions.repository
        names = sorted(before.touched(changed, repository) | after.touched(changed, repository))
        both = [PromptPair(before.prompt(name), after.prompt(name)) for name in names]
        removed = [pair.before for pair in both if pair.after is None and pair.before is not None]
        added = [pair.after for pair in both if pair.before is None and pair.after is not None]
        pairs = [pair for pair in both if pair.before is not None and pair.after is not None]
        return [*pairs, *pair_up(removed, added, self._renames(removed, added))]

    def _renames(self, removed: Sequence[Loaded], added: Sequence[Loaded]) -> dict[str, str]:
        """New path to old, as the commits between the sides tell it; whichever side is the older one."""
        if not removed or not added:
            return {}
        repository = self._revisions.repository
        first = self.between.before.about.commit
        second = self.between.after.about.commit
        one = first.sha if first else "HEAD"
        other = second.sha if second else (repository.head or one)
        forward = repository.renames_between(one, other, PROMPTS_DIR)
        backward = repository.renames_between(other, one, PROMPTS_DIR)
        return {
            **{first_name(prompt.path, backward): prompt.path for prompt in removed},
            **{prompt.path: first_name(prompt.path, forward) for prompt in added if forward},
        }

    def _with_effect(
        self, chosen: Sequence[tuple[PromptPair, PromptDiff]], effects: Effects, answers: Answers
    ) -> list[PromptDiff]:
        """Requests of both versions, and the answers to those that changed, collected in one go."""
        sets: list[list[Compared]] = [
            effects.of(pair) if found.digest_before != found.digest_after else [] for pair, found in chosen
        ]
        known = iter(answers.of([compared for each in sets for compared in each]))
        redact = self.project.settings.redact
        prompts: list[PromptDiff] = []
        for (_, found), each in zip(chosen, sets, strict=True):
            measured = tuple(compared.effect(redact) for compared in each)
            told = tuple(next(known) for _ in each)
            changed = [effect.changed > 0 for effect in measured]
            kept = tuple(answer for answer, wanted in zip(told, changed, strict=True) if wanted)
            prompts.append(replace(found, effects=measured, answers=kept))
        return prompts

    # -- names

    def _check_names(self) -> None:
        """Every name must stand for something on a side or today."""
        if not self._names:
            return
        before, after = self.between.before, self.between.after
        prompts = {*before.prompt_paths, *after.prompt_paths, *self.project.prompt_paths}
        evalsets = {*before.evalset_paths, *after.evalset_paths}
        for word in self._names:
            if not any(_matches(word, name) for name in prompts | evalsets):
                hint = did_you_mean(word, sorted(prompts)) or "`llmops list` names the prompts"
                raise NothingSelectedError(f"neither side has a prompt {word!r}", hint=hint)

    def _selects(self, *names: str) -> bool:
        return not self._names or any(_matches(word, name) for word in self._names for name in names)

    def _selects_evalset(self, found: EvalsetDiff) -> bool:
        """Named itself, or by a prompt it uses."""
        if self._selects(found.name, *([found.before_name] if found.before_name else [])):
            return True
        sides = ((self.between.before, found.before_name or found.name), (self.between.after, found.name))
        used: list[str] = []
        for side, name in sides:
            path = side.evalset_paths.get(name)
            text = side.raw(path).decode("utf-8", "replace") if path else ""
            used += [prompt for prompt in side.prompt_paths if prompt in text]
        return self._selects(*used)

    def _notes(self) -> list[str]:
        if SETTINGS_FILE not in self.between.changed:
            return []
        return [f"{SETTINGS_FILE} differs between the sides; requests of both are made with today's"]


def _matches(word: str, name: str) -> bool:
    """A name, a path, a folder or a pattern."""
    plain = word.removeprefix("./").removeprefix("prompts/").removeprefix("evalsets/")
    plain = plain.removesuffix(".yaml").removesuffix(".yml").rstrip("/")
    return name == plain or fnmatchcase(name, plain) or name.startswith(plain + "/")


def _partials(prompts: Sequence[PromptDiff]) -> list[PartialChange]:
    """Each changed partial once, with the prompts it touches."""
    users: dict[str, list[str]] = {}
    texts: dict[str, TextChange] = {}
    for prompt in prompts:
        for text in prompt.partials:
            texts.setdefault(text.title, text)
            users.setdefault(text.title, []).append(prompt.name)
    return [PartialChange(texts[title], tuple(sorted(names))) for title, names in sorted(users.items())]
