"""How it was run: seeds, size, time by phase, machine, network."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sim.report import figures
from sim.report.compared import Compared
from sim.report.figures import figure
from sim.report.page import Cell, Fold, Part, Row, Section, Table
from sim.report.wording import by_hand, number, seconds, short, shown, spaced, spans
from sim.results.runs import Result


def how_it_was_run(seen: Compared) -> Section | None:
    """Seeds, size, time, machine."""
    runs = [manifest for one in seen.gathered.values() for manifest in one.manifests]
    facts = [
        ("Scenarios", ", ".join(seen.names)),
        ("Baseline", seen.baseline),
        ("Seeds", spans(seen.comparison.seeds)),
        ("Set by hand", "; ".join(seen.by_hand)),
        ("People", f"{seen.users:,}"),
        ("Days", f"{seen.days:,}"),
    ]
    if runs:
        facts.append(("Time of all runs together", seconds(sum(float(m.get("seconds", 0)) for m in runs))))
    if "seconds" in seen.comparison.manifest:
        facts.append(("Time on the clock", seconds(float(seen.comparison.manifest["seconds"]))))
    facts += _circumstances(seen.manifest, max((int(m.get("peak_memory_bytes", 0)) for m in runs), default=0))
    for name, one in seen.gathered.items():
        facts.append((f"Hash of {name}", str(one.manifests[0].get("scenario_hash", ""))[:16]))
    said: list[Row] = [(name, value) for name, value in facts if value]
    parts: list[Part] = [Table("How it was run", ("", ""), said, wordy=True)]
    phases = {name: _mean_phases(one.manifests) for name, one in seen.gathered.items()}
    order = list(dict.fromkeys(phase for found in phases.values() for phase in found))
    if order:
        rows: list[Row] = [(phase, *(_seconds(phases[name].get(phase, 0.0)) for name in phases)) for phase in order]
        table = Table("Seconds a run, by phase of the day", ("", *(seen.titles[name] for name in phases)), rows)
        parts.append(Fold("Seconds by phase of the day", [table]))
    return Section("run", "How it was run", parts)


def _mean_phases(manifests: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    total: Counter[str] = Counter()
    for manifest in manifests:
        for phase, spent in manifest.get("phases", {}).items():
            total[phase] += spent / len(manifests)
    return dict(total)


def run_details(result: Result) -> Section | None:
    """Time by phase, machine, network."""
    manifest = result.manifest
    facts = [
        ("Scenario", result.name),
        ("Seed", str(manifest.get("seed", ""))),
        ("Set by hand", "; ".join(by_hand({result.name: manifest.get("set_by_hand", {})}))),
        ("Hash of the scenario", str(manifest.get("scenario_hash", ""))[:16]),
        ("Time", seconds(float(manifest.get("seconds", 0)))),
        *_circumstances(manifest, int(manifest.get("peak_memory_bytes", 0))),
    ]
    parts: list[Part] = []
    phases = sorted(manifest.get("phases", {}).items(), key=lambda phase: -phase[1])
    if phases:
        total = sum(spent for _, spent in phases)
        rows: list[Row] = [
            (
                phase,
                _seconds(spent),
                Cell(number(spent / total if total else 0.0, "share"), spent / total if total else 0.0),
            )
            for phase, spent in phases
        ]
        drawn = figure(
            "phases", "Seconds by phase of the day",
            figures.stacked([phase for phase, _ in phases], [("Seconds", [spent for _, spent in phases])], "seconds"),
            f"Seconds by phase; most in {phases[0][0]}, {short(phases[0][1])} of {short(total)}.",
            Table("Seconds by phase", ("", "Seconds", "Share"), rows),
        )  # fmt: skip
        parts.append(drawn)
    said: list[Row] = [(name, value) for name, value in facts if value]
    return Section("run", "How it was run", [Table("How it was run", ("", ""), said, wordy=True), *parts])


def _circumstances(manifest: Mapping[str, Any], memory: int) -> list[tuple[str, str]]:
    """Start, memory, machine and network, as far as a manifest has them."""
    machine = manifest.get("machine", {})
    facts = [
        ("Started", str(manifest.get("started", ""))),
        ("Peak memory of a run", f"{memory / 2**20:,.0f} MiB" if memory else ""),
        ("Processor", str(machine.get("cpu", ""))),
        ("Cores", str(machine.get("cores", ""))),
        ("Python and numba", ", ".join(str(machine[key]) for key in ("python", "numba") if key in machine)),
        ("hongbao", str(manifest.get("version", ""))),
    ]
    facts += [(f"Network: {spaced(key)}", shown(value)) for key, value in manifest.get("network", {}).items()]
    return [(name, value) for name, value in facts if value]


def _seconds(value: float) -> Cell:
    return Cell(short(value), value)
