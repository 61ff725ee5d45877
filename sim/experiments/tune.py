"""Tune: each strategy run well. The levers that a scenario may move are put where they do best for an aim.

What is compared fairly must first be run well: a cut of a tenth against three adverts a day says little of cuts and
adverts. Every point lives the same people with the same luck; the search, the race of the best and the last measurement
have seeds of their own (search.py). Every run is written down, so that a tuning that was cut off goes on.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.experiments.claim import claimed
from sim.experiments.many import GRAPHS, LOG, Runs
from sim.experiments.pairing import read_scenarios
from sim.experiments.run import Progress
from sim.experiments.tuning_study import FRESH, Study, check_asked, goes_on, result_of, tune_one
from sim.ground import paths
from sim.results.folders import REPORT
from sim.results.tuning import TUNING, Tuning
from sim.scenario import Given, Scenario
from sim.service import SomeNamed

OF_A_TUNING = (TUNING, LOG, REPORT, GRAPHS)


def tune(
    scenarios: Sequence[Given] | Given,
    *,
    aim: str = "profit.total",
    subject_to: Sequence[str] | str = (),
    levers: Mapping[str, Any] | None = None,
    tries: int | None = None,
    replicates: int | None = None,
    jobs: int | None = None,
    cluster: str | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
    force: bool = False,
    yes: bool = False,
    services: SomeNamed = (),
    command: str = "",
) -> Tuning:
    """Find the levers that do best for an aim, scenario by scenario.

    Args:
        scenarios: one or more, or their files. The first, as it is given, is the baseline that constraints refer to; it
            may have no levers, the others name theirs in [levers].
        aim: a metric of which more or less is better; money counts a person. A run's days are the horizon.
        subject_to: constraints, as "welfare.users >= -2%" (of the baseline) or "profit.total >= 0" (in cents a person).
        levers: in place of what the scenarios say, for all of them: a range, a list or true by lever.
        tries: points of the search, 16 and 8 a lever if None.
        replicates: fresh seeds, 8 if None, 4 at least.
        jobs: processes side by side; as many as fit if None.
        cluster: address of a Dask scheduler whose workers make the runs, or "local".
        out: folder; what it holds of the same tuning is gone on with. None saves nothing.
        progress: called after each run with (runs done, runs foreseen at most).
        force: an earlier tuning of something else in `out` may go; finished runs stay, and are used where they fit.
        yes: whether more than 10,000 runs are meant.
        services: services of one's own, as `compare` has them.
        command: what made it, for its page and for saved scenarios.

    Returns:
        The tuning; `tuned_scenarios` makes scenarios of it.

    Raises:
        BadInput: nothing to move, an unknown metric or lever, no point that keeps the constraints (the nearest is
            named), too few tries, or a folder that holds something else.
        ModelError, LedgerError: a run broke a law; the message says at which point.

    Warns:
        UnfairComparison: the scenarios differ in assumptions too.
    """
    given = [scenarios] if isinstance(scenarios, Given) else scenarios
    chosen = read_scenarios(given, services, least=1)
    if levers is not None:
        chosen = [scenario.with_levers(levers) for scenario in chosen]
    subject = [subject_to] if isinstance(subject_to, str) else list(subject_to)
    study = Study(chosen, aim, subject, tries, replicates or FRESH)
    check_asked(study, jobs, yes)
    folder = None if out is None else paths.given(out, "out")
    same = goes_on(folder, "tuning", Tuning.load, study.asked, force)
    inputs = [file for scenario in chosen for file in scenario.inputs]
    with claimed(folder, OF_A_TUNING, force or same, inputs):
        with Runs([*study.tuned, study.baseline], study.most_runs, folder, LOG, jobs, cluster) as runs:
            study.begin(runs, progress, study.most_runs)
            found = {scenario.name: tune_one(study, scenario) for scenario in study.tuned}
        result = result_of(study, found, command)
        if folder is not None:
            result.write(folder)
    return result


def tuned_scenarios(tuning: Tuning, scenarios: Sequence[Scenario]) -> list[Scenario]:
    """The scenarios with their levers where they do best; those that were not tuned stay as they are."""
    return [
        scenario.with_values(tuning.levers(scenario.name)).remember_set(scenario.set_by_hand)
        if scenario.name in tuning.tuned
        else scenario
        for scenario in scenarios
    ]
