"""`llmops log`: the versions of a prompt, what each changed, and how it did when it was accepted."""

from collections.abc import Iterator, Sequence
from itertools import dropwhile

from llmops_cli.domain.baseline import Baseline
from llmops_cli.domain.evalset import EVALSETS_DIR
from llmops_cli.domain.history import LogEntry, Record, Version
from llmops_cli.domain.prompt import Prompt
from llmops_cli.domain.revision import Reference
from llmops_cli.domain.tree import read_bytes
from llmops_cli.errors import NothingSelectedError, UserError, did_you_mean
from llmops_cli.files.baseline_file import parse_baseline
from llmops_cli.files.case_files import BASELINE_ENDING
from llmops_cli.workflows.project import ELSEWHERE
from llmops_cli.workflows.versions.revisions import Revisions

_MAX_NAMED = 3


def log(revisions: Revisions, reference: Reference) -> list[LogEntry]:
    """The versions of a prompt, newest first; an uncommitted one comes before them.

    A label begins the list at the version it points at.

    Raises UserError without git, NothingSelectedError for a name that never was.
    """
    repository = revisions.repository
    name, revision = reference.name, reference.revision or "HEAD"
    versions = list(revisions.versions.history(name, revision))
    committed = list(versions)
    if revision == "HEAD" and name in revisions.project.prompt_paths:
        versions = _with_worktree(revisions, name, versions)
    if not versions:
        hint = did_you_mean(name, list(revisions.project.prompt_paths))
        if repository.head is None:
            hint = "this repository has no commit yet"
        elif not revisions.project.prompt_paths:
            hint = ELSEWHERE
        raise NothingSelectedError(f"history knows no prompt {name!r}", hint=hint)
    ordinals = ordinals_of(committed)
    baselines = _Baselines(revisions)
    entries: list[LogEntry] = []
    for place, version in enumerate(versions):
        older = versions[place + 1] if place + 1 < len(versions) else None
        newer = versions[place - 1] if place else None
        key = version.digest or f"invalid:{version.commit}"
        ordinal = ordinals.get(key, len(ordinals) + 1)
        labels = tuple(revisions.labels_of(version.name, version.digest))
        entries.append(
            LogEntry(version, ordinal, labels, phrase(version, older), _records(baselines, version, newer))
        )
    if reference.label is None:
        return entries
    digest = revisions.target(name, reference.label).digest
    return list(dropwhile(lambda entry: entry.version.digest != digest, entries))


def ordinals_of(versions: Sequence[Version]) -> dict[str, int]:
    """Digest to ordinal, counted from the oldest (the list is newest first)."""
    ordinals: dict[str, int] = {}
    for version in reversed(versions):
        key = version.digest or f"invalid:{version.commit}"
        ordinals.setdefault(key, len(ordinals) + 1)
    return ordinals


def phrase(version: Version, older: Version | None) -> str:
    """What a version changed against the one before, in a few words."""
    if version.prompt is None:
        return f"invalid: {version.error}"
    if older is None:
        return "first version"
    renamed = [f"was {older.name}"] if older.name != version.name else []
    if older.prompt is None:
        return "; ".join(["valid again", *renamed])
    return "; ".join(_changes(older.prompt, version.prompt) + renamed) or "same content"


def _changes(before: Prompt, after: Prompt) -> list[str]:
    found: list[str] = []
    if before.model != after.model:
        found.append(f"model {before.model or 'default'} → {after.model or 'default'}")
    for name in sorted({*before.params, *after.params}):
        old, new = before.params.get(name, "unset"), after.params.get(name, "unset")
        if old != new:
            found.append(f"{name} {old} → {new}")
    added, removed = set(after.inputs) - set(before.inputs), set(before.inputs) - set(after.inputs)
    found += [f"input +{name}" for name in sorted(added)] + [f"input -{name}" for name in sorted(removed)]
    kept = [(before.inputs[n], after.inputs[n]) for n in before.inputs if n in after.inputs]
    found += [f"input {new.name}" for old, new in kept if (old.type, old.default) != (new.type, new.default)]
    found += _text_changes(before, after)
    found += ["tools"] if list(before.tools) != list(after.tools) else []
    found += ["output schema"] if before.output_schema != after.output_schema else []
    return found


def _text_changes(before: Prompt, after: Prompt) -> list[str]:
    old_texts = [text.text for text in before.template_texts()]
    new_texts = [text.text for text in after.template_texts()]
    roles_before = [getattr(message, "role", "insert") for message in before.messages]
    roles_after = [getattr(message, "role", "insert") for message in after.messages]
    found: list[str] = []
    if roles_before != roles_after:
        found.append(f"messages {len(roles_before)} → {len(roles_after)}")
    elif old_texts != new_texts:
        changed = [
            role for role, old, new in zip(roles_after, old_texts, new_texts, strict=False) if old != new
        ]
        found.append(f"{' and '.join(dict.fromkeys(changed)) or 'a'} message")
    partials = sorted(
        name
        for name in {*before.partials, *after.partials}
        if before.partials.get(name) != after.partials.get(name)
    )
    return found + [f"partial {name}" for name in partials[:_MAX_NAMED]]


def _with_worktree(revisions: Revisions, name: str, versions: list[Version]) -> list[Version]:
    project = revisions.project
    path = project.prompt_paths[name]
    try:
        current = Version(name, path, None, project.prompt(name))
    except UserError as error:
        current = Version(name, path, None, None, error.problems[0].message)
    if revisions.versions.is_committed(name):
        return versions
    return [current, *versions]


def _records(baselines: "_Baselines", version: Version, newer: Version | None) -> tuple[Record, ...]:
    """From the baselines as they stood while this version was the current one, at the end of that time."""
    if version.digest is None:
        return ()
    found: list[Record] = []
    for path, data in baselines.before(newer):
        if version.digest.encode() not in data:
            continue
        try:
            baseline = parse_baseline(data.decode("utf-8", "replace"), path)
        except UserError:  # an old baseline may be broken; the log goes on
            continue
        found += _records_of(baseline, version.digest)
    return tuple(found)


class _Baselines:
    """The baselines of each time; most stay as they are from version to version, and are read once."""

    def __init__(self, revisions: Revisions) -> None:
        self._revisions = revisions
        self._blobs: dict[str, bytes] = {}

    def before(self, newer: Version | None) -> Iterator[tuple[str, bytes]]:
        """Path and bytes of every baseline just before a version came; today's where there is none."""
        if newer is None:
            tree = self._revisions.project.tree
            paths = [path for path in tree.list(EVALSETS_DIR) if path.endswith(BASELINE_ENDING)]
            yield from ((path, read_bytes(tree, path) or b"") for path in paths)
            return
        repository = self._revisions.repository
        if newer.commit is None:
            commit = repository.head
        else:
            commit = newer.commit.parents[0] if newer.commit.parents else None
        files = {} if commit is None else repository.blob_ids(commit, EVALSETS_DIR)
        for path, blob in sorted(files.items()):
            if path.endswith(BASELINE_ENDING):
                if blob not in self._blobs:
                    self._blobs[blob] = repository.blob_by_id(blob)
                yield path, self._blobs[blob]


def _records_of(baseline: Baseline, digest: str) -> list[Record]:
    evalset = baseline.path.removeprefix(f"{EVALSETS_DIR}/").removesuffix(BASELINE_ENDING)
    counts: dict[str, tuple[int, int]] = {}
    for (_, variant), lines in baseline.lines.items():
        for line in lines:
            if line.prompt == digest:
                passed, answers = counts.get(variant, (0, 0))
                counts[variant] = passed + line.count * line.passed, answers + line.count
    return [
        Record(evalset, variant, answers, passed / answers, _cost(baseline, variant))
        for variant, (passed, answers) in counts.items()
    ]


def _cost(baseline: Baseline, variant: str) -> float | None:
    summary = baseline.summaries.get(variant)
    return summary.cost if summary else None
