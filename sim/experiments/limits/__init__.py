"""Limiting cases, put to the services themselves; `validate` runs them."""
