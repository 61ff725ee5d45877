"""What people stand on: friends, the clock, the ledger and the metrics."""
