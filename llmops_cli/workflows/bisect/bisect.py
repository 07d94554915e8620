"""`llmops bisect`: the version that broke it, found by evaluating few of those between good and bad."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llmops_cli.domain.bisect import (
    Bisected,
    Border,
    CaseKey,
    Estimate,
    Health,
    Tried,
    first_bad,
)
from llmops_cli.domain.history import Version
from llmops_cli.domain.prompt import PROMPTS_DIR, Prompt
from llmops_cli.domain.revision import parse_reference
from llmops_cli.engine.events import Observer
from llmops_cli.errors import NoVerdictError, UserError
from llmops_cli.workflows.bisect.border import Borders, Lies, Looked
from llmops_cli.workflows.bisect.estimate import estimated
from llmops_cli.workflows.bisect.measuring import Measuring
from llmops_cli.workflows.bisect.rulers import read_sets
from llmops_cli.workflows.versions.log import ordinals_of
from llmops_cli.workflows.versions.revisions import Revisions
from llmops_cli.workflows.versions.versions import Standing
from llmops_cli.workflows.wiring import CallOptions

WORKTREE = "the worktree"


@dataclass(frozen=True, slots=True)
class BisectOptions:
    """What `llmops bisect` was asked; `bad` None means the worktree where it differs from HEAD, else HEAD."""

    name: str
    good: str
    bad: str | None = None
    case: str | None = None
    evalset: str | None = None
    trials: int | None = None
    calls: CallOptions = CallOptions()


def bisect(revisions: Revisions, options: BisectOptions, observe: Observer) -> Bisected:
    """Find the first bad version.

    Raises UserError where the range or the good end is wrong, NoVerdictError where an end cannot be judged,
    KeyboardInterrupt where the user stopped it.
    """
    return _Bisection(revisions, options, observe).run()


def estimate(revisions: Revisions, options: BisectOptions) -> Estimate:
    """What it would take at most; nothing is asked. Raises UserError as `bisect` does."""
    return _Bisection(revisions, options, lambda _: None).estimate()


@dataclass(frozen=True)
class _End:
    """One end of the range. `commit` is where it stands: for the worktree, HEAD."""

    label: str
    commit: str
    prompt: Prompt
    version: Version


class _Bisection:
    def __init__(self, revisions: Revisions, options: BisectOptions, observe: Observer) -> None:
        reference = parse_reference(options.name)
        if reference.revision or reference.label:
            raise UserError(f"{options.name!r} names a revision", hint="the range is --good and --bad")
        self.name = reference.name
        self.options = options
        self.revisions = revisions
        self.repository = revisions.repository
        self.versions = revisions.versions
        self.bad = self._bad_end()
        self.good = self._good_end()
        if self.good.prompt.digest == self.bad.prompt.digest:
            hint = f"`llmops log {self.name}` lists the versions; name an older --good"
            both = f"--good {self.good.label} and --bad {self.bad.label}"
            raise UserError(f"{both} hold the same version of {self.name}: nothing lies between", hint=hint)
        self.old = {c.commit.sha for c in self.repository.changes((PROMPTS_DIR,), self.good.commit)}
        self.line = self._line(self.bad)
        self.ordinals = self._ordinals()
        self.sets = read_sets(revisions.project, self.name, options.evalset, options.case)
        self.measuring = Measuring(revisions.project, self.sets, options.trials, options.calls, observe)
        self.borders = Borders(self.measuring, self.good.prompt, self.bad.prompt)
        self.tried: dict[str, Tried] = {}

    def run(self) -> Bisected:
        """Measure both ends, search between them, and make sure of what was found."""
        passing = self._passing()
        broken, notes = self._broken(passing)
        good = self._note(self.good.version, Health.GOOD)
        if not broken:
            bad = self._note(self.bad.version, Health.GOOD)
            if self.measuring.varying(self.bad.prompt, passing):
                notes.append(
                    "answers may vary, and what fails now and then can pass: --trials asks more often"
                )
            return self._result(good, bad, notes)
        bad = self._note(self.bad.version, Health.BAD)
        line, tip, ends = self.line, self.bad.label, (good.version, bad.version)
        while True:
            if not line:
                raise NoVerdictError(
                    f"{tip} is older than {self.good.label} and bad already: it was mended in between",
                    hint="name an older --good",
                )
            places = first_bad(len(line), lambda place, line=line: self._health(line[place - 1], broken))  # type: ignore[misc]
            if len(places) > 1:
                found = [self._tried(line[place - 1], broken) for place in places]
                return self._result(good, bad, notes, candidates=found)
            guilty = line[places[0] - 1]
            before = self.versions.before(guilty)
            worse = next((s for s in before if self._standing_health(s, broken) is Health.BAD), None)
            if worse is None:
                looked = self._look(guilty, before, broken)
                if looked.lies in (Lies.EARLIER, Lies.LATER):
                    self.tried = {key: t for key, t in self.tried.items() if t.version in ends}
                    continue
                return self._found(good, bad, guilty, before, broken, notes, looked.border)
            # merged branches: what stood before it is bad too, so the search goes on along that line
            tip = worse.commit[:10]
            line = self._line(self._end_at(tip, worse))

    def estimate(self) -> Estimate:
        """The most that `run` would take where every version can be judged."""
        ends = (self.good.prompt, self.bad.prompt)
        return estimated(self.measuring, list(self.sets.cases), ends, [one.prompt for one in self.line])

    # -- the range

    def _bad_end(self) -> _End:
        wanted, project = self.options.bad, self.revisions.project
        head = self.repository.resolve("HEAD")
        if wanted is not None:
            return self._end(wanted)
        committed = self.versions.exists(self.name, head)
        if self.name not in project.prompt_paths or (not committed and not self._history(head)):
            return self._end("HEAD")
        current = project.prompt(self.name)
        if committed and self.versions.at(self.name, head).digest == current.digest:
            return self._end("HEAD")
        version = Version(self.name, project.prompt_paths[self.name], None, current)
        return _End(WORKTREE, head, current, version)

    def _good_end(self) -> _End:
        good = self._end(self.options.good)
        base = self.repository.merge_base(good.commit, self.bad.commit)
        if base == good.commit:
            return good
        if base == self.bad.commit:
            hint = "bisect looks for what broke it, from an older --good to a newer --bad"
            raise UserError(f"--good {good.label} is newer than --bad {self.bad.label}", hint=hint)
        hint = f"their histories part at {base[:10]}: try --good {base[:10]}"
        raise UserError(f"--good {good.label} is no part of the history of --bad {self.bad.label}", hint=hint)

    def _end(self, text: str) -> _End:
        """The prompt at a revision, or behind `:label`; in another name where it was renamed since."""
        commit = self._labelled(text[1:]) if text.startswith(":") else self.repository.resolve(text)
        label = text if text == commit or text.startswith(commit[:10]) else f"{text} ({commit[:10]})"
        if self.versions.exists(self.name, commit):
            name = self.name
        else:
            old = {change.commit.sha for change in self.repository.changes((PROMPTS_DIR,), commit)}
            known = (v for v in self._history(self.repository.resolve("HEAD")) if _sha(v) in old)
            name = next((v.name for v in known if self.versions.exists(v.name, commit)), self.name)
        prompt = self.revisions.at(name, commit)
        return self._end_at(label, Standing(name, commit, prompt))

    def _end_at(self, label: str, standing: Standing) -> _End:
        assert standing.prompt is not None
        history = self.versions.history(standing.name, standing.commit)
        version = next((v for v in history if v.digest == standing.prompt.digest), None)
        return _End(label, standing.commit, standing.prompt, version or self._version(standing))

    def _labelled(self, label: str) -> str:
        digest = self.revisions.target(self.name, label).digest
        for version in self._history(self.repository.resolve("HEAD")):
            if version.digest == digest and version.commit is not None:
                return version.commit.sha
        self.revisions.prompt(f"{self.name}@:{label}")  # says why it is not to be found
        raise UserError(f"label {label!r} points at a version that is not committed")

    def _history(self, commit: str) -> list[Version]:
        return list(self.versions.history(self.name, commit))

    def _line(self, end: _End) -> list[Version]:
        """The versions after the good end that this end's content came from, oldest first."""
        name = end.version.name if end.version.commit else self.name
        history = list(self.versions.history(name, end.commit))
        if end.version not in history:
            history.insert(0, end.version)
        line = [version for version in history if _sha(version) not in self.old]
        kept = {history.index(end.version)}
        for place, version in enumerate(history):
            if place not in kept or version not in line:
                continue
            for standing in self.versions.before(version):
                key = _content(standing)
                came_from = (n for n in range(place + 1, len(history)) if _content(history[n]) == key)
                found = next(came_from, None)
                if found is None:  # a merge of files that no commit changed itself: nothing is left out
                    return line[::-1]
                kept.add(found)
        # a branch whose content was merged away is no part of how it came to be
        return [version for place, version in enumerate(history) if place in kept and version in line][::-1]

    def _version(self, standing: Standing) -> Version:
        """What stands at a commit, as if that commit had brought it."""
        path = f"{PROMPTS_DIR}/{standing.name}.yaml"
        commit = self.repository.commit(standing.commit)
        return Version(standing.name, path, commit, standing.prompt, standing.error)

    # -- judging

    def _passing(self) -> list[CaseKey]:
        """The cases that pass at the good end; all others say nothing about what broke."""
        keys = list(self.sets.cases)
        measured = self.measuring.measure(self.good.prompt, keys)
        passing = [key for key in keys if measured.passed[key]]
        if passing:
            return passing
        label = self.good.label
        failing = [key for key in keys if measured.passed[key] is False]
        if not failing:
            raise NoVerdictError(f"--good {label} cannot be judged: {measured.reason(keys)}")
        what = f"{failing[0]} fails" if len(keys) == 1 else "every case fails"
        hint = f"name an older one; `llmops log {self.name}` lists the versions"
        raise UserError(f"{what} at --good {label} already", hint=hint)

    def _broken(self, passing: Sequence[CaseKey]) -> tuple[list[CaseKey], list[str]]:
        """Those that fail at the bad end, and notes on those that could not be judged there."""
        measured = self.measuring.measure(self.bad.prompt, passing)
        broken = [key for key in passing if measured.passed[key] is False]
        unjudged = [key for key in passing if measured.passed[key] is None]
        if unjudged and not broken:
            why = measured.reason(unjudged)
            raise NoVerdictError(f"--bad {self.bad.label} cannot be judged: {unjudged[0]}: {why}")
        if unjudged:
            names = ", ".join(str(key) for key in unjudged[:5])
            return broken, [f"{len(unjudged)} cases cannot be judged at {self.bad.label}: {names}"]
        return broken, []

    def _health(self, version: Version, keys: Sequence[CaseKey]) -> Health:
        return self._tried(version, keys).health

    def _tried(self, version: Version, keys: Sequence[CaseKey]) -> Tried:
        known = self.tried.get(_content(version))
        if known is not None and known.version == version:
            return known
        if version.prompt is None:
            return self._note(version, Health.UNJUDGED, f"invalid: {version.error}")
        health, reason = self._measure(version.prompt, keys)
        return self._note(version, health, reason)

    def _standing_health(self, standing: Standing, keys: Sequence[CaseKey]) -> Health:
        return Health.UNJUDGED if standing.prompt is None else self._measure(standing.prompt, keys)[0]

    def _measure(self, prompt: Prompt, keys: Sequence[CaseKey]) -> tuple[Health, str]:
        measured = self.measuring.measure(prompt, keys)
        passed = [measured.passed[key] for key in keys]
        if False in passed:
            return Health.BAD, ""
        return (Health.UNJUDGED, measured.reason(keys)) if None in passed else (Health.GOOD, "")

    def _look(self, guilty: Version, before: Sequence[Standing], broken: Sequence[CaseKey]) -> Looked:
        """Ask again beside the border. Merged branches are told apart from the first that stood before it."""
        replaced = before[0].prompt if before else self.good.prompt
        assert guilty.prompt is not None
        if replaced is None or any(self._standing_health(s, broken) is Health.UNJUDGED for s in before):
            return Looked(Lies.OPEN)
        measured = self.measuring.measure(guilty.prompt, broken)
        return self.borders.look(
            replaced, guilty.prompt, [key for key in broken if measured.passed[key] is False]
        )

    # -- the result

    def _note(self, version: Version, health: Health, reason: str = "") -> Tried:
        key = version.digest or f"invalid:{version.commit}"
        tried = Tried(version, self.ordinals.get(key, len(self.ordinals) + 1), health, reason)
        self.tried[_content(version)] = tried
        return tried

    def _ordinals(self) -> dict[str, int]:
        name = self.bad.version.name if self.bad.version.commit else self.name
        return ordinals_of(list(self.versions.history(name, self.bad.commit)))

    def _found(
        self,
        good: Tried,
        bad: Tried,
        guilty: Version,
        before: Sequence[Standing],
        broken: Sequence[CaseKey],
        notes: Sequence[str],
        border: Border | None,
    ) -> Bisected:
        unsure = [
            standing for standing in before if self._standing_health(standing, broken) is Health.UNJUDGED
        ]
        if unsure:
            found = [self._tried(self._version(unsure[0]), broken), self._tried(guilty, broken)]
            return self._result(good, bad, notes, candidates=found)
        tried = self._tried(guilty, broken)
        assert guilty.prompt is not None
        cases = self.measuring.broken(guilty.prompt, broken)
        later = [key for key in broken if key not in {case.key for case in cases}]
        replaced = before[0].prompt if before else None
        return self._result(
            good, bad, notes, guilty=tried, before=replaced, broken=cases, later=tuple(later), border=border
        )

    def _result(self, good: Tried, bad: Tried, notes: Sequence[str], **found: Any) -> Bisected:
        found["candidates"] = tuple(found.get("candidates", ()))
        return Bisected(
            name=self.name,
            good=good,
            bad=bad,
            between=len(self.line),
            tried=tuple(sorted(self.tried.values(), key=lambda tried: tried.ordinal)),
            effort=self.measuring.effort,
            notes=tuple(notes),
            **found,
        )


def _sha(version: Version) -> str | None:
    return version.commit.sha if version.commit else None


def _content(one: Version | Standing) -> str:
    """Tells contents apart; invalid ones by what is wrong with them."""
    return one.prompt.digest if one.prompt else f"invalid: {one.error}"
