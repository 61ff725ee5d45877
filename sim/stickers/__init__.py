"""Stickers: packs of small pictures."""
