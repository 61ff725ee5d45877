"""What a study says in the end: what knowing is worth in money, and what to find out before one decides."""

from collections.abc import Mapping, Sequence
from typing import Any

from sim.results.sensitivities import LEAD, Indices, Information, Worth, WorthOf, matter, worth_finding_out


def priced(information: Information | None, about: Mapping[str, Any], kind: str = "flow") -> Information | None:
    """What knowing is worth, of money in CNY a user, and of what flows a year; of anything else in its own unit."""
    if information is None:
        return None
    times, unit = 1.0, str(about["unit"])
    if about["per_person"]:
        times, unit = 0.01, "CNY a user"
        if kind == "flow":
            times, unit = times * 365 / about["days"], "CNY a user and year"

    everything: Worth = {
        "worth": information["all"]["worth"] * times,
        "low": information["all"]["low"] * times,
        "high": information["all"]["high"] * times,
    }
    each: list[WorthOf] = [
        {**it, "worth": it["worth"] * times, "low": it["low"] * times, "high": it["high"] * times}
        for it in information["each"]
    ]
    return {**information, "unit": unit, "all": everything, "each": each}


def headline(indices: Sequence[Indices], information: Information | None, about: Mapping[str, Any]) -> str:
    """What to find out before deciding, and what it is worth; of one strategy, what matters most."""
    if information is None:
        most = [row["name"] for row in matter(indices[0])]
        return (
            f"what matters most: {', '.join(most[:3])}"
            if most
            else "nothing is sure to matter, as far as so many points tell"
        )
    unit, everything = information["unit"], information["all"]
    known = worth_finding_out(information)
    if known:
        it = known[0]
        return (
            f"before you decide, find out {it['name']}: it is worth {it['worth']:.3g} {unit} "
            f"({it['low']:.3g} to {it['high']:.3g})"
        )
    if everything["high"] == 0:
        return f"nothing is worth finding out: {about['titles'][_first(indices)]} is the choice wherever it was tried"
    return (
        "no assumption alone is sure to be worth finding out, as far as so many points tell; knowing all of them would be "
        f"worth {everything['worth']:.3g} {unit} ({everything['low']:.3g} to {everything['high']:.3g})"
    )


def _first(indices: Sequence[Indices]) -> str:
    return next(it["scenario"] for it in indices if it["kind"] == LEAD)
