"""Experiments: worlds run and compared. Each file has one function of its own name; pool and intervals serve them."""
