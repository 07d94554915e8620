"""The baseline file: one accepted answer a line, made to be read in a pull request's diff.

First a line with the format's version, then one summary a variant, then the answers sorted by case id,
variant and trial. Keys come in a fixed order; equal answers of one case are one line with a count.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from llmops_cli.domain.baseline import BASELINE_FORMAT, Baseline, BaselineLine, RecordedScore, VariantSummary
from llmops_cli.domain.canonical import digest_of
from llmops_cli.domain.request import ToolCall
from llmops_cli.domain.serial import tool_call_from_dict, tool_call_to_dict, usage_from_dict, usage_to_dict
from llmops_cli.domain.tree import FileTree
from llmops_cli.errors import FileError, Problems, SourceLocation
from llmops_cli.files.text import read_text, strict_json

_UNSEEN = re.compile(r"[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Controls, line separators, direction marks: what a reviewer would not see, or an editor would break at; and
halves of surrogate pairs, which cannot be written as UTF-8 at all."""
_CONFLICT = ("<<<<<<< ", "=======", ">>>>>>> ", "||||||| ")
