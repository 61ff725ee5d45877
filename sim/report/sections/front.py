"""What can be had of several aims at once: the front, who is on it, and with which levers."""

from collections.abc import Iterator

from markupsafe import Markup

from sim.report.colours import of_strategies
from sim.report.figures import figure
from sim.report.figures.scatter import Dot, scatter
from sim.report.page import Cell, Figure, Fold, Part, Row, Section, Table
from sim.report.wording import GAP, HEADLINES, counted, in_words, interval, listed, measure, number, shown, spans
from sim.results.frontier import Aim, Frontier, FrontPoint


def unit_of(aim: Aim) -> str:
    """Unit of an aim: of money, a person's."""
    return f"{aim['unit']} a person" if aim["per_person"] else aim["unit"]


def name_of(aim: Aim) -> str:
    """An aim in words."""
    return HEADLINES.get(aim["name"], aim["name"])


def headline(found: Frontier) -> str:
    """Which strategies the front is made of, and its ends."""
    names = list(dict.fromkeys(found.titles[point["scenario"]] for point in found.points if point["front"]))
    aims = listed([name_of(aim).lower() if at else name_of(aim) for at, aim in enumerate(found.aims)])
    return f"{aims} at once: {counted(sum(p['front'] for p in found.points), 'point')} on the front, of {listed(names)}"


def answer(found: Frontier) -> list[str]:
    """The plain answer."""
    return [Markup("<strong>{}</strong>.").format(headline(found)), *_ends(found), *_beaten(found), _meant(found)]


def _ends(found: Frontier) -> Iterator[str]:
    """The best of each aim, and what it costs of the others."""
    for at, aim in enumerate(found.aims):
        sign = -1 if aim["better"] == "less" else 1
        best = max((p for p in found.points if p["front"]), key=lambda point: sign * point["values"][at]["mean"])
        others = [
            f"{name_of(other).lower()} {measure(best['values'][n]['mean'], unit_of(other))}"
            for n, other in enumerate(found.aims)
            if n != at
        ]
        value = measure(best["values"][at]["mean"], unit_of(aim))
        yield f"The most of {name_of(aim).lower()}, {value}, has {called(found, best)}, with {listed(others)}."


def called(found: Frontier, point: FrontPoint) -> str:
    """A point in words."""
    title = found.titles[point["scenario"]]
    if point["given"]:
        return f"{title} as it is given"
    return f"{title} with {listed([f'{name} = {shown(value)}' for name, value in point['levers'].items()])}"


def _beaten(found: Frontier) -> Iterator[str]:
    """Strategies that are, as they are given, surely worse in every aim than another point."""
    beaten = [p for p in found.points if p["given"] and p["beaten_by"] is not None]
    if beaten:
        names = listed([found.titles[p["scenario"]] for p in beaten])
        yield f"As they are given, surely worse than another point in every aim: {names}."


def _meant(found: Frontier) -> str:
    seeds = counted(len(found.seeds["fresh"]), "fresh seed")
    over = ""
    if found.robust is not None:
        over = (
            f" Each aim is counted as it is where only {100 * found.robust:.0f}{GAP}% of {counted(found.futures, 'future')} "
            "are worse."
        )
    return f"Means on {seeds} that no search has seen.{over}"


def the_front(found: Frontier) -> Section:
    """The front, drawn for each further aim against the first, and its points."""
    about = (
        "A point is on the front if no other is at least as good in every aim and better in one. Filled dots are on it, hollow "
        f"ones are not; whiskers are 95{GAP}% intervals of the paired difference to {found.titles[found.points[0]['scenario']]}, as it is "
        "given. Every strategy as it is given stands beside what the search found."
    )
    parts: list[Part] = [about]
    parts += [_drawn(found, at) for at in range(1, len(found.aims))]
    front = sorted((p for p in found.points if p["front"]), key=lambda point: -point["values"][0]["mean"])
    parts.append(_table(found, "Points on the front", front))
    rest = [p for p in found.points if not p["front"]]
    if rest:
        parts.append(Fold("Points that are not on it", [_table(found, "Dominated in the mean", rest)]))
    return Section("front", "What can be had at once", parts)


def _drawn(found: Frontier, at: int) -> Figure:
    """One aim against the first."""
    first, other = found.aims[0], found.aims[at]
    colours = of_strategies(dict.fromkeys(point["scenario"] for point in found.points))

    def ends(point: FrontPoint, aim: int) -> tuple[float, float, float]:
        """The mean, and as far to either side as luck of the difference to the first scenario goes."""
        mean, apart = point["values"][aim]["mean"], point["apart"][aim]
        return mean, mean + apart["low"] - apart["mean"], mean + apart["high"] - apart["mean"]

    dots = [
        Dot(
            ends(point, at), ends(point, 0), colours[point["scenario"]],
            f"{point['scenario']} as given" if point["given"] else "", point["front"],
        )
        for point in found.points
    ]  # fmt: skip
    names = [(found.titles[name], colour) for name, colour in colours.items()]
    corner = f"{'left' if other['better'] == 'less' else 'right'} and {'down' if first['better'] == 'less' else 'up'}"
    on = counted(sum(point["front"] for point in found.points), "point")
    alt = f"{name_of(first)} against {name_of(other).lower()}: {on} of {len(found.points)} are on the front, listed below."
    return figure(
        f"front-{at}", f"{name_of(first)} and {name_of(other).lower()}",
        scatter(dots, (name_of(other), unit_of(other)), (name_of(first), unit_of(first)), names, corner),
        alt, _table(found, "All points", found.points),
    )  # fmt: skip


def _table(found: Frontier, caption: str, points: list[FrontPoint]) -> Table:
    rows: list[Row] = []
    for point in points:
        levers = ", ".join(f"{name} = {shown(value)}" for name, value in point["levers"].items())
        notes = (("as given; " if point["given"] else "") + levers,) if levers or point["given"] else ()
        cells = [
            Cell(
                number(it["mean"], unit_of(aim)),
                it["mean"],
                (interval(it["low"], it["high"], unit_of(aim), sign=False),),
            )
            for it, aim in zip(point["values"], found.aims, strict=True)
        ]
        beaten = "" if point["beaten_by"] is None else "surely worse in every aim than another"
        rows.append((Cell(found.titles[point["scenario"]], notes=notes), *cells, beaten))
    head = [f"{name_of(aim)}, {in_words(unit_of(aim))[1]}".rstrip(", ") for aim in found.aims]
    return Table(caption, ("", *head, ""), rows)


def how_it_was_made(found: Frontier) -> Section:
    """Seeds, tries, the command."""
    aims = [f"{aim['name']}, {'the less' if aim['better'] == 'less' else 'the more'} the better" for aim in found.aims]
    facts = [
        ("Command", found.command),
        ("Aims", "; ".join(aims)),
        ("People, days", f"{found.users:,}, {found.days:,}"),
        *((f"Seeds of the {what}", spans(seeds)) for what, seeds in found.seeds.items()),
        *((f"Points tried of {name}", f"{many:,}") for name, many in found.tries.items()),
        ("Runs", f"{found.runs:,}"),
        ("Search", "multi-objective tree-structured Parzen estimator (Ozaki et al. 2022)"),
    ]
    rows: list[Row] = [(name, value) for name, value in facts if value]
    return Section("made", "How it was made", [Table("How it was made", ("", ""), rows, wordy=True)])
