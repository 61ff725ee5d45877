"""Messaging: threads, calls and stories."""
