"""The plain answer of a sweep, from the numbers, in a few sentences."""

from collections import Counter

from markupsafe import Markup

from sim.report.marks import how_sure
from sim.report.swept import Swept, called
from sim.report.wording import counted, listed, measure


def answer(seen: Swept) -> list[str]:
    """The plain answer, from the numbers: who is best, with which levers, and where; what matters most; what is missing."""
    said = [
        _who_is_best(seen),
        _caution(seen),
        _where(seen),
        _what_matters(seen),
        _whose_luck(seen),
        _what_is_missing(seen),
    ]
    return [sentence for sentence in said if sentence]


def _who_is_best(seen: Swept) -> str:
    if not seen.chosen:
        return "No point is finished in every scenario yet, so there is nothing to compare."
    metric = seen.chosen[0]
    unit, what, found = seen.unit(metric), seen.title(metric).lower(), seen.judged(metric)
    best, judged = seen.best(metric, seen.names), seen.better(metric) != "neither"
    it, most = found[best], "does best on" if judged else "has the most of"
    over = f"Means are over {seen.averaged(metric)}."
    if not seen.others:
        mark = seen.mark(best, it.mean, it.low, it.high)
        sure = how_sure(mark, unit, sign=False)
        if not seen.choosing(metric):
            return f"{seen.title(metric)} is {measure(it.mean, unit)} ({sure}). {over}"
        return Markup("<strong>{}</strong> {} {}{}: {} ({}). {}").format(
            seen.titles[best], most, what, _with(seen, best), measure(it.mean, unit), sure, over
        )
    lead = seen.sweep.lead(metric, seen.choosing(metric))
    if lead is not None and lead.tied:
        alike = listed([f"“{seen.titles[name]}”" for name in seen.names if seen.equal(metric, name, best)])
        return f"On {what} {alike} come out the same: {measure(it.mean, unit)}. {over}"
    first = Markup("<strong>{}</strong> {} {}").format(seen.titles[best], most, what)
    if lead is not None and seen.certain and not lead.sure:
        most = "does best on" if judged else "has most of"
        first = Markup("Who {} {} is not settled; <strong>{}</strong> is ahead").format(most, what, seen.titles[best])
    elif best == seen.baseline:
        none = "None beats" if judged else "None has more than"
        first = Markup("{} the baseline, <strong>{}</strong>").format(none, seen.titles[best])
    if best == seen.baseline:
        second = seen.best(metric, seen.others)
        it = found[second]
        mark = seen.mark(second, it.diff, it.diff_low, it.diff_high)
        on = "" if first.endswith((what, "ahead")) else f", on {what}"
        return first + Markup("{}{}; next is {}{}, by {} ({}). {}").format(
            _with(seen, best), on, seen.titles[second], _with(seen, second), measure(it.diff, unit, True),
            how_sure(mark, unit), over,
        )  # fmt: skip
    mark = seen.mark(best, it.diff, it.diff_low, it.diff_high)
    return first + Markup("{}: {}, {} against the baseline{} ({}). {}").format(
        _with(seen, best), measure(it.mean, unit), measure(it.diff, unit, True), _with(seen, seen.baseline),
        how_sure(mark, unit), over,
    )  # fmt: skip


def _caution(seen: Swept) -> str:
    return seen.caution(seen.chosen[0]) if seen.chosen else ""


def _with(seen: Swept, name: str) -> str:
    """The levers of a scenario where they do best on the first metric."""
    choices = seen.choices(seen.chosen[0], name)
    return f" with {listed(choices)}" if choices else ""


def _where(seen: Swept) -> str:
    if not seen.pairs or not seen.others or seen.better(seen.chosen[0]) == "neither":
        return ""
    one, other = seen.pairs[0]
    found = seen.sweep.winners(seen.chosen[0], one, other)
    wins = Counter(found["winner"].dropna()).most_common()
    if not wins:
        return f"At every pair of values of {called(one).lower()} and {called(other).lower()} the best are equal."
    ties = int(found["winner"].isna().sum())
    told = listed(
        [f"“{seen.titles[name]}” in {many}" for name, many in wins]
        + ([f"nobody in {ties}, for the first are equal"] if ties else [])
    )
    unsettled = int((~found["sure"]).sum()) - ties
    rest = f"; in {unsettled} of them the lead is not settled" if unsettled else ""
    return (
        f"Of the {len(found)} pairs of values of {called(one).lower()} and {called(other).lower()}, the best is {told}"
        f"{rest}."
    )


def _what_matters(seen: Swept) -> str:
    if not seen.chosen or not seen.factors:
        return ""
    metric = seen.chosen[0]
    changes = seen.changes(metric)
    settled = changes[(changes["low"] > 0) | (changes["high"] < 0)] if seen.certain else changes
    if not changes["change"].any():
        return f"From the lowest to the highest value of any factor {seen.title(metric).lower()} does not change."
    if settled.empty:
        return f"No factor moves {seen.title(metric).lower()} by more than luck does."
    it = settled.loc[settled["change"].abs().idxmax()]
    names, unit = seen.level_names(it["factor"]), seen.unit(metric)
    mark = seen.mark("", it["change"], it["low"], it["high"])
    return (
        f"What moves it most is {called(it['factor']).lower()}: from {names[0]} to {names[-1]} it changes by "
        f"{measure(it['change'], unit, True)} under “{seen.titles[it['scenario']]}” ({how_sure(mark, unit)})."
    )


def _whose_luck(seen: Swept) -> str:
    if not seen.certain or len(seen.sweep.seeds) > 1:
        return ""
    return "All this is under the luck of one seed: intervals are over drawn points alone, and another seed may shift them."


def _what_is_missing(seen: Swept) -> str:
    failed, waiting = len(seen.failures), seen.missing - len(seen.failures)
    parts = [f"{counted(failed, 'run')} failed"] if failed else []
    parts += [f"{counted(waiting, 'run')} not made yet"] if waiting else []
    if not parts:
        return ""
    points = counted(seen.about["points"], "point")
    left = f", so that this is about {seen.done:,} of {points}" if seen.done < seen.about["points"] else ""
    return f"{listed(parts)}: what is not finished in every scenario is left out{left}."
