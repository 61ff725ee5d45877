"""SALib, which `pip install 'hongbao[study]'` brings: loaded when a study begins."""

from importlib import import_module
from typing import Any, NamedTuple

from sim.engine.settings import BadInput


class Library(NamedTuple):
    """The modules of SALib that studies use."""

    morris_sample: Any
    morris_analyze: Any
    sobol_sample: Any
    sobol_analyze: Any


def salib() -> Library:
    """SALib (Herman and Usher 2017; Iwanaga, Usher and Herman 2022).

    Raises:
        BadInput: it is not installed.
    """
    names = ("sample.morris", "analyze.morris", "sample.sobol", "analyze.sobol")
    try:
        return Library(*(import_module(f"SALib.{name}") for name in names))
    except ImportError:
        raise BadInput("sensitivity needs SALib: pip install 'hongbao[study]'") from None
