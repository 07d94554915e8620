"""Prompts, labels and models of a revision as one value, for applications without git.

A bundle is one line of JSON: format, digest, content. The digest is the SHA-256 of the content's bytes, so
that whether a file is whole is known before it is parsed. It guards against damage and edits by hand; it
is no signature.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from llmops_cli.domain.canonical import sha256_hex
from llmops_cli.domain.prompt import Prompt, short_digest
from llmops_cli.domain.prompt_json import prompt_from_dict, prompt_to_dict
from llmops_cli.domain.request import Price
from llmops_cli.domain.settings import ModelAlias, RunSettings, Settings
from llmops_cli.errors import Problem, UserError, did_you_mean

BUNDLE_FORMAT = 1
_DIGEST_PREFIX = "b1:"
_HEAD = re.compile(rf'\{{"format":{BUNDLE_FORMAT},"digest":"(b1:[0-9a-f]{{64}})","content":')
_WRONG = (KeyError, TypeError, ValueError, AttributeError, IndexError)
"""What reading values of the wrong shape raises."""


class BundleError(UserError):
    """A bundle is missing, damaged, altered or of another format, or does not hold what is asked of it."""


@dataclass(frozen=True, slots=True)
class BundledLabel:
    """What a label points at; `commit` is where that version was found when the label was set."""

    digest: str
    commit: str | None = None


Labels = Mapping[str, Mapping[str, BundledLabel]]


@dataclass(frozen=True)
class Bundle:
    """What a bundle holds. `prompts` are the versions of the revision itself, by name.

    `commit` is None for a worktree. `versions` holds every version as JSON, by name and digest: those of the
    revision and, beside them, those that labels point at. Of the settings it holds what a call needs.
    """

    prompts: Mapping[str, str]
    labels: Labels
    versions: Mapping[str, Mapping[str, Mapping[str, Any]]]
    commit: str | None = None
    settings: Settings = field(default_factory=Settings)

    def prompt(self, name: str, digest: str) -> Prompt:
        """A version that the bundle holds. Raises BundleError where it is not what its digest says."""
        data = self.versions.get(name, {}).get(digest)
        if data is None:
            raise BundleError(
                f"the prompt {name!r} is missing from the bundle in version {short_digest(digest)}"
            )
        try:
            prompt = prompt_from_dict(data)
            altered = prompt.digest != digest
        except _WRONG as error:
            raise BundleError(f"the prompt {name!r} in the bundle is damaged", hint=_MAKE_ANEW) from error
        if altered:
            raise _altered(f"the prompt {name!r} in the bundle was altered")
        return prompt

    def digest_at(self, name: str, label: str | None) -> BundledLabel:
        """The version that a name, or a label of it, stands for. Raises BundleError for unknown ones."""
        if name not in self.prompts and name not in self.labels:
            hint = did_you_mean(name, sorted({*self.prompts, *self.labels}))
            raise BundleError(f"unknown prompt {name!r}: the bundle does not hold it", hint=hint)
        labels = self.labels.get(name, {})
        if label is None:
            if name in self.prompts:
                return BundledLabel(self.prompts[name], self.commit)
            known = ", ".join(f"{name}@:{known}" for known in labels)
            raise BundleError(f"the bundle holds {name!r} behind labels only", hint=f"known: {known}")
        if label not in labels:
            hint = did_you_mean(label, list(labels)) or "set it with `llmops label`, and make the bundle anew"
            raise BundleError(f"the prompt {name!r} has no label {label!r} in the bundle", hint=hint)
        return labels[label]


_MAKE_ANEW = "make it anew with `llmops bundle`"


def _altered(message: str) -> BundleError:
    return BundleError(message, hint=_MAKE_ANEW)


def make_bundle(
    prompts: Mapping[str, Prompt],
    labelled: Iterable[tuple[str, Prompt]],
    labels: Labels,
    commit: str | None,
    settings: Settings,
) -> Bundle:
    """A bundle in its one order: names, labels and digests sorted.

    `labelled` are the versions that labels point at, by the name that has the label: a version from before
    a rename is called otherwise itself.
    """
    # of two with one digest the revision's own stays: its places are those one can look at
    held = {(name, prompt.digest): prompt for name, prompt in labelled}
    held |= {(name, prompt.digest): prompt for name, prompt in prompts.items()}
    versions: dict[str, dict[str, Mapping[str, Any]]] = {}
    for (name, digest), prompt in sorted(held.items(), key=itemgetter(0)):
        versions.setdefault(name, {})[digest] = prompt_to_dict(prompt)
    return Bundle(
        prompts={name: prompt.digest for name, prompt in sorted(prompts.items())},
        labels={name: dict(sorted(found.items())) for name, found in sorted(labels.items()) if found},
        versions=versions,
        commit=commit,
        settings=settings,
    )


# -- as text


def bundle_to_text(bundle: Bundle) -> str:
    """The file's text: the same for the same bundle, byte for byte."""
    content = _dump(_content(bundle))
    return f'{{"format":{BUNDLE_FORMAT},"digest":"{_digest(content)}","content":{content}}}\n'


def bundle_from_text(text: str) -> Bundle:
    """The bundle in a file's text, checked. Raises BundleError, naming the prompts that were altered."""
    head = _HEAD.match(text)
    content = text[head.end() :].removesuffix("\n").removesuffix("}") if head else ""
    if head and _digest(content) == head[1]:
        return _bundle(_parse(content))
    return _checked_slowly(text)


def _checked_slowly(text: str) -> Bundle:
    """A file that is laid out otherwise, or is not what was written: which of the two, and what is wrong."""
    data = _parse(text)
    if not isinstance(data, dict) or "format" not in data or "content" not in data:
        raise BundleError("is no bundle of llmops", hint=_MAKE_ANEW)
    if data["format"] != BUNDLE_FORMAT:
        known = f"the bundle has format {data['format']!r}, and this llmops reads {BUNDLE_FORMAT}"
        raise BundleError(known, hint="install the llmops that wrote it, or make it anew")
    bundle = _bundle(data["content"])
    problems = [problem for name in bundle.versions for problem in _wrong_versions(bundle, name)]
    if problems:
        raise BundleError(problems[0].message, problems=problems)
    if _digest(_dump(data["content"])) != data.get("digest"):
        raise _altered("the bundle was altered: its labels, models or texts are not those that were written")
    return bundle


def _wrong_versions(bundle: Bundle, name: str) -> list[Problem]:
    problems: list[Problem] = []
    for digest in bundle.versions[name]:
        try:
            bundle.prompt(name, digest)
        except BundleError as error:
            problems += error.problems
    return problems


def _digest(content: str) -> str:
    return _DIGEST_PREFIX + sha256_hex(content)


def _dump(content: Any) -> str:
    # in the order at hand, not sorted: see prompt_json.py
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"is no bundle but broken JSON: {error}", hint=_MAKE_ANEW) from error


def _content(bundle: Bundle) -> dict[str, Any]:
    settings = bundle.settings
    return {
        "commit": bundle.commit,
        "model": settings.model,
        "timeout": settings.run.timeout,
        "retries": settings.run.retries,
        "models": {name: _alias_to_dict(alias) for name, alias in sorted(settings.models.items())},
        "prompts": dict(bundle.prompts),
        "labels": {
            name: {label: _label_to_dict(target) for label, target in labels.items()}
            for name, labels in bundle.labels.items()
        },
        "versions": bundle.versions,
    }


def _bundle(content: Any) -> Bundle:
    try:
        run = RunSettings(timeout=float(content["timeout"]), retries=int(content["retries"]))
        models = {name: _alias_from_dict(name, alias) for name, alias in content["models"].items()}
        labels = {
            name: {label: BundledLabel(**target) for label, target in found.items()}
            for name, found in content["labels"].items()
        }
        return Bundle(
            prompts=dict(content["prompts"]),
            labels=labels,
            versions={name: dict(found) for name, found in content["versions"].items()},
            commit=content["commit"],
            settings=Settings(model=content["model"], models=models, run=run),
        )
    except _WRONG as error:
        raise BundleError("the bundle is damaged: a part of it is missing", hint=_MAKE_ANEW) from error


def _label_to_dict(target: BundledLabel) -> dict[str, Any]:
    return {"digest": target.digest, **({"commit": target.commit} if target.commit else {})}


def _alias_to_dict(alias: ModelAlias) -> dict[str, Any]:
    price = alias.price
    parts: dict[str, Any] = {
        "model": alias.model,
        "params": dict(alias.params),
        "api_base": alias.api_base,
        "api_key_env": alias.api_key_env,
        "price": {"input": price.input, "output": price.output} if price else None,
    }
    return {key: value for key, value in parts.items() if value not in (None, {})}


def _alias_from_dict(name: str, data: Mapping[str, Any]) -> ModelAlias:
    price = data.get("price")
    return ModelAlias(
        name,
        data["model"],
        params=data.get("params", {}),
        api_base=data.get("api_base"),
        api_key_env=data.get("api_key_env"),
        price=Price(price["input"], price["output"]) if price else None,
    )
