"""Snapshot: a world as it is saved, to go on as if it had never stopped: columns by table, balances, the rest as JSON."""

import contextlib
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sim.engine.settings import BadInput
from sim.ground import paths
from sim.results.files import whole_file
from sim.service import Service
from sim.state import State
from sim.version import __version__


def write(path: Path, state: State, services: Iterable[Service], more: Mapping[str, Any]) -> None:
    """Write a state after today, and what `more` there is to say of it, whole or not at all."""
    about = {
        "version": __version__,
        "scenario": state.scenario.model_dump(),
        "set_by_hand": list(state.scenario.set_by_hand),
        "scenario_hash": state.scenario.digest(),  # while its network lies where it says
        "day": state.day,
        "slow": state.measured_slowly,
        "network": state.friends.digest(),
        "sectors": state.ledger.sizes,
        "services": [service.note() for service in services],
        **more,
    }
    columns = {
        f"{name}/{column}": values for name, table in state.tables.items() for column, values in table.arrays().items()
    }
    said = np.frombuffer(json.dumps(about, default=_plain).encode(), np.uint8)
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **columns, ledger=state.ledger.balance, about=said)
    with whole_file(path) as temporary:
        temporary.write_bytes(content.getbuffer())


def read(path: str | Path, services: Iterable[Service]) -> dict[str, Any]:
    """What a saved world says of itself.

    Raises:
        BadInput: the file is no saved world, or one of another version, or of services that are not given as they were.
    """
    with _opened(path) as saved:
        about: dict[str, Any] = json.loads(saved["about"].tobytes())
        if about["version"] != __version__:
            raise BadInput(f"{path}: a world of version {about['version']}, and this is {__version__}: save it again")
        _check_services(path, about.get("services", ()), services)
        return about


def fill(state: State, path: str | Path, about: Mapping[str, Any]) -> None:
    """Put what a saved world was into one that was just born; what the saved one had no room for stays as it is.

    Raises:
        BadInput: one of its tables has other columns than it has now.
    """
    with _opened(path) as saved:
        for name, table in state.tables.items():
            had = {column.partition("/")[2] for column in saved.files if column.startswith(f"{name}/")}
            if had and (other := had ^ set(table.arrays())):
                raise BadInput(
                    f"{path}: {name} had other columns when it was saved ({', '.join(sorted(other))}): the code of hongbao has "
                    "changed since; save it again"
                )
            for column, values in table.arrays().items():
                if had and saved[f"{name}/{column}"].size:
                    values[...] = saved[f"{name}/{column}"]
        state.ledger.restore(about["sectors"], saved["ledger"])
    state.measured_slowly = dict(about["slow"])


@contextlib.contextmanager
def _opened(path: str | Path) -> Iterator[Any]:
    """The arrays of a saved world, read as they are asked for."""
    path = paths.given(path)
    if not path.exists():
        raise BadInput(f"{path}: {paths.missing(path, 'saved world')}")
    try:
        with np.load(path) as file:
            yield file
    except (OSError, ValueError, KeyError, EOFError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"{path}: not a saved world, or damaged; `hongbao run --save-at DAY` writes one") from None


def _check_services(path: str | Path, had: Iterable[Mapping[str, str]], given: Iterable[Service]) -> None:
    """Refuse to open a world without the services of one's own that it had, or with another state of them."""
    known = {service.name: service for service in given}
    for one in had:
        if one["name"] not in known:
            raise BadInput(
                f"{path}: the saved world has the service {one['name']!r} of {one['module']}: name it with --service "
                f"{one['module']}:NAME, or services=[...] in Python"
            )
        if known[one["name"]].digest != one["file_hash"]:
            raise BadInput(f"{path}: service {one['name']!r} is not as it was when the world was saved: save it again")


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)
