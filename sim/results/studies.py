"""Studies on disk: one file of answers beside a log of runs, read whole or not at all."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from sim.engine.settings import BadInput
from sim.ground import paths
from sim.results.files import read_json
from sim.results.folders import no_folder

Study = TypeVar("Study")


def load_study(kind: type[Study], folder: str | Path, name: str) -> Study:
    """Read a study from its folder.

    Args:
        kind: the dataclass whose fields the file holds.
        name: of the file.

    Raises:
        BadInput: there is none, or it is damaged.
    """
    folder = paths.given(folder, "folder")
    if not folder.is_dir():
        raise BadInput(no_folder(folder) if not folder.exists() else f"{folder} is a file: give the folder")
    return whole(kind, folder / name, read_json(folder / name))


def whole(kind: type[Study], file: Path, found: Any) -> Study:
    """What a file says, as the dataclass whose fields it holds.

    Raises:
        BadInput: it lacks some.
    """
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]  # a dataclass, which a type cannot say
    missing = [name for name in names if not isinstance(found, Mapping) or name not in found]
    if missing:
        raise BadInput(f"{file} is damaged (it lacks {', '.join(missing)}): run it again")
    return kind(**{name: found[name] for name in names})
