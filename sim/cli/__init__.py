"""The `hongbao` command: each command reads its options, calls one function and shows what came back.

Results go to stdout; progress, warnings and errors to stderr. Exit codes: 0 ok, 1 failed, 2 bad input, 3 a sweep is
partly done, 130 interrupted, 143 told to end. What takes time to load is imported by the command that needs it.
"""

import gc
import io
import sys

import click

from sim.cli import checks, experiments, model, scenarios
from sim.cli.diff import diff
from sim.cli.docs import said_of
from sim.cli.duel import duel
from sim.cli.errors import Commands
from sim.cli.frontier import frontier
from sim.cli.new import new
from sim.cli.screen import SPELLED_OUT
from sim.cli.sensitivity import sensitivity
from sim.cli.tune import tune
from sim.version import __version__

SELDOM = 100_000  # new objects between looks for dead ones: what a start loads stays, and looking took a tenth of it


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="hongbao")
def hongbao() -> None:
    """Compare ways in which a messaging platform can earn: on the same people, with the same luck."""


for command in (
    experiments.run,
    experiments.compare,
    tune,
    frontier,
    duel,
    sensitivity,
    experiments.sweep,
    experiments.report,
    diff,
    scenarios.scenarios,
    new,
    model.day,
    model.parameters,
    model.metrics,
    model.schema,
    checks.validate,
    checks.magnitudes,
    checks.bench,
):
    hongbao.add_command(command)
for known in (hongbao, *hongbao.commands.values()):
    known.help = known.help or (known.callback and said_of(known.callback))


def main() -> None:
    """What `hongbao` and `python -m sim` start."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=SPELLED_OUT)  # where our letters are unknown, others that say the same
    gc.set_threshold(SELDOM)
    try:
        hongbao(prog_name="hongbao")
    finally:
        gc.freeze()  # Python ends without looking through all that was loaded: a quarter of a short command
