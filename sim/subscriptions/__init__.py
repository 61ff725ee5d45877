"""Subscriptions: members who pay to see no adverts."""
