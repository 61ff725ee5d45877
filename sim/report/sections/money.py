"""Money: what the company earned and spent, and who paid whom for what."""

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from sim.report import colours, figures
from sim.report.compared import Compared, totals_of
from sim.report.figures import figure
from sim.report.page import Cell, Fold, Part, Row, Section, Table
from sim.report.wording import counted, in_words, measure, number, plain, spaced
from sim.results.runs import Result

NOT_STREAMS = frozenset({"revenue.total", "revenue.per_user_month", "cost.total"})
SECTORS = {
    "wallet": "users’ wallets",
    "bank": "users’ bank accounts",
    "company": "the company",
    "outside": "the outside",
}


# Streams of revenue, kinds of cost


def money(seen: Compared) -> Section | None:
    """Revenue by stream and cost by kind."""
    parts = [
        *_by_part(seen, "revenue", "Revenue by stream", "No scenario earned anything: revenue is zero everywhere."),
        *_by_part(seen, "cost", "Cost by kind", "No scenario cost anything: costs are zero everywhere."),
    ]
    return Section("money", "What is earned and spent", parts) if parts else None


def _by_part(seen: Compared, group: str, title: str, nothing: str) -> list[Part]:
    """A bar a scenario, made of the parts of a total."""
    if f"{group}.total" not in seen.comparison.metrics:
        return []
    metrics = seen.measured(parts_of(seen.comparison.metrics, f"{group}."))
    if not metrics:
        return [nothing]
    means = {metric: [seen.figures(metric, name)["mean"] for name in seen.names] for metric in metrics}
    metrics.sort(key=lambda metric: -sum(means[metric]))
    totals = [sum(means[metric][at] for metric in metrics) for at in range(len(seen.names))]
    unit, most = seen.unit(metrics[0]), int(np.argmax(totals))
    kinds = [metric.partition(".")[2] for metric in metrics]
    colour_of = (colours.of_streams if group == "revenue" else colours.of_costs)(kinds)
    bars = [(_called(seen, metric), means[metric]) for metric in metrics]
    rows: list[Row] = []
    for metric in [*metrics, f"{group}.total"]:
        found = [seen.figures(metric, name) for name in seen.names]
        cells = [Cell(number(it["mean"], unit), it["mean"], seen.range(it["low"], it["high"], unit)) for it in found]
        rows.append((_called(seen, metric), *cells))
    drawn = figure(
        group,
        f"{title}, {in_words(unit)[1]}",
        figures.stacked(list(seen.titles.values()), bars, unit, list(colour_of.values())),
        f"{title} by scenario; most under {seen.titles[seen.names[most]]}, {measure(totals[most], unit)}.",
        Table(f"{title}, {in_words(unit)[1]}", ("", *seen.titles.values()), rows),
        f"Over {counted(seen.days, 'day')}{', mean of replicates' if seen.certain else ''}.",
    )
    return [drawn]


def _called(seen: Compared, metric: str) -> str:
    """What a stream or a kind of cost is called: as its service says, else by its name."""
    return (seen.metrics[metric].label if metric in seen.metrics else "") or plain(metric.partition(".")[2])


def parts_of(metrics: Iterable[str], group: str) -> list[str]:
    """Streams of revenue, kinds of cost."""
    return [metric for metric in metrics if metric.startswith(group) and metric not in NOT_STREAMS]


# Flows between sectors


def money_flows(seen: Compared) -> Section | None:
    """Who paid whom for what, by scenario."""
    runs = {name: len(one.manifests) for name, one in seen.gathered.items()}
    flows = {name: {k: c / runs[name] for k, c in one.flows.items()} for name, one in seen.gathered.items()}
    names = [name for name in seen.names if name in flows]
    pairs = _pairs(flows[name] for name in names)
    if not pairs:
        return None
    between = [[_between(flows[name], pair) for name in names] for pair in pairs]
    labels = [f"{plain(sector(payer))} → {sector(payee)}" for payer, payee in pairs]
    rows: list[Row] = []
    for pair, label, totals in zip(pairs, labels, between, strict=True):
        rows.append((label, *(Cell(number(total, "cents"), total / 100) for total in totals)))
        reasons = sorted({k[2] for name in names for k, cents in flows[name].items() if k[:2] == pair and cents})
        for reason in reasons if len(reasons) > 1 else []:
            paid = [flows[name].get((*pair, reason), 0.0) for name in names]
            rows.append((Cell(spaced(reason), tone="within"), *(Cell(number(c, "cents"), c / 100) for c in paid)))
    largest = max(range(len(pairs)), key=lambda at: max(between[at]))
    drawn = figure(
        "flows",
        "From sector to sector, CNY",
        figures.heatmap(labels, [seen.titles[name] for name in names], between, "cents"),
        f"Money paid between sectors in each scenario; the largest flow is {labels[largest]}, "
        f"up to {measure(max(between[largest]), 'cents')}.",
        Table("Who paid whom for what, CNY", ("", *(seen.titles[name] for name in names)), rows),
        f"Mean of replicates over {counted(seen.days, 'day')}. Darker is more, by order of magnitude.",
    )
    matrices = Fold("The flow matrix of each scenario", [_matrix(seen.titles[name], flows[name]) for name in names])
    return Section("flows", "Who paid whom", [drawn, matrices])


def run_flows(result: Result) -> Section | None:
    """Who paid whom: the flow matrix."""
    flows = totals_of(result.flows)
    if not any(flows.values()):
        return None
    sectors = sorted({end for payer, payee, _ in flows for end in (payer, payee)})
    between = [[float(_between(flows, (payer, payee))) for payee in sectors] for payer in sectors]
    payer, payee = _pairs([flows])[0]
    drawn = figure(
        "flows",
        "From sector to sector, CNY",
        figures.heatmap(
            [f"{plain(sector(s))} paid" for s in sectors], [f"to {sector(s)}" for s in sectors], between, "cents"
        ),
        f"Payers in rows, payees in columns. The largest flow is from {sector(payer)} to {sector(payee)}, "
        f"{measure(_between(flows, (payer, payee)), 'cents')}.",
        _matrix("Flow matrix", flows),
        "Over the whole run. Darker is more, by order of magnitude.",
    )
    rows: list[Row] = [
        (f"{plain(sector(payer))} → {sector(payee)}", spaced(reason), Cell(number(cents, "cents"), cents / 100))
        for (payer, payee, reason), cents in sorted(flows.items(), key=lambda flow: -flow[1])
    ]
    return Section(
        "flows", "Who paid whom", [drawn, Fold("For what", [Table("Flows by reason", ("", "For", "CNY"), rows)])]
    )


def _pairs(flows: Iterable[Mapping[tuple[str, str, str], float]]) -> list[tuple[str, str]]:
    """Pairs of sectors between which money moved, the largest flow first."""
    total: Counter[tuple[str, str]] = Counter()
    for one in flows:
        for (payer, payee, _), cents in one.items():
            total[payer, payee] += round(cents)
    return sorted((pair for pair in total if total[pair]), key=lambda pair: (-total[pair], pair))


def _between(flows: Mapping[tuple[str, str, str], float], pair: tuple[str, str]) -> float:
    return sum(cents for (payer, payee, _), cents in flows.items() if (payer, payee) == pair)


def _matrix(title: str, flows: Mapping[tuple[str, str, str], float]) -> Table:
    """Payers in rows, payees in columns, with what each paid and got in all."""
    sectors = sorted({end for payer, payee, _ in flows for end in (payer, payee)})
    rows: list[Row] = []
    for payer in sectors:
        paid = [_between(flows, (payer, payee)) for payee in sectors]
        rows.append((plain(sector(payer)), *(_cents(cents) for cents in (*paid, sum(paid)))))
    got = [sum(_between(flows, (payer, payee)) for payer in sectors) for payee in sectors]
    rows.append(("Received in all", *(_cents(cents) for cents in (*got, sum(got)))))
    head = ("Payer, then payee", *(plain(sector(name)) for name in sectors), "Paid in all")
    return Table(f"{title}, CNY", head, rows)


def _cents(cents: float) -> Cell | str:
    return Cell(number(cents, "cents"), cents / 100) if cents else Cell("0", 0, tone="unsure")


def sector(name: str) -> str:
    """A sector of the ledger in words."""
    return SECTORS.get(name, name.replace("_", " "))
