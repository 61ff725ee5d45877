"""Advertising: advertisers, their bids, the auction and what adverts do to people."""
