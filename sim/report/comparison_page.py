"""The page of a comparison: who wins on what and how surely, said first in words, then shown."""

from collections.abc import Callable

from markupsafe import Markup

from sim.report.compared import Compared
from sim.report.marks import Mark, how_sure
from sim.report.page import Page, Section, sections_of
from sim.report.sections import circumstances, days, differences, futures, metrics, mixes, money, settings, welfare
from sim.report.wording import HEADLINES, by_hand_heading, chance, counted, listed, measure, sentence, shown
from sim.results.comparisons import Comparison

COMPARISON: tuple[Callable[[Compared], Section | None], ...] = (
    settings.levers,
    differences.winners,
    futures.futures,
    money.money,
    mixes.mixes,
    welfare.welfare,
    days.people,
    money.money_flows,
    differences.common_luck,
    metrics.everything,
    circumstances.how_it_was_run,
)


def comparison_page(comparison: Comparison) -> Page:
    """The page of a comparison."""
    seen = Compared(comparison)
    many = len(seen.names)
    title = f"{_spelt(many)} ways of earning, compared" if many > 1 else seen.titles[seen.names[0]]
    size = [counted(seen.users, "person"), counted(seen.days, "day"), counted(seen.replicates, "replicate")]
    if seen.others:
        size.append(f"baseline: {seen.titles[seen.baseline]}")
    return Page(
        title=title,
        subtitle=" · ".join(size),
        answer=answer(seen),
        warning=_unfairness(seen),
        sections=sections_of(COMPARISON, seen),
        version=str(seen.manifest.get("version", "")),
        by_hand=sentence(by_hand_heading(seen.by_hand)),
    )


def _spelt(many: int) -> str:
    words = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")
    return words[many] if many < len(words) else str(many)


# The plain answer


def answer(seen: Compared) -> list[str]:
    """The plain answer, from the numbers: who earns most, what users get, who is best for everyone, how surely."""
    said = [_whether_it_holds(seen), _who_earns(seen), _what_users_get(seen), _best_for_everyone(seen)]
    runs = (
        f"Each of {counted(seen.replicates, 'replicate')} puts every scenario on the same people with the same luck."
        if seen.certain
        else "There is one replicate only: a single draw of luck, from which no interval can be had."
    )
    return [sentence for sentence in (*said, runs) if sentence]


def _whether_it_holds(seen: Compared) -> str:
    """Both certainties: over the futures, and with the assumptions as they were given."""
    it = seen.comparison.futures
    if it is None:
        return ""
    aim = HEADLINES.get(it.metric, it.metric)
    return Markup("<strong>{}</strong> (by {}). With the assumptions as they were given:").format(
        it.headline, f"{aim[:1].lower()}{aim[1:]}"
    )


def _who_earns(seen: Compared) -> str:
    metric = next((m for m in ("profit.total", "revenue.total") if m in seen.comparison.metrics), None)
    if metric is None or not seen.others:
        return ""
    unit, what = seen.unit(metric), metric.partition(".")[0]
    means = {name: seen.figures(metric, name)["mean"] for name in seen.names}
    over = f"Over {counted(seen.days, 'day')}"
    first = max(seen.names, key=lambda name: means[name])
    alike = seen.alike(metric, first)
    if len(alike) == len(seen.names):
        return f"{over} all earn the same: {what} {measure(means[seen.baseline], unit)}."
    verb = "earn{} most" if means[first] > 0 else "lose{} least" if means[first] < 0 else "come{} out best"
    if len(alike) > 1:
        return _who_earn_alike(seen, metric, alike, f"{over} {{}} {verb.format('')} and the same: {what} {{}}, {{}}")
    probability, closing = seen.best(metric, first), ""
    if probability is not None and seen.comparison.verdict(metric) is None:
        told = Markup("{} it is not settled who {}. The mean is highest under <strong>{}</strong>").format(
            over, verb.format("s"), seen.titles[first]
        )
        closing = f"; it is the best of all with a probability of only {chance(probability)}"
    elif first == seen.baseline:
        told = Markup("{} none earns more than the baseline, <strong>{}</strong>").format(over, seen.titles[first])
    else:
        told = Markup("{} <strong>{}</strong> {}").format(over, seen.titles[first], verb.format("s"))
        closing = "" if probability is None else f"; it is the best of all with a probability of {chance(probability)}"
    if first == seen.baseline:
        second = max(seen.others, key=lambda name: means[name])
        it = seen.mark(metric, second)
        return told + Markup(": {} {}. The next, {}, earns {} less ({}){}{}.").format(
            what, measure(means[first], unit), seen.titles[second], measure(-it.middle, unit), how_sure(it, unit),
            _unsettled(it), closing.replace("; it is", f"; {seen.titles[first]} is"),
        )  # fmt: skip
    it = seen.mark(metric, first)
    return told + Markup(": {} {}, {} more than the baseline ({}){}{}.").format(
        what, measure(means[first], unit), measure(it.middle, unit), how_sure(it, unit), _unsettled(it), closing
    )


def _who_earn_alike(seen: Compared, metric: str, alike: list[str], saying: str) -> str:
    """Several are first and equal: none of them is the best."""
    unit, it = seen.unit(metric), seen.mark(metric, alike[0])
    names = Markup(" and ").join(Markup("<strong>{}</strong>").format(seen.titles[name]) for name in alike)
    if seen.baseline not in alike:
        rest = f"{measure(it.middle, unit)} more than the baseline ({how_sure(it, unit)}){_unsettled(it)}"
    else:
        means = {name: seen.figures(metric, name)["mean"] for name in seen.names if name not in alike}
        second = max(means, key=lambda name: means[name])
        it = seen.mark(metric, second)
        rest = f"the baseline among them; the next, {seen.titles[second]}, earns {measure(-it.middle, unit)} less "
        rest += f"({how_sure(it, unit)}){_unsettled(it)}"
    return Markup(saying + ".").format(names, measure(seen.figures(metric, alike[0])["mean"], unit), rest)


def _unsettled(it: Mark) -> str:
    return "" if it.sure or it.low is None else ", which is not settled: the interval includes zero"


def _what_users_get(seen: Compared) -> str:
    metric = "welfare.users"
    if not seen.measured([metric]) or not seen.others:
        return ""
    unit = seen.unit(metric)
    marks = {name: seen.mark(metric, name) for name in seen.others}
    worse = [name for name in seen.others if marks[name].middle < 0 and (marks[name].sure or not seen.certain)]
    better = [name for name in seen.others if marks[name].middle > 0 and (marks[name].sure or not seen.certain)]
    same = [name for name in seen.others if seen.baseline in seen.alike(metric, name)]
    unclear = [name for name in seen.others if name not in (*worse, *better, *same)]

    def told(names: list[str]) -> str:
        names = sorted(names, key=lambda name: -abs(marks[name].middle))
        words = []
        for name in names[:3]:
            each = f", {measure(marks[name].middle / seen.users, unit, sign=True)} a person" if seen.users else ""
            words.append(f"{seen.titles[name]} ({measure(marks[name].middle, unit, sign=True)}{each})")
        return listed(words + ([counted(len(names) - 3, "other")] if len(names) > 3 else []))

    said = []
    if worse:
        said.append(f"worse off under {told(worse)}")
    if better:
        said.append(f"better off under {told(better)}")
    if unclear:
        said.append(f"neither, as far as can be told, under {listed([seen.titles[name] for name in unclear])}")
    if same:
        said.append(f"exactly as well off under {listed([seen.titles[name] for name in same])}")
    return f"Against the baseline, users are {'; '.join(said)}."


def _best_for_everyone(seen: Compared) -> str:
    metric = "welfare.total"
    if not seen.measured([metric]) or not seen.others:
        return ""
    first = max(seen.names, key=lambda name: seen.figures(metric, name)["mean"])
    it, alike, probability = seen.mark(metric, first), seen.alike(metric, first), seen.best(metric, first)
    if len(alike) == len(seen.names):
        return "For everyone together, users and firms, all do the same good."
    if len(alike) > 1:
        return f"For everyone together, users and firms, {listed([seen.titles[n] for n in alike])} do most good, and the same."
    open_yet = probability is not None and seen.comparison.verdict(metric) is None
    said = Markup(
        "What is best for everyone together, users and firms, is not settled; the mean is highest under <strong>{}</strong>"
        if open_yet
        else "For everyone together, users and firms, <strong>{}</strong> does most good"
    ).format(seen.titles[first])
    if first != seen.baseline:
        said += f", {measure(it.middle, seen.unit(metric), sign=True)} ({how_sure(it, seen.unit(metric))})"
    if probability is not None:
        said += f", best with a probability of {'only ' if open_yet else ''}{chance(probability)}"
    return said + "."


def _unfairness(seen: Compared) -> list[str]:
    """Which assumptions differ, if any do."""
    if not seen.comparison.unfair:
        return []
    said = [
        "These scenarios differ in more than what the platform decides, so the differences are not its doing alone:"
    ]
    for it in seen.comparison.unfair:
        values = "; ".join(f"{seen.titles.get(name, name)}: {shown(value)}" for name, value in it["values"].items())
        said.append(f"{it['name']} ({values})")
    return said
