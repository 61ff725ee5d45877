"""Names: the right one that is nearest to a wrong one."""

import difflib
from collections.abc import Iterable


def nearest(name: str, valid: Iterable[str]) -> str:
    """The valid name that is nearest to one that is not, to end a message with; nothing if none is near."""
    near = difflib.get_close_matches(name, list(valid), 1, 0.5)
    return f"; did you mean {near[0]!r}?" if near else ""
