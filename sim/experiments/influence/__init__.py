"""Influence: which inputs of any function of points and seeds matter, and what it is worth to know them better."""
