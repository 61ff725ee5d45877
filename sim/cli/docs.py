"""What functions say of themselves, read from their source where Python was told to forget it (`python -OO`)."""

import ast
import contextlib
import inspect
import textwrap
from collections.abc import Callable
from typing import Any


def said_of(function: Callable[..., Any]) -> str:
    """A function's docstring, or "" where it has none."""
    if said := inspect.getdoc(function):
        return said
    with contextlib.suppress(OSError, TypeError, SyntaxError):
        node = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
        if isinstance(node, ast.FunctionDef):
            return ast.get_docstring(node) or ""
    return ""
