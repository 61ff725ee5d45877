"""The folder of a sweep: what lies there before, the points and the description that are written first."""

import contextlib
import datetime
import hashlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sim.declared import metrics_of
from sim.engine.settings import BadInput, limits
from sim.experiments.claim import check_inputs, plan_in, strangers
from sim.experiments.machine import machine
from sim.experiments.plan import Plan, fingerprint
from sim.experiments.plan_axes import Axis
from sim.experiments.worker import CODE
from sim.ground import paths
from sim.results.files import whole_file, write_json
from sim.results.folders import REPORT
from sim.results.sweep_folders import ABOUT, PLAN, POINTS, TABLE, canonical, read_summaries
from sim.results.sweeps import Sweep
from sim.version import __version__

TOGETHER = 5_000  # rows written at a time
UNKNOWN = "unknown"  # which code made the runs of a sweep whose description was damaged


class SweepNote(UserWarning):
    """Something about a sweep that whoever reads it should know."""


def folder_of(plan: Plan, out: str | Path | None) -> Path:
    """Where a plan's runs go."""
    return Path("outputs", plan.name) if out is None else paths.given(out, "out")


def check_earlier(folder: Path, plan: Plan) -> dict[str, Any] | None:
    """What an earlier sweep in the folder says of itself, if there is one.

    Raises:
        BadInput: the folder holds another result, somebody's files, runs of another version, or a damaged sweep of
            another plan, or the plan is made of a file that would be written over.
    """
    check_inputs(folder, plan)
    if paths.kind_of(folder) in ("run", "comparison"):
        raise BadInput(f"{folder} holds another result: choose another folder with --out")
    if not (folder / ABOUT).exists():
        if strange := strangers(folder):
            raise BadInput(
                f"{folder} holds {strange[0]}, which no sweep wrote there, and a sweep would write over such files: "
                "choose an empty or new folder with --out"
            )
        return None
    try:
        about = Sweep.load(folder).about
    except BadInput:
        return _described_anew(folder, plan)
    if about["version"] != __version__:
        raise BadInput(
            f"{folder} holds runs of version {about['version']}, and this is {__version__}: they do not belong in one "
            "table; choose another folder with --out"
        )
    return about


def _described_anew(folder: Path, plan: Plan) -> dict[str, Any]:
    """What a sweep whose description is damaged would say, if its plan is the one given."""
    if plan_in(folder) == plan.text:
        _note(f"{folder / ABOUT} is damaged: a sweep writes it anew, but which code its runs were made with is lost")
        return _about(plan) | {"code": UNKNOWN}
    raise BadInput(
        f"{folder / ABOUT} is damaged, and {folder / PLAN} is not the plan given, {plan.path}: give the plan that the "
        f"folder was made with, or remove {ABOUT}: runs that {plan.path} asks for too are kept then; or choose another "
        "folder with --out"
    )


def begin(plan: Plan, folder: Path, earlier: dict[str, Any] | None) -> dict[str, Any]:
    """Check every point, and write down what is asked for."""
    about = _about(plan)
    _write_points(plan, folder)
    if earlier is not None and earlier["plan"] != about["plan"]:
        _note(
            f"{folder} holds runs of another plan: those that this one asks for too are kept and used, the others lie "
            "beside them unused"
        )
    if earlier is not None and earlier["code"] != about["code"]:
        if earlier["code"] != UNKNOWN:
            _note(
                f"the model's code has changed since the runs in {folder} were made, though its version has not: "
                "finished runs are kept; to make all of them anew choose another folder with --out"
            )
        about["code"] = UNKNOWN if earlier["code"] == UNKNOWN else "mixed"
    if plan.unfair:
        said = ", ".join(found["name"] for found in plan.unfair)
        _note(f"the comparison is unfair, for not only decisions differ between scenarios: {said}")
    with whole_file(folder / PLAN) as part:
        part.write_text(plan.text, encoding="utf-8")
    write_json(folder / ABOUT, about)
    for name in (TABLE, REPORT):  # of an earlier sweep
        (folder / name).unlink(missing_ok=True)
    return about


def _note(said: str) -> None:
    warnings.warn(said, SweepNote, stacklevel=5)


def now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _about(plan: Plan) -> dict[str, Any]:
    """`sweep.json`: what is asked for."""
    settings = {it.name: it for it in plan.scenarios[0].parameters()}
    return {
        "version": __version__,
        "code": CODE,
        "services": [service.note() for service in plan.scenarios[0].services],
        "name": plan.name,
        "title": plan.title,
        "plan": hashlib.sha256(plan.text.encode()).hexdigest(),
        "scenarios": [scenario.name for scenario in plan.scenarios],
        "titles": {scenario.name: scenario.title for scenario in plan.scenarios},
        "seeds": plan.seeds,
        "users": plan.scenarios[0].run.users,
        "days": plan.scenarios[0].run.days,
        "points": plan.size // len(plan.scenarios) // len(plan.seeds),
        "runs": plan.runs,
        "factors": [
            settings[name]._asdict()
            | _limits(plan, name)
            | _varied(axis, name)
            | {"only": sorted(plan.only.get(name, ()))}
            for axis in plan.axes
            for name in axis.names
        ],
        "sample": None if plan.file.sample is None else plan.file.sample.model_dump(),
        "chosen": plan.file.metrics,
        "save_days": plan.file.save_days,
        "unfair": plan.unfair,
        "set_by_hand": {scenario.name: scenario.set_by_hand for scenario in plan.scenarios},
        "metrics": {name: metric.note() for name, metric in metrics_of(plan.scenarios[0].services).items()},
        "machine": machine(),
        "started": now(),
        "went": None,
    }


def _limits(plan: Plan, name: str) -> dict[str, Any]:
    """Beyond which values a factor cannot go."""
    section, _, key = name.partition(".")
    return dict(zip(("least", "most"), limits(type(getattr(plan.scenarios[0], section)), key), strict=True))


def _varied(axis: Axis, name: str) -> dict[str, Any]:
    """The values that a factor takes, or the range that they are drawn from."""
    at = axis.names.index(name)
    if axis.drawn:
        return {"drawn": True, "values": [min(p[at] for p in axis.points), max(p[at] for p in axis.points)]}
    return {"drawn": False, "values": [canonical(value) for value in dict.fromkeys(p[at] for p in axis.points)]}


def _write_points(plan: Plan, folder: Path) -> None:
    """Resolve, and so check, every scenario at every point; so many rows at a time, however many."""
    with whole_file(folder / POINTS) as part, contextlib.ExitStack() as stack:
        writer: pq.ParquetWriter | None = None
        for rows in _together(_rows(plan)):
            table = pa.Table.from_pandas(pd.DataFrame(rows), preserve_index=False)
            if writer is None:
                writer = stack.enter_context(pq.ParquetWriter(part, table.schema, compression="zstd"))
            writer.write_table(table.cast(writer.schema))


def _rows(plan: Plan) -> Iterator[dict[str, Any]]:
    for point in plan.points():
        values = {name: canonical(value) for name, value in point.values.items()}
        for scenario in plan.scenarios:
            hashed = fingerprint(plan.resolve(scenario, point))
            yield {"point": point.number, "draw": point.draw, "scenario": scenario.name, "hash": hashed} | values


def _together(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) == TOGETHER:
            yield batch
            batch = []
    if batch:
        yield batch


def read_hashes(folder: Path) -> Iterator[str]:
    """The hashes of resolved scenarios, in the order of `_rows`: on the way through, only what is missing is resolved."""
    with pq.ParquetFile(folder / POINTS) as points:
        for batch in points.iter_batches(TOGETHER, columns=["hash"]):
            yield from batch.column(0).to_pylist()


# After


def write_summaries(found: Sweep) -> None:
    """Write the summaries of all runs into one file, so many at a time."""
    names = list(found.about["metrics"])
    schema = pa.schema([("run", pa.string()), *((name, pa.float64()) for name in names)])
    with whole_file(found.folder / TABLE) as part, pq.ParquetWriter(part, schema, compression="zstd") as writer:
        runs = found.rows()["run"].unique()
        for first in range(0, len(runs), TOGETHER):
            table = read_summaries(found.folder, runs[first : first + TOGETHER], names)
            table.insert(0, "run", table.index)
            writer.write_table(pa.Table.from_pandas(table, schema=schema, preserve_index=False))
