"""Results: what runs, comparisons and sweeps leave on disk, and what it says. Read without the model."""

from sim.results.comparisons import Comparison, load
from sim.results.files import read_json, whole_file, write_json
from sim.results.runs import LEAST_GAIN, Result, better_off, summarise
from sim.results.sweeps import Sweep

__all__ = [
    "LEAST_GAIN",
    "Comparison",
    "Result",
    "Sweep",
    "better_off",
    "load",
    "read_json",
    "summarise",
    "whole_file",
    "write_json",
]
