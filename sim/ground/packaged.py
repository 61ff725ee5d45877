"""Scenarios that come with hongbao: found by name, from wherever one stands.

In a wheel they lie in the package; in a checkout they are the files of the repository's folder.
"""

import os
from pathlib import Path

from sim.engine.names import nearest
from sim.engine.settings import BadInput
from sim.ground import paths

PREFIX = "hongbao:"  # says that one of ours is meant, whatever lies beside
PACKAGE = Path(__file__).parents[1]


def folder() -> Path:
    """Where they lie."""
    inside = PACKAGE / "scenarios"
    return inside if inside.is_dir() else PACKAGE.parent / "scenarios"


def names() -> list[str]:
    """Their names, in order."""
    return sorted(file.stem for file in folder().glob("*.toml"))


def scenario_file(text: paths.Given, seen_from: Path = Path(), what: str = "") -> Path:
    """The scenario file that somebody means.

    A name that begins with `hongbao:` is one of ours. So is a bare word, without a slash or .toml, unless a file of
    exactly that name lies there. Anything else is a path.

    Args:
        seen_from: folder from which a relative path is seen.
        what: begins the message, as in "extends".

    Raises:
        BadInput: it is no path, or none of ours has such a name.
    """
    word, path = os.fsdecode(text), paths.given(text, what)
    asked = word.removeprefix(PREFIX)
    if asked == word and (Path(word).name != word or word.endswith(".toml") or os.path.lexists(seen_from / path)):
        return seen_from / path
    known = names()
    if asked in known:
        return folder() / f"{asked}.toml"
    where = f"{what} = {word!r}" if what else word
    beside = [] if asked != word else sorted(file.name for file in seen_from.glob("*.toml"))
    file = f"; did you mean {f'{word}.toml'!r}?" if f"{word}.toml" in beside else ""
    neither = "no such scenario file, and none" if asked == word else "no scenario"
    near = file or nearest(asked, [*known, *beside]) or "; `hongbao scenarios` lists them"
    raise BadInput(f"{where}: {neither} of that name comes with hongbao{near}")


def instead_of(path: Path) -> str:
    """What ends the message of a file that is not there: the scenario of ours that has its name, if one has."""
    return f"; {PREFIX + path.stem!r} comes with hongbao" if path.suffix == ".toml" and path.stem in names() else ""
