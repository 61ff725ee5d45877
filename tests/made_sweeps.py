"""Sweeps on disk whose numbers are known: what tests of reading and of the page are made from."""

import json

import pandas as pd

from sim.results.sweep_folders import identity, place_of
from sim.results.sweeps import Sweep

METRICS = {
    "profit.total": {"unit": "cents", "kind": "flow", "meaning": "what is left", "of": None, "better": "more"},
    "cost.total": {"unit": "cents", "kind": "flow", "meaning": "what is spent", "of": None, "better": "less"},
}
VALUES = {"shopping.commission": [0.0, 0.1, 0.2], "users.talk": [1.0, 2.0]}


def a_sweep(
    folder, profit, seeds=(1, 2, 3, 4), drawn=False, names=("free", "paid"), points=None, without=(), assumed=()
):
    """A sweep on disk whose profit in CNY is a function of (scenario, point's values, seed)."""
    if points is None:
        points = [
            {"shopping.commission": c, "users.talk": t}
            for c in VALUES["shopping.commission"]
            for t in VALUES["users.talk"]
        ]
    rows = [
        {"point": number, "draw": number if drawn else 0, "scenario": name, "hash": f"{name}-{number}", **values}
        for number, values in enumerate(points)
        for name in names
    ]
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_parquet(folder / "points.parquet", index=False)
    factors = [
        {
            "name": name, "value": 0.0, "origin": "assumed" if name in assumed else "decided", "unit": "share" if "commission" in name else "hours",
            "low": 0.0, "high": 1.0, "meaning": "a setting", "source": "", "drawn": drawn, "only": [],
            "values": sorted({point[name] for point in points}),
        }
        for name in points[0]
    ]  # fmt: skip
    about = {
        "version": "test", "code": "0" * 64, "name": "trial", "title": "A trial", "plan": "", "scenarios": list(names),
        "titles": {name: f"The {name} one" for name in names}, "seeds": list(seeds), "users": 300, "days": 10,
        "points": len(points), "runs": len(rows) * len(seeds), "factors": factors, "save_days": False, "unfair": [],
        "sample": {"method": "latin", "points": len(points), "seed": 1} if drawn else None,
        "chosen": list(METRICS), "metrics": METRICS, "started": "2015-01-01T00:00:00+00:00", "went": None,
        "machine": {"cpu": "a machine", "python": "3", "numba": "0"},
    }  # fmt: skip
    (folder / "sweep.json").write_text(json.dumps(about))
    for row in rows:
        for seed in seeds:
            if (row["scenario"], row["point"], seed) in without:
                continue
            place = place_of(folder, identity(row["hash"], seed, "test"))
            place.mkdir(parents=True)
            value = profit(row["scenario"], {name: row[name] for name in points[0]}, seed)
            summary = {"profit.total": value, "cost.total": 100 - value}
            (place / "run.json").write_text(json.dumps({"summary": summary}))
    return Sweep.load(folder)


def shared(name, values, seed):
    """Luck of a seed that all share is far larger than what is decided; each adds a little of its own."""
    own = 0.01 * ((seed * 7 + (name == "paid") * 3 + int(10 * values["shopping.commission"])) % 5 - 2)
    return 1000.0 * seed + (name == "paid") * 50 * values["shopping.commission"] + values["users.talk"] + own
