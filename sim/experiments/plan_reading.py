"""Reading a plan: its file in the form that is asked for, or a message that says what is wrong where."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from sim.engine.settings import BadInput, Settings
from sim.experiments.plan_file import Factor, PlanFile, Sample
from sim.ground.toml_files import read_toml
from sim.scenario import SECTIONS


class Written(NamedTuple):
    """A plan as its file says it.

    Attributes:
        path: the file.
        text: what it says, and what was given instead of keys of it.
        file: its keys, each of the kind that it should be.
    """

    path: Path
    text: str
    file: PlanFile

    def refuse(self, what: str) -> BadInput:
        """An error that names the file."""
        return refused(self.path, what)


def refused(path: Path, what: str) -> BadInput:
    """An error that names a file."""
    return BadInput(f"{path}: {what}")


def read_plan(path: Path, instead: Mapping[str, Any]) -> Written:
    """Read a plan's file.

    Args:
        instead: other values of its keys; those of `set`, by name, come on top of what the plan sets.

    Raises:
        BadInput: it is no plan, or a key is not of the kind that it should be.
    """
    text, written = read_toml(path, "plan")
    if "scenarios" not in written and set(written) & ({"extends", *SECTIONS} - set(PlanFile.model_fields)):
        raise refused(path, "a scenario, not a plan of a sweep: hongbao run, or hongbao compare, takes it")
    if instead:
        text = f"# with {', '.join(f'{key} = {value!r}' for key, value in instead.items())}\n{text}"
    for key in ("factors", "set"):
        if isinstance(written.get(key), dict):
            written[key] = _flat(path, written[key], key)
    written |= {key: value for key, value in instead.items() if key != "set"}
    if "set" in instead and isinstance(written.setdefault("set", {}), dict):
        written["set"] |= instead["set"]  # beside what the plan sets itself
    if isinstance(written.get("factors"), dict):
        factors = written["factors"].items()
        written["factors"] = {n: {"values": given} if isinstance(given, list) else given for n, given in factors}
    try:
        return Written(path, text, PlanFile.model_validate(written))
    except ValidationError as error:
        said = dict.fromkeys(_say(problem) for problem in error.errors())
        raise BadInput("\n".join(f"{path}: {line}" for line in said)) from None


def _flat(path: Path, given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """`"section.key" = ...` and `[where.section] key = ...` alike."""
    found: dict[str, Any] = {}
    for name, content in given.items():
        if "." in name:
            found[name] = content
        elif isinstance(content, dict) and not set(content) & set(Factor.model_fields):
            found |= {f"{name}.{key}": inner for key, inner in content.items()}
        else:
            raise refused(path, f'{where}: {name!r} is no setting: name it "section.key", as in "wallet.payer_fee"')
    return found


# Words

RULES = {  # in the words of who writes the file
    "tuple_type": "must be a list",
    "dict_type": "must be a table of names and values",
    "model_type": "must be a table of keys",
    "model_attributes_type": "must be a table of keys",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "too_short": "must have at least {min_length}",
}


def nearest(name: str, valid: Iterable[str]) -> str:
    """The valid name that a wrong one may have been meant for, as the end of a message."""
    near = difflib.get_close_matches(name, list(valid), 1, 0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


def quoted(name: Any) -> str:
    """A name as TOML writes it as a key."""
    return f'"{name}"' if "." in str(name) else str(name)


def _say(problem: Any) -> str:
    """A mistake in the form of the file, plainly."""
    place = [part + 1 if isinstance(part, int) else part for part in problem["loc"]]  # lists are counted from 1
    name = ".".join(quoted(part) for part in place)
    if place[0] == "save_days":  # one of two kinds, of which each has its own complaint
        return "save_days: must be true, false, or a list of metrics"
    if problem["type"] == "extra_forbidden":
        homes: dict[str, type[Settings]] = {"factors": Factor, "sample": Sample}
        valid = homes.get(str(place[0]), PlanFile).model_fields if len(place) > 1 else PlanFile.model_fields
        return f"{name} = {problem['input']!r}: no such key{nearest(str(place[-1]), valid)}"
    if problem["type"] == "missing":
        return f"{name} is missing: {_described(place)}"
    rule = problem["msg"].replace("Input should be", "must be").removeprefix("Value error, ")
    rule = RULES.get(problem["type"], rule).format(**problem.get("ctx", {}))
    return f"{name} = {problem['input']!r}: {rule}"


def _described(place: Sequence[Any]) -> str:
    homes: dict[str, type[Settings]] = {"factors": Factor, "sample": Sample}
    home = homes.get(str(place[0]), PlanFile) if len(place) > 1 else PlanFile
    return home.model_fields[str(place[-1])].description or "it must be given"
