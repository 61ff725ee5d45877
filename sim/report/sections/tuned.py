"""What a tuning found: levers at their best, constraints, the response to each lever, and the points that were tried."""

from collections.abc import Iterator

from markupsafe import Markup

from sim.report.colours import of_strategies
from sim.report.figures import figure
from sim.report.figures.curves import Curve, Panel, over_factors
from sim.report.page import Cell, Figure, Fold, Part, Row, Section, Table
from sim.report.wording import GAP, HEADLINES, counted, in_words, interval, listed, measure, number, short, shown, spans
from sim.results.tuning import Known, Tuned, TunedLever, Tuning


def unit_of(found: Tuning) -> str:
    """Unit of the aim: of money, a person's."""
    return f"{found.unit} a person" if found.per_person else found.unit


def aim_of(found: Tuning) -> str:
    """The aim in words."""
    return HEADLINES.get(found.aim, found.aim)


def headline(found: Tuning) -> str:
    """Who does best, each at its best, in a line."""
    unit = unit_of(found)
    first = _first(found)
    one = found.tuned[first]
    levers = listed([f"{it['name']} = {shown(it['best'])}" for it in one["levers"]])
    subject = f", subject to {' and '.join(found.constraints)}" if found.constraints else ""
    lead = (
        f"{found.titles[first]} at its best: "
        if len(found.tuned) == 1
        else f"Best, each at its best: {found.titles[first]}; "
    )
    return f"{lead}{aim_of(found)} {_with_ends(one['value'], unit)}{subject}, with {levers}"


def _first(found: Tuning) -> str:
    sign = -1 if found.better == "less" else 1
    return max(found.tuned, key=lambda name: sign * found.tuned[name]["value"]["mean"])


def _with_ends(it: Known, unit: str, sign: bool = False) -> str:
    return f"{measure(it['mean'], unit, sign)} ({interval(it['low'], it['high'], unit, sign)})"


def answer(found: Tuning) -> list[str]:
    """The plain answer."""
    unit, first = unit_of(found), _first(found)
    one = found.tuned[first]
    said: list[str] = [Markup("<strong>{}</strong>.").format(headline(found))]
    gain = one["gain"]
    sure = gain["low"] > 0 or gain["high"] < 0
    unsettled = "" if sure else ", which is not settled: the interval includes zero"
    broken = "" if one["given_kept"] else " (and breaks what it is subject to)"
    said.append(f"With its levers as they were given it is {_with_ends(one['given'], unit)}{broken}: a difference of "
                f"{_with_ends(gain, unit, True)}{unsettled}.")  # fmt: skip
    others = [name for name in found.tuned if name != first]
    if others:
        listing = listed(
            [f"{found.titles[name]} {measure(found.tuned[name]['value']['mean'], unit)}" for name in others]
        )
        said.append(f"The others, at their best: {listing}.")
    said.append(
        f"These are means on {counted(len(found.seeds['fresh']), 'seed')} that no search has seen, for the best of many tries is "
        f"flattered: in the search this one seemed to come to {measure(one['found'], unit)}."
    )
    return said


def warnings(found: Tuning) -> list[str]:
    """What whoever uses the result should know."""
    return list(_warnings(found))


def _warnings(found: Tuning) -> Iterator[str]:
    for name, one in found.tuned.items():
        for it in one["levers"]:
            if it["end"]:
                yield (
                    f"{found.titles[name]}: {it['name']} = {shown(it['best'])} lies at the {it['end']} end of its range, so that "
                    "the best may lie beyond it."
                )
            if it["better"] is not None:
                yield f"{found.titles[name]}: {it['name']} = {shown(it['better'])} does surely better still; more tries would find it."
        for bound in one["bounds"]:
            if not bound["kept"]:
                yield f"{found.titles[name]}: {bound['said']} is not kept on fresh seeds."
            elif not bound["sure"]:
                yield f"{found.titles[name]}: {bound['said']} is kept in the mean of fresh seeds, though luck may break it."


# Sections


def best(found: Tuning) -> Section:
    """Each lever at its best, and what the strategy comes to."""
    unit, rows = unit_of(found), list[Row]()
    for name, one in found.tuned.items():
        rows += [
            (
                Cell(it["name"], notes=(found.titles[name], _about(it))),
                shown(it["given"]),
                Cell(shown(it["best"]), best=True),
                _lies(it),
                _range(it),
            )
            for it in one["levers"]
        ]
    levers = Table(
        "Levers", ("", "As given", "At its best", "Where the best lies", "Where it might be moved"), rows, wordy=True
    )
    head = (aim_of(found), "As given", "At its best", "Difference", "More than the baseline", "In the search")
    sums: list[Row] = [(found.titles[name], *_came_to(one, unit)) for name, one in found.tuned.items()]
    base = found.baseline_value
    about = (
        f"All levers of a strategy are moved together; the figures below are on fresh seeds, with 95{GAP}% intervals, paired with the same seeds. "
        f"The baseline, {found.titles[found.baseline]} as it is given, comes to {_with_ends(base, unit)}. Where the best lies is read from "
        "places that are surely worse on either side, which holds if the aim rises and then falls along a lever."
    )
    return Section(
        "best",
        "Each at its best",
        [about, levers, Table(f"{aim_of(found)}, {in_words(unit)[1]}".rstrip(", "), head, sums)],
    )


def _about(it: TunedLever) -> str:
    unit = "" if it["unit"] in ("switch", "word", "share") else f" ({it['unit']})"
    return f"{it['meaning']}{unit}"


def _lies(it: TunedLever) -> str:
    if it["choices"]:
        return ""
    above, below = it["above"], it["below"]
    if above is None and below is None:
        return "anywhere, as far as luck can tell"
    if above is None:
        return f"below {shown(below)}"
    return f"above {shown(above)}" if below is None else f"{shown(above)} to {shown(below)}"


def _range(it: TunedLever) -> str:
    return " or ".join(map(shown, it["choices"])) if it["choices"] else f"{shown(it['low'])} to {shown(it['high'])}"


def _came_to(one: Tuned, unit: str) -> list[Cell]:
    def cell(it: Known | None, sign: bool = False) -> Cell:
        if it is None:
            return Cell("")
        tone = "" if not sign else "unsure" if it["low"] <= 0 <= it["high"] else ""
        return Cell(number(it["mean"], unit, sign), it["mean"], (interval(it["low"], it["high"], unit, sign),), tone)

    found = Cell(number(one["found"], unit), one["found"])
    given = cell(one["given"])
    if not one["given_kept"]:
        given = given._replace(notes=(*given.notes, "breaks a constraint"))
    return [given, cell(one["value"]), cell(one["gain"], True), cell(one["against"], True), found]


def bounds(found: Tuning) -> Section | None:
    """The constraints on fresh seeds."""
    rows: list[Row] = []
    for name, one in found.tuned.items():
        for it in one["bounds"]:
            value = it["value"]
            percent = it["said"].endswith("%")
            said = [
                short(100 * v if percent else v, sign=percent) for v in (value["mean"], value["low"], value["high"])
            ]
            text = f"{said[0]}{GAP}%" if percent else said[0]
            verdict = "kept" if it["kept"] else "broken"
            cell = Cell(text, value["mean"], (f"{said[1]} to {said[2]}",))
            rows.append((found.titles[name], it["said"], cell, verdict + ("" if it["sure"] else ", not surely")))
    if not rows:
        return None
    return Section(
        "bounds", "What it was subject to", [Table("Constraints on fresh seeds", ("", "Asked", "Came to", ""), rows)]
    )


def responses(found: Tuning) -> Section:
    """How the aim answers to each lever, the others at their best."""
    seeds = counted(len(found.seeds["response"]), "fresh seed")
    about = (
        f"Each lever is put elsewhere while the others stay at their best, on {seeds}; the bands are 95{GAP}% intervals of the "
        "paired difference to the best, around the best's mean."
    )
    parts: list[Part] = [about]
    colours = of_strategies(found.tuned)
    parts += [_response(found, name, colours[name]) for name in found.tuned]
    return Section("responses", "How it answers to each lever", parts)


def _response(found: Tuning, name: str, colour: str) -> Figure:
    """A panel a lever."""
    one, unit = found.tuned[name], unit_of(found)
    times = in_words(unit)[0]
    panels, rows = [], list[Row]()
    for it in one["levers"]:
        places = it["response"]
        top = next(place["value"]["mean"] for place in places if place["at"] == it["best"])
        curve = Curve(
            found.titles[name], [place["share"] for place in places], [times * place["value"]["mean"] for place in places],
            [times * (top + place["diff"]["low"]) for place in places], [times * (top + place["diff"]["high"]) for place in places],
            colour,
        )  # fmt: skip
        panels.append(Panel(it["name"], _named(it), [curve]))
        rows += [
            (
                it["name"], shown(place["at"]), Cell(number(place["value"]["mean"], unit), place["value"]["mean"]),
                Cell(number(place["diff"]["mean"], unit, True), place["diff"]["mean"],
                     (interval(place["diff"]["low"], place["diff"]["high"], unit),)),
                "" if place["kept"] else "breaks a constraint",
            )
            for place in places
        ]  # fmt: skip
    alt = (
        f"{aim_of(found)} of {found.titles[name]} where each of {counted(len(panels), 'lever')} stands elsewhere: "
        + "; ".join(
            f"{it['name']} is best at {shown(it['best'])}, {_lies(it) or 'of its choices'}" for it in one["levers"]
        )
    )
    table = Table("The aim by lever", ("Lever", "At", aim_of(found), "Difference to the best", ""), rows)
    return figure(
        f"response-{name}", f"{found.titles[name]}: {aim_of(found)}, {in_words(unit)[1]}".rstrip(", "),
        over_factors(panels, in_words(unit)[1]), alt, table,
    )  # fmt: skip


def _named(it: TunedLever) -> list[tuple[float, str]]:
    """The places that a panel names: its ends and the best, or each choice."""
    places = it["response"]
    if it["choices"]:
        return [(place["share"], shown(place["at"])) for place in places]
    wanted = {places[0]["share"], places[-1]["share"], next(p["share"] for p in places if p["at"] == it["best"])}
    return [(place["share"], shown(place["at"])) for place in places if place["share"] in wanted]


def tried(found: Tuning) -> Section:
    """The points of the search, the best first."""
    unit, sign = unit_of(found), -1 if found.better == "less" else 1
    folds: list[Part] = []
    for name, one in found.tuned.items():
        names = [it["name"] for it in one["levers"]]
        order = sorted(one["tried"], key=lambda it: (not it["kept"], -sign * it["value"]))
        rows: list[Row] = [
            (
                Cell(number(it["value"], unit), it["value"]),
                *(shown(it["levers"][lever]) for lever in names),
                "" if it["kept"] else "breaks a constraint",
            )
            for it in order
        ]
        folds.append(Fold(found.titles[name], [Table("Points of the search", (aim_of(found), *names, ""), rows)]))
    about = (
        f"Each on {counted(len(found.seeds['search']), 'seed')}; the best then raced on others, and what won was measured again "
        "on fresh ones."
    )
    return Section("tried", "What was tried", [about, *folds])


def how_it_was_tuned(found: Tuning) -> Section:
    """Seeds, tries, races, the command."""
    facts = [
        ("Command", found.command),
        ("Aim", f"{found.aim}, {'the less the better' if found.better == 'less' else 'the more the better'}"),
        ("Subject to", " and ".join(found.constraints)),
        ("People, days", f"{found.users:,}, {found.days:,}"),
        *((f"Seeds of the {what}", spans(seeds)) for what, seeds in found.seeds.items() if what != "response"),
        ("Runs", f"{found.runs:,}"),
        ("Search", "tree-structured Parzen estimator (Bergstra et al. 2011), after points of a Sobol sequence"),
        ("Race", "Kim and Nelson (2001), fully sequential, with common luck; 95 % sure within a hundredth of the best"),
    ]
    for name, one in found.tuned.items():
        race = f"{one['tries']} points tried, {one['raced']} raced on up to {one['race_seeds']} seeds, {one['left']} left at the end"
        facts.append((found.titles[name], race))
    rows: list[Row] = [(name, value) for name, value in facts if value]
    return Section("tuning", "How it was tuned", [Table("How it was tuned", ("", ""), rows, wordy=True)])
