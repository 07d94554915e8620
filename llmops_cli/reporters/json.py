"""A result for machines: the run file's document, indented."""

import json
import re
from typing import Any

from llmops_cli.domain.comparison import Result
from llmops_cli.domain.run_json import result_to_dict


def format_json(result: Result) -> str:
    """The document of `domain/run_json.py`."""
    return format_document(result_to_dict(result))


def format_document(document: Any) -> str:
    """Plain JSON values as text that is safe on a terminal."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    # JSON escapes what lies below a space; a terminal also obeys DEL, C1 and direction marks
    return (
        re.sub(
            r"[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]",
            lambda found: f"\\u{ord(found[0]):04x}",
            text,
        )
        + "\n"
    )
