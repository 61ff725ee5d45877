"""TOML files: read as text that says what is wrong with it, and values written back."""

import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sim.engine.settings import BadInput
from sim.ground import packaged, paths

PATHS = ("friends.file", "rival.strategy")  # settings that are paths


def placed(name: str, value: Any, folder: Path) -> Any:
    """A setting's value as a file in `folder` means it: a path is seen from there, a scenario may be one of ours."""
    if name not in PATHS or not isinstance(value, str) or not value:
        return value
    if name == "rival.strategy" and not paths.problem_with(value):
        return str(paths.resolved(packaged.scenario_file(value, folder, name)))
    return paths.seen_from(folder, value)


def read_toml(path: Path, what: str, chain: Sequence[Path] = ()) -> tuple[str, dict[str, Any]]:
    """The text of a TOML file, and its values.

    Args:
        what: the kind of file, for messages.
        chain: files that extend one another, the last of them this one.

    Raises:
        BadInput: if it cannot be read.
    """
    try:
        text = paths.text_of(path)
        return text, tomllib.loads(text)
    except FileNotFoundError:
        extended = f", which {chain[-1].name} extends" if chain else ""
        said = paths.missing(path, f"{what}{extended}", lambda near: _may_be_meant(near, chain))
        said += packaged.instead_of(path) if what == "scenario file" and "did you mean" not in said else ""
        raise BadInput(f"{path}: {said}") from None
    except IsADirectoryError:
        raise BadInput(f"{path}: a folder; name one file, a {what}") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path}: cannot be read: not text in UTF-8: save it in that encoding") from None
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {paths.loop_of_links(path) or error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path}: not valid TOML: {error}") from None


def _may_be_meant(file: Path, chain: Sequence[Path]) -> bool:
    """Whether a file might be the one that somebody misnamed: a TOML file, and none that extends it."""
    return file.suffix == ".toml" and file.is_file() and file.resolve() not in chain


def toml(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    if isinstance(value, str):  # JSON's escapes are TOML's, but TOML wants DEL escaped too
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)
