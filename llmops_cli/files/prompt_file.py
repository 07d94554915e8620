"""A prompt's YAML file to a Prompt."""

import posixpath
from collections.abc import Mapping as AbstractMapping
from typing import Any, get_args

from llmops_cli.domain.prompt import (
    INPUT_TYPES,
    PROMPTS_DIR,
    ImagePart,
    InputSpec,
    InputType,
    InsertMessages,
    MessageTemplate,
    Prompt,
    TemplateText,
    TextPart,
)
from llmops_cli.domain.tree import FileTree
from llmops_cli.errors import FileError, Problems, SourceLocation, did_you_mean
from llmops_cli.files.binding import describe, fits
from llmops_cli.files.fields import Fields
from llmops_cli.files.labels_file import LABELS_FILE
from llmops_cli.files.params import read_params
from llmops_cli.files.references import named_files, read_data_file, read_image, read_template_file
from llmops_cli.files.text import read_text
from llmops_cli.files.yaml_source import Node, Scalar, Sequence, kind_of, parse_yaml, plain

ROLES = ("system", "developer", "user", "assistant", "tool")
_ENDINGS = (".yaml", ".yml")
DEFAULT_TYPES: dict[InputType, Any] = {
    "string": str, "integer": int, "number": float, "boolean": bool, "list": list[Any], "object": dict[str, Any],
    "messages": list[Any],
}  # fmt: skip
"""What the default of an input may be; null stands for nothing at all."""


def prompt_paths(tree: FileTree) -> dict[str, str]:
    """Every prompt's name and path, sorted by name; what begins with `_` is a part of prompts, not one.

    Raises FileError where two files would have one name.
    """
    paths = [p for p in tree.list(PROMPTS_DIR) if p.endswith(_ENDINGS) and p != LABELS_FILE]
    whole = [path for path in paths if not posixpath.basename(path).startswith("_")]
    return named_files(whole, prompt_name, "prompt")


def prompt_name(path: str) -> str:
    """`prompts/support/escalation.yaml` is called "support/escalation"."""
    return posixpath.splitext(_below_prompts(path))[0]


def _below_prompts(path: str) -> str:
    """The path from `prompts/` on; `posixpath.relpath` asks for the working directory each time."""
    plain = path.removeprefix(f"{PROMPTS_DIR}/")
    return plain if plain != path else posixpath.relpath(path, PROMPTS_DIR)


def read_prompt(tree: FileTree, path: str) -> Prompt:
    """A prompt without its partials (templating finds those). Raises FileError with every mistake."""
    text = read_text(tree, path)
    if text is None:
        raise FileError("there is no such prompt file", where=SourceLocation(path))
    problems = Problems()
    reader = _PromptReader(tree, path, problems)
    prompt = reader.read(parse_yaml(text, path))
    # without the inputs, variables that are right would look wrong
    problems.raise_if_any(prompt if reader.inputs_are_known else None)
    return prompt


class _PromptReader:
    def __init__(self, tree: FileTree, path: str, problems: Problems) -> None:
        self.tree = tree
        self.path = path
        self.problems = problems
        self.name = prompt_name(path)
        self.inputs_are_known = True

    def read(self, root: Node) -> Prompt:
        fields = Fields(root, self.problems, "a prompt")
        output_schema = self._output(fields)
        prompt = Prompt(
            name=self.name,
            path=self.path,
            description=fields.text("description") or "",
            model=fields.text("model"),
            params=read_params(fields, self.problems),
            inputs=self._inputs(fields),
            messages=self._messages(fields),
            tools=self._tools(fields),
            output_schema=output_schema,
            places=_places(fields),
        )
        fields.done()
        return prompt

    def _inputs(self, fields: Fields) -> dict[str, InputSpec]:
        before = len(self.problems)
        entries = fields.entries("inputs")
        self.inputs_are_known = len(self.problems) == before  # by name: a wrong type makes no other mistake
        return {name: self._input(name, node) for name, node in entries.items()}

    def _input(self, name: str, node: Node) -> InputSpec:
        if not name.isidentifier():
            self.problems.add(
                f"the input {name!r} is no variable name", node.where, "letters, digits and _ only"
            )
        if isinstance(node, Scalar):  # short form: `ticket: string`, or `ticket:` for anything
            return InputSpec(name, self._input_type(node.value, node.where))
        fields = Fields(node, self.problems, f"input {name!r}")
        kind = self._input_type(fields.text("type"), fields.place("type"))
        has_default = fields.has("default")
        default = plain(fields.mapping.entries["default"]) if has_default else None
        if default is not None and kind is not None and not fits(default, DEFAULT_TYPES[kind]):
            wanted, given = describe(DEFAULT_TYPES[kind]), kind_of(fields.mapping.entries["default"])
            message = f"the default of the input {name!r} must be {wanted}, not {given}"
            self.problems.add(message, fields.place("default"), f"its type is {kind}")
        spec = InputSpec(name, kind, fields.text("description") or "", not has_default, default)
        fields.done()
        return spec

    def _input_type(self, value: Any, where: SourceLocation) -> InputType | None:
        if value is None:
            return None
        for kind in get_args(InputType):
            if value == kind:
                return kind  # type: ignore[no-any-return]  # get_args loses the Literal
        self.problems.add(f"unknown input type {value!r}", where, did_you_mean(str(value), INPUT_TYPES))
        return None

    def _messages(self, fields: Fields) -> tuple[MessageTemplate | InsertMessages, ...]:
        short, listed = fields.node("prompt"), fields.node("messages")
        if (short is None) == (listed is None):
            wrong = "either `messages:` or `prompt:`"
            self.problems.add(f"a prompt has {wrong}" + ("" if short is None else ", not both"), fields.where)
            return ()
        if short is not None:
            return tuple(self._content("user", short, short.where))
        before = len(self.problems)
        found = [message for node in fields.items("messages") for message in self._message(node)]
        if not found and len(self.problems) == before:
            self.problems.add("`messages:` is empty", fields.place("messages"))
        return tuple(found)

    def _message(self, node: Node) -> list[MessageTemplate | InsertMessages]:
        fields = Fields(node, self.problems, "a message")
        insert = fields.text("insert")
        if insert is not None:
            fields.done()
            return [InsertMessages(insert, node.where)]
        role = fields.text("role", required=True) or "user"
        if role not in ROLES:
            self.problems.add(f"unknown role {role!r}", fields.place("role"), did_you_mean(role, ROLES))
        content, file = fields.node("content"), fields.text("file")
        fields.done()
        if (content is None) == (file is None):
            self.problems.add("a message has either `content:` or `file:`", node.where)
            return []
        if file is not None:
            text = self._template_file(file, fields.place("file"))
            return [MessageTemplate(role, text, node.where)] if text else []
        assert content is not None
        return self._content(role, content, node.where)

    def _content(
        self, role: str, node: Node, where: SourceLocation
    ) -> list[MessageTemplate | InsertMessages]:
        if isinstance(node, Sequence):
            parts = [part for item in node.items if (part := self._part(item)) is not None]
            return [MessageTemplate(role, tuple(parts), where)]
        text = self._inline(node)
        return [MessageTemplate(role, text, where)] if text else []

    def _part(self, node: Node) -> TextPart | ImagePart | None:
        if isinstance(node, Scalar):
            text = self._inline(node)
            return TextPart(text) if text else None
        fields = Fields(node, self.problems, "a part")
        text_node, file, image = fields.node("text"), fields.text("file"), fields.node("image")
        fields.done()
        if sum(given is not None for given in (text_node, file, image)) != 1:
            self.problems.add("a part has one of `text:`, `file:`, `image:`", node.where)
            return None
        if file is not None:
            text = self._template_file(file, fields.place("file"))
        elif text_node is not None:
            text = self._inline(text_node)
        else:
            assert image is not None
            uri = self._image(image)
            return ImagePart(uri) if uri else None
        return TextPart(text) if text else None

    def _image(self, node: Node) -> TemplateText | None:
        text = self._inline(node)
        if text is None or text.text.startswith("data:") or "{{" in text.text:
            return text
        uri = read_image(self.tree, self.path, text.text, node.where, self.problems)
        return TemplateText(uri, text.name, text.where) if uri else None

    def _inline(self, node: Node) -> TemplateText | None:
        if isinstance(node, Scalar) and isinstance(node.value, str):
            return TemplateText(node.value, _below_prompts(self.path), node.text_where)
        self.problems.add(f"content must be text or a list of parts, not {kind_of(node)}", node.where)
        return None

    def _template_file(self, file: str, where: SourceLocation) -> TemplateText | None:
        found = read_template_file(self.tree, self.path, file, where, self.problems)
        if found is None:
            return None
        path, text = found
        return TemplateText(text, _below_prompts(path), SourceLocation(path, 1))

    def _tools(self, fields: Fields) -> tuple[AbstractMapping[str, Any], ...]:
        node = fields.node("tools")
        if node is None:
            return ()
        items = node.items if isinstance(node, Sequence) else [node]
        tools: list[Any] = []
        for item in items:
            value = plain(item)
            if isinstance(value, str):
                value = read_data_file(self.tree, self.path, value, item.where, self.problems)
            tools += value if isinstance(value, list) else [value]
        for tool in tools:
            if tool is not None and not (isinstance(tool, dict) and isinstance(tool.get("function"), dict)):
                hint = "as OpenAI's API has it: {type: function, function: {name, description, parameters}}"
                self.problems.add("a tool is a mapping with `function:`", node.where, hint)
        return tuple(tool for tool in tools if tool is not None)

    def _output(self, fields: Fields) -> AbstractMapping[str, Any] | None:
        node = fields.node("output")
        if node is None:
            return None
        output = Fields(node, self.problems, "`output:`")
        schema = output.node("schema")
        output.done()
        if schema is None:
            self.problems.add("`output:` has no 'schema'", node.where)
            return None
        value = plain(schema)
        if isinstance(value, str):
            value = read_data_file(self.tree, self.path, value, schema.where, self.problems)
        if value is not None and not isinstance(value, dict):
            self.problems.add("'schema' must be a JSON Schema or the path of one", schema.where)
            return None
        return value


def _places(fields: Fields) -> dict[str, SourceLocation]:
    """Where that stands which can be told to be wrong only beside the settings."""
    params = {f"params.{name}": node.where for name, node in fields.entries("params").items()}
    return params | ({"model": fields.place("model")} if fields.node("model") else {})
