"""Banking: savings, loans, partner banks."""
