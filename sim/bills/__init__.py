"""Bills: utilities and telephone, paid in a thread or elsewhere."""
