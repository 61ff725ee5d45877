"""Messaging: threads, calls, stories and stickers."""
