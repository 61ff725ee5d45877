"""Whether the answer holds under other assumptions: who is best in how many futures, and what the wrong choice costs."""

from sim.report.compared import Compared
from sim.report.page import Cell, Fold, Row, Section, Table
from sim.report.wording import HEADLINES, counted, in_words, number, shown
from sim.results.futures import GAP, Futures, Standing, chance, leader

HEAD = (
    "", "Best in", "With other luck", "With other futures", "Settled", "Mean", "± futures", "± luck", "Worst tenth",
    "Mean regret", "Largest regret",
)  # fmt: skip


def futures(seen: Compared) -> Section | None:
    """Who is best in how many futures."""
    it = seen.comparison.futures
    if it is None:
        return None
    unit = unit_of(it)
    aim = f"{HEADLINES.get(it.metric, it.metric)}{', ' if in_words(unit)[1] else ''}{in_words(unit)[1]}"
    first = leader(it.standings)
    rows: list[Row] = [
        (Cell(seen.titles[name], best=name == first), *_cells(standing, unit, len(it.points), name == first))
        for name, standing in it.standings.items()
    ]
    table = Table(f"{aim}: how each stands over {counted(len(it.points), 'future')}", HEAD, rows)
    return Section("futures", "Whether it holds", [*_told(it), table, Fold("The futures, one by one", [_each(seen, it)]),
                                                   Fold("What was drawn", [_drawn(it)]), *_held(it)])  # fmt: skip


def unit_of(it: Futures) -> str:
    """Unit of the values: of money, a person's."""
    return f"{it.unit} a person" if it.per_person else it.unit


def _told(it: Futures) -> list[str]:
    redrawn = f" {counted(it.redrawn, 'point')} that settings refuse were drawn again." if it.redrawn else ""
    less = "the smallest" if it.better == "less" else "the largest"
    what = (
        f"{counted(len(it.points), 'future')}, each a point of the ranges that {counted(len(it.assumptions), 'assumption')} "
        f"declare; every strategy lives each with the same luck, {counted(len(it.seeds), 'seed')} of it.{redrawn} The "
        f"best in a future has {less} mean over its seeds. Two things are uncertain, and more runs settle only one: luck, "
        "by more seeds, and the assumptions, by knowing more about the world."
    )
    meant = (
        "Regret is what the best strategy of a future has more. The ranges are wide and drawn independently, so this says "
        "how far the answer depends on them, not how likely each future is."
    )
    return [what, meant]


def _cells(it: Standing, unit: str, futures: int, first: bool) -> list[Cell | str]:
    """A strategy's standing, as it is read."""
    return [
        Cell(f"{100 * it['wins']:.0f}{GAP}%", it["wins"], best=first),
        _range(it["wins_luck_low"], it["wins_luck_high"]),
        _range(it["wins_low"], it["wins_high"]),
        Cell(f"{it['settled']:,} of {futures:,}", it["settled"]),
        *(
            Cell("unknown") if value is None else Cell(number(value, unit), value)
            for value in (it["mean"], it["by_assumptions"], it["by_luck"], it["worst_tenth"], it["regret"])
        ),
        Cell(number(it["most_regret"], unit), it["most_regret"]),
    ]


def _range(low: float | None, high: float | None) -> Cell:
    if low is None or high is None:
        return Cell("unknown")
    return Cell(f"{100 * low:.0f} to {100 * high:.0f}{GAP}%")


def _each(seen: Compared, it: Futures) -> Table:
    """A row a future: what each strategy has, and which is best, how surely."""
    unit, rows = unit_of(it), list[Row]()
    for at, (best, chances) in enumerate(zip(it.best, it.chances, strict=True)):
        means = {name: sum(values[at]) / len(values[at]) for name, values in it.values.items()}
        sure = chances.get(best or "")
        said = "alike" if best is None else seen.titles[best]
        cells = (Cell(number(mean, unit), mean, best=name == best) for name, mean in means.items())
        rows.append((str(at + 1), *cells, said, "unknown" if sure is None else Cell(chance(sure), sure)))
    head = ("Future", *(seen.titles[name] for name in it.values), "Best", "As far as luck goes")
    return Table("Mean over seeds in each future", head, rows)


def _drawn(it: Futures) -> Table:
    rows: list[Row] = [
        (Cell(a["name"], notes=(a["meaning"],)), shown(a["low"]), shown(a["high"]), a["unit"], a["law"])
        for a in it.assumptions
    ]
    return Table("Assumptions and their ranges", ("", "From", "To", "Unit", "Law"), rows, wordy=True)


def _held(it: Futures) -> list[Fold]:
    rows: list[Row] = [(name, why) for name, why in it.held.items()]
    return [Fold("What was held still", [Table("Assumptions that were not drawn", ("", "Why"), rows, wordy=True)])]
