"""The one importer of Jinja2: the parts of it that this package builds on.

Import this module, and `environment`, `analysis` and `failures` which need it, inside the function that
uses them; Jinja2 takes 50 ms to load.
"""

from jinja2 import BaseLoader, StrictUndefined, Template, TemplateNotFound, TemplateSyntaxError, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.filters import FILTERS
from jinja2.idtracking import VAR_LOAD_RESOLVE
from jinja2.runtime import LoopContext, Macro, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedFormatter
from jinja2.tests import TESTS
from jinja2.utils import missing, pass_context
from jinja2.visitor import NodeTransformer

__all__ = [
    "FILTERS",
    "TESTS",
    "VAR_LOAD_RESOLVE",
    "BaseLoader",
    "CodeGenerator",
    "Frame",
    "ImmutableSandboxedEnvironment",
    "LoopContext",
    "Macro",
    "NodeTransformer",
    "SandboxedFormatter",
    "SecurityError",
    "StrictUndefined",
    "Template",
    "TemplateNotFound",
    "TemplateSyntaxError",
    "Undefined",
    "UndefinedError",
    "missing",
    "nodes",
    "pass_context",
]
