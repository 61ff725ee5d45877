"""The version of this program, which results, saved worlds and sweeps carry."""

__version__ = "0.1.0"
