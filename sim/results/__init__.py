"""Results: what runs, comparisons and sweeps leave on disk, and what it says. Read without the model."""

from sim.results.files import (
    LEAST_GAIN,
    Comparison,
    Result,
    better_off,
    load,
    read_json,
    summarise,
    whole_file,
    write_json,
)

__all__ = [
    "LEAST_GAIN",
    "Comparison",
    "Result",
    "better_off",
    "load",
    "read_json",
    "summarise",
    "whole_file",
    "write_json",
]
