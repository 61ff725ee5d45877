"""The page of a study: what decides who wins, what a metric depends on, and what to find out before one decides."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from sim.report import colours
from sim.report.figures import curves, effects, figure
from sim.report.page import Cell, Figure, Fold, Page, Part, Row, Section, Table, save, sections_of
from sim.report.wording import (
    GAP,
    HEADLINES,
    by_hand,
    by_hand_heading,
    chance,
    counted,
    interval,
    listed,
    measure,
    number,
    sentence,
    shown,
    spans,
)
from sim.results.intervals import SETTLED
from sim.results.sensitivities import (
    BY_CHANCE,
    DIFFERENCE,
    LEAD,
    METRIC,
    WINNER,
    About,
    Change,
    End,
    Indices,
    Sensitivity,
    matter,
    worth_finding_out,
)

SHOWN = 12  # groups of a picture, and assumptions of the table of what knowing is worth


def write(folder: Path) -> Path:
    """Write `report.html` into the folder of a study, and return its path.

    Raises:
        BadInput: the folder holds no finished one, or its file is damaged.
    """
    return save(sensitivity_page(Sensitivity.load(folder)), Path(folder))


def sensitivity_page(study: Sensitivity) -> Page:
    """The page of a study."""
    about = study.about
    size = [counted(about["users"], "person"), counted(about["days"], "day"),
            counted(len(about["scenarios"]), "strategy").replace("strategys", "strategies"),
            counted(len(study.assumptions), "assumption")]  # fmt: skip
    size.append(f"{counted(study.runs, 'run')} at most" if study.stages else counted(len(study.points), "future"))
    unfair = about.get("unfair") or []
    warning = ["The scenarios differ in what is assumed, not only in what is decided:"] if unfair else []
    for it in unfair:
        said = "; ".join(f"{_title(study, name)}: {shown(value)}" for name, value in it["values"].items())
        warning.append(f"{it['name']} ({said})")
    return Page(
        title=f"{_aim(study)}: which assumptions matter",
        subtitle=" · ".join(size),
        answer=answer(study),
        warning=warning,
        sections=sections_of(SECTIONS, study),
        version=str(about["version"]),
        by_hand=sentence(by_hand_heading(by_hand(about.get("set_by_hand") or {}, about["titles"]))),
    )


# Words


def unit_of(study: Sensitivity) -> str:
    """Unit of the values: of money, a person's."""
    return f"{study.about['unit']} a person" if study.about["per_person"] else str(study.about["unit"])


def _aim(study: Sensitivity) -> str:
    metric = str(study.about["metric"])
    return HEADLINES.get(metric, metric)


def _title(study: Sensitivity, name: str) -> str:
    """A strategy's title, told apart from others of the same."""
    titles = study.about["titles"]
    same = sum(title == titles.get(name) for title in titles.values())
    return f"{titles[name]} ({name})" if same > 1 else str(titles.get(name, name))


def called(study: Sensitivity, it: About) -> str:
    """What a quantity is, as a reader says it."""
    name = _title(study, it["scenario"])
    return {
        METRIC: f"{_aim(study)}, {name}",
        DIFFERENCE: f"{_aim(study)}, {name} against {_title(study, it['against']) if it['against'] else ''}",
        LEAD: f"The lead of {name} over the best of the others",
        WINNER: f"Whether {name} wins",
    }[it["kind"]]


def answer(study: Sensitivity) -> list[str]:
    """The plain answer: what to find out, who wins where, and what that hangs on."""
    said: list[str] = [Markup("<strong>{}</strong>").format(sentence(study.headline))]
    if study.favourite:
        values = study.values
        others = [name for name in values if name != study.favourite]
        less = study.about["better"] == "less"
        won = 0
        for at in range(len(study.points)):
            mine, best = sum(values[study.favourite][at]), [sum(values[name][at]) for name in others]
            won += mine < min(best) if less else mine > max(best)
        said.append(
            f"Over all that was drawn, {_title(study, study.favourite)} has the best mean, and is the best of all at "
            f"{won:,} of {counted(len(study.points), 'point')}."
        )
        if study.at_given is not None:
            said.append(_as_given(study))
        said.append(_what_matters(study, study.indices_of(WINNER), "Who wins"))
    else:
        said.append(_what_matters(study, study.indices[0], _aim(study)))
    return said


def _as_given(study: Sensitivity) -> str:
    place = study.at_given
    assert place is not None
    if place["winner"] is None:
        return "With the assumptions as given the first are alike."
    sure = "" if place["chance"] is None else f", as far as luck goes with {chance(place['chance'])}"
    return f"With the assumptions as given {_title(study, place['winner'])} is best{sure}."


def _what_matters(study: Sensitivity, it: Indices, what: str) -> str:
    sure = matter(it)
    if not sure:
        return f"{what} hangs surely on none of them, as far as so many points tell."
    names = [f"{row['name']} ({number(row['total'], 'share')})" for row in sure[:4]]
    return f"{what} hangs on {listed(names)}: in brackets the share of the variance that each has a part in."


# Sections


def who_wins(study: Sensitivity) -> Section | None:
    """What decides who wins, and where it turns."""
    if not study.favourite:
        return None
    it = study.indices_of(WINNER)
    parts: list[Part] = [_indices_figure(study, it, "winner")]
    if study.map is not None:
        parts.append(_map(study))
    flips = [(swing, end) for swing in study.tornado for end in (swing["low"], swing["high"]) if _turns(study, end)]
    if flips:
        rows: list[Row] = [
            (swing["name"], shown(swing["given"]), shown(end["value"]), _title(study, end["winner"] or ""),
             Cell("unknown") if end["chance"] is None else Cell(chance(end["chance"]), end["chance"]))
            for swing, end in flips
        ]  # fmt: skip
        head = ("", "As given", "At an end of its range", "Then the best is", "As far as luck goes")
        parts.append(Table("What would change the answer, one assumption at a time", head, rows))
    elif study.tornado:
        parts.append("No assumption of these alone, at either end of its range, changes who is best.")
    return Section("winner", "What decides who wins", parts)


def _turns(study: Sensitivity, end: End) -> bool:
    return (
        study.at_given is not None
        and not end["refused"]
        and end["winner"] is not None
        and end["winner"] != study.at_given["winner"]
    )


def _map(study: Sensitivity) -> Figure:
    """Who wins over the two assumptions that matter most to it."""
    it = study.map
    assert it is not None
    names = list(study.about["scenarios"])
    tints, unit = colours.of_strategies(names), unit_of(study)
    wins: list[list[curves.Win | None]] = []
    rows: list[Row] = []
    for level, line in zip(it["down_values"], it["cells"], strict=True):
        wins.append([])
        said: list[Cell | str] = []
        for cell in line:
            if cell is None:
                wins[-1].append(None)
                said.append("nobody can live here")
                continue
            sure = cell["chance"] is not None and cell["chance"] >= SETTLED
            at = None if cell["winner"] is None else names.index(cell["winner"])
            wins[-1].append(curves.Win(at, measure(cell["lead"], unit, sign=True) if at is not None else "", sure))
            settled = "" if sure else ", not settled"
            said.append("equal" if at is None else f"{_title(study, names[at])}{settled}")
        rows.append((shown(level), *said))
    across = [shown(level) for level in it["across_values"]]
    cells = [cell for line in it["cells"] for cell in line if cell is not None]
    open_yet = sum(cell["chance"] is None or cell["chance"] < SETTLED for cell in cells)
    return figure(
        "map",
        f"Who wins, by {it['across']} and {it['down']}",
        curves.winners([shown(level) for level in it["down_values"]], across, it["down"], it["across"],
                       [(_title(study, name), _title(study, name), tints[name]) for name in names], wins),
        f"A map of who is best over {it['across']} and {it['down']}; {open_yet} of {len(cells)} places are not settled.",
        Table(f"Who wins; down {it['down']}, across {it['across']}", ("", *across), rows),
        f"All other assumptions as given; {counted(len(study.about['seeds']), 'seed')}. Below each name its lead. Pale: luck "
        f"could undo it (a chance of being best under {100 * SETTLED:g}{GAP}%).",
    )  # fmt: skip


def what_it_depends_on(study: Sensitivity) -> Section | None:
    """Indices of each strategy's metric, and of each difference."""
    asked = [it for it in study.indices if it["kind"] == DIFFERENCE] + [
        it for it in study.indices if it["kind"] == METRIC
    ]
    pictured = asked[: max(1, min(3, len(study.about["scenarios"]) - 1))]
    parts: list[Part] = [_how_indices(study)]
    parts += [_indices_figure(study, it, f"indices-{at}") for at, it in enumerate(pictured)]
    rest = [it for it in study.indices if it not in pictured and it["kind"] != WINNER]
    if rest:
        parts.append(Fold("The same of every strategy, and of the lead", [_indices_table(study, it) for it in rest]))
    return Section("depends", "What it depends on", parts)


def _how_indices(study: Sensitivity) -> str:
    drawn = "All assumptions were drawn together over their ranges. "
    if study.method == "model":
        how = "The model itself lived at Saltelli’s points, and intervals are the bootstrap’s."
    else:
        how = (
            f"A Gaussian process learned from {counted(len(study.points), 'point')} stands for the model. Intervals hold what "
            "so few points leave open, and are widened by what the process misses of points that were held out."
        )
    return (
        f"{drawn}{how} A first index is the share of the variance that an assumption explains alone, a total index what it "
        "has a part in. What is missing to 100 % is due to all other assumptions and luck."
    )


def _indices_figure(study: Sensitivity, it: Indices, name: str) -> Figure:
    rows = [
        effects.Part(row["name"], row["first"], row["total"], row["total_low"], row["total_high"]) for row in it["rows"]
    ]
    largest = it["rows"][0]
    return figure(
        name,
        called(study, it),
        effects.parts(rows),
        f"Sobol's indices of: {called(study, it)}. The largest total is that of {largest['name']}, "
        f"{number(largest['total'], 'share')}.",
        _indices_table(study, it),
        _error_of(study, it),
    )


def _error_of(study: Sensitivity, it: Indices) -> str:
    said = []
    if it["explained"] is not None and it["root_mean_square"] is not None:
        q2, error = it["explained"], measure(it["root_mean_square"], unit_of(study))
        of = "its lead, from which who wins follows, " if it["kind"] == WINNER else ""
        worth = "" if q2 > 0 else ": no better than the mean, so that nothing here is a signal"
        said.append(f"Of {of}held-out points the emulator foretells {number(q2, 'share')} of the variance (Q²); it errs by "
                    f"{error}{worth}.")  # fmt: skip
    if it["luck"] is not None:
        said.append(f"Luck’s share of the variance is {number(it['luck'], 'share')}.")
    return " ".join(said)


def _indices_table(study: Sensitivity, it: Indices) -> Table:
    rows: list[Row] = [
        (
            row["name"],
            Cell(number(row["first"], "share"), row["first"],
                 notes=(interval(row["first_low"], row["first_high"], "share", sign=False),)),
            Cell(number(row["total"], "share"), row["total"],
                 notes=(interval(row["total_low"], row["total_high"], "share", sign=False),)),
        )
        for row in it["rows"]
    ]  # fmt: skip
    return Table(called(study, it), ("", "First index", "Total index"), rows)


def tornado(study: Sensitivity) -> Section | None:
    """Each assumption at the ends of its range, all others as given."""
    if not study.tornado or study.at_given is None:
        return None
    kind = DIFFERENCE if study.favourite else METRIC
    asked = [it for it in study.at_given["figures"] if it["kind"] == kind]
    parts: list[Part] = [
        f"One assumption at a time, all others as given: how far each end of its range moves what is asked, in "
        f"{counted(len(study.about['seeds']), 'seed')} paired by seed. Lines are {GAP}95{GAP}% intervals for luck.".replace(
            f"are {GAP}", "are "
        )
    ]
    parts += [_tornado(study, it, f"tornado-{at}") for at, it in enumerate(asked)]
    rest = [it for it in study.at_given["figures"] if it not in asked]
    if rest:
        parts.append(Fold("The same of every strategy, and of the lead", [_tornado_table(study, it) for it in rest]))
    return Section("tornado", "One assumption at a time", parts)


def _at(end: End, of: About) -> Change | None:
    keys = ("kind", "scenario", "against")
    return next((it for it in end["figures"] if all(it[key] == of[key] for key in keys)), None)  # type: ignore[literal-required]


def _tornado(study: Sensitivity, it: Change, name: str) -> Figure:
    unit = unit_of(study)
    rows = []
    for swing in study.tornado:
        ends = [_at(swing[side], it) for side in ("low", "high")]
        low, high = (None if end is None else (end["mean"], end["low"], end["high"]) for end in ends)
        rows.append(
            effects.Bar(swing["name"], (shown(swing["low"]["value"]), shown(swing["high"]["value"])), low, high)
        )
    rows.sort(key=lambda row: -max((abs(side[0]) for side in (row.low, row.high) if side is not None), default=0.0))
    middle = interval(it["low"], it["high"], unit)
    return figure(
        name,
        called(study, it),
        effects.tornado(rows, unit),
        f"What each end of each assumption's range changes in: {called(study, it)}. The first is {rows[0].label}.",
        _tornado_table(study, it),
        f"As given: {measure(it['mean'], unit, sign=it['kind'] != METRIC)} ({middle}). At the end of each bar the "
        "assumption’s value there.",
    )


def _tornado_table(study: Sensitivity, it: Change) -> Table:
    unit, rows = unit_of(study), list[Row]()
    for swing in study.tornado:
        cells: list[Cell | str] = [Cell(shown(swing["given"]), swing["given"])]
        for end in (swing["low"], swing["high"]):
            change = _at(end, it)
            cells.append(Cell(shown(end["value"]), end["value"]))
            if change is None:
                cells.append(f"nobody can live there: {end['refused']}")
            else:
                note = interval(change["low"], change["high"], unit)
                cells.append(Cell(number(change["mean"], unit, sign=True), change["mean"], notes=(note,)))
        rows.append((swing["name"], *cells))
    head = ("", "As given", "Low end", "Change there", "High end", "Change there")
    return Table(f"{called(study, it)}: change, {measure(0, unit).lstrip('0').strip(GAP)}", head, rows)


def screening(study: Sensitivity) -> Section | None:
    """Morris's effects: of groups, then of the assumptions of those that matter."""
    if not study.screenings:
        return None
    kind = {WINNER: LEAD}.get(study.about["question"], study.about["question"])
    unit, parts = unit_of(study), list[Part]()
    parts.append(
        "First whole sections were moved together, then, one by one, the assumptions of the sections that matter "
        f"({listed(study.groups)}). The mean size of an effect is how much is changed by going over the whole range "
        "(Morris’s μ*); luck moves something too, so that no effect is quite 0."
    )
    for it in study.screenings:
        for of in it["quantities"]:
            if of["kind"] != kind:
                continue
            rows: list[Row] = [
                (row["name"], Cell(number(row["mu_star"], unit), row["mu_star"]),
                 Cell(number(row["half_width"], unit), row["half_width"]))
                for row in of["effects"]
            ]  # fmt: skip
            caption = f"{it['moved'].capitalize()}, {counted(it['trajectories'], 'trajectory').replace('ys', 'ies')}: {called(study, of)}"
            table = Table(caption, ("", "Mean size of effect", "± 95 % interval"), rows)
            parts.append(table if len(rows) <= SHOWN else Fold(caption, [table]))
    return Section("screening", "What was screened", parts)


def how_it_was_made(study: Sensitivity) -> Section | None:
    """The budget, and what was drawn and held."""
    parts: list[Part] = []
    if study.stages:
        rows: list[Row] = [
            (it["stage"], *(Cell(f"{it[key]:,}", it[key]) for key in ("points", "seeds", "runs")))
            for it in study.stages
        ]
        rows.append(("all", "", "", Cell(f"{study.runs:,}", study.runs)))
        parts.append(Table("At most so many points, seeds of each, and runs of all strategies together",
                           ("", "Points", "Seeds", "Runs"), rows))  # fmt: skip
        parts.append(f"Every point is lived by all strategies with the same seeds: {spans(study.about['seeds'])}.")
    else:
        parts.append(
            f"From the {counted(len(study.points), 'future')} of a saved comparison; no run was made for this page."
        )
    drawn: list[Row] = [
        (Cell(it["name"], notes=(it["meaning"],)), shown(study.given.get(it["name"])), shown(it["low"]),
         shown(it["high"]), it["unit"], it["law"])
        for it in study.assumptions
    ]  # fmt: skip
    head = ("", "As given", "From", "To", "Unit", "Law")
    parts.append(Fold("What was drawn", [Table("Assumptions and their ranges", head, drawn, wordy=True)]))
    held: list[Row] = [(name, why) for name, why in study.held.items()]
    parts.append(Fold("What was held still", [Table("Assumptions that were not drawn", ("", "Why"), held, wordy=True)]))
    return Section("made", "How it was made", parts)


def worth(study: Sensitivity) -> Section | None:
    """What to find out before one decides."""
    it = study.information
    if it is None:
        return None
    known = {row["name"] for row in worth_finding_out(it)}
    unit = it["unit"]

    def amount(row: Mapping[str, Any]) -> Cell:
        return Cell(_three(row["worth"]), row["worth"], notes=(f"{_three(row['low'])} to {_three(row['high'])}",))

    order: Sequence[Mapping[str, Any]] = sorted(it["each"], key=lambda row: (row["name"] not in known, -row["worth"]))
    rows: list[Row] = [(Cell("all of them", best=True), amount(it["all"]), "")]
    rows += [
        (Cell(row["name"], notes=(_meaning(study, row["name"]),)), amount(row),
         Cell(f"{100 * row['by_chance']:.3g}{GAP}%", row["by_chance"], tone="" if row["name"] in known else "unsure"))
        for row in order[:SHOWN]
    ]  # fmt: skip
    told = (
        "Who decides now takes the strategy with the best mean. Who knew an assumption first would take the best for its "
        f"value: what that adds, on average over its range, is what finding it out is worth. The {counted(len(it['each']), 'assumption')} "
        f"are each tried on {counted(it['points'], 'point')}; the last column is how often one that says nothing "
        f"would look worth as much, were it the best of all, and under {100 * BY_CHANCE:g}{GAP}% it is taken for more than luck. "
        "Ranges are as declared, wide and independent: they say what could be, not how likely it is."
    )
    table = Table(f"What knowing is worth, {unit}", ("", "Worth", "By chance alone"), rows)
    return Section(
        "worth", "Before you decide", [told, table, Markup("<strong>{}</strong>").format(sentence(study.headline))]
    )


def _three(value: float) -> str:
    return f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"


def _meaning(study: Sensitivity, name: str) -> str:
    return next(it["meaning"] for it in study.assumptions if it["name"] == name)


SECTIONS: tuple[Callable[[Sensitivity], Section | None], ...] = (
    who_wins,
    what_it_depends_on,
    tornado,
    screening,
    how_it_was_made,
    worth,
)
