"""What was decided and what was assumed: what differs in a comparison, all of it in a run."""

from collections.abc import Mapping
from typing import Any

from sim.report.compared import Compared
from sim.report.page import Cell, Fold, Row, Section, Table
from sim.report.wording import counted, plain, shown
from sim.results.runs import Result


def levers(seen: Compared) -> Section | None:
    """Every decided value that differs."""
    differing = seen.comparison.decided
    if not differing:
        text = "No decided value differs: the scenarios are the same strategy."
        return Section("levers", "What each decides", [text]) if seen.others else None
    notes = {note["name"]: note for note in seen.manifest.get("parameters", [])}
    rows: list[Row] = []
    for it in differing:
        note = notes.get(it["name"], {})
        unit = "" if note.get("unit") in ("switch", "word", "share", None) else f" ({note['unit']})"
        about = (note["meaning"] + unit,) if note.get("meaning") else ()
        same = shown(it["values"].get(seen.baseline))
        cells = (
            Cell(text := shown(it["values"].get(name)), tone="" if text != same or name == seen.baseline else "unsure")
            for name in seen.names
        )
        rows.append((Cell(it["name"], notes=about), *cells))
    return Section(
        "levers",
        "What each decides",
        [
            "The strategies differ in these decided values and in nothing else."
            if not seen.comparison.unfair
            else "The strategies differ in these decided values, and in the assumptions named above.",
            Table("Decided values that differ", ("", *seen.titles.values()), rows, wordy=True),
        ],
    )


def parameters(result: Result) -> Section | None:
    """What was decided and what was assumed."""
    notes = result.manifest.get("parameters", [])
    texts = {"decided": "What the platform decides", "assumed": "What is assumed of people and firms"}
    folds = []
    for origin in dict.fromkeys([*texts, *(note["origin"] for note in notes)]):
        mine = [note for note in notes if note["origin"] == origin]
        rows: list[Row] = [
            (
                note["name"],
                shown(note["value"]),
                _unit_of(note),
                _limits(note),
                note["meaning"],
                note.get("source") or "",
            )
            for note in mine
        ]
        if rows:
            title = texts.get(origin, plain(origin) if origin else "Who, and how long")
            table = Table(title, ("", "Value", "Unit", "Range", "Meaning", "Source"), rows, wordy=True)
            folds.append(Fold(f"{title}, {counted(len(rows), 'value')}", [table]))
    return Section("parameters", "Parameters", list(folds)) if folds else None


def _unit_of(note: Mapping[str, Any]) -> str:
    return "" if note.get("unit") == "word" else str(note.get("unit") or "")


def _limits(note: Mapping[str, Any]) -> str:
    low, high = note.get("low"), note.get("high")
    if note.get("unit") in ("switch", "word") or (low is None and high is None):
        return ""
    return f"{'any' if low is None else shown(low)} to {'any' if high is None else shown(high)}"
